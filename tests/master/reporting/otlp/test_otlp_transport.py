"""A google.rpc.Status is read as receivers send it."""

from __future__ import annotations

from otlp_receiver import retry_info

from gradual_master.reporting.otlp.transport import read_status


def test_a_status_is_read_and_anything_else_says_nothing() -> None:
    assert read_status(retry_info(2, 500_000_000)[0][1]) == ("busy", 2.5)
    assert read_status(b"<html>") == ("", None)
    assert read_status(b"") == ("", None)
