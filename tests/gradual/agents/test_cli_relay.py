"""What other processes write to standard error goes where ours goes, whole line by whole line."""

import io
import subprocess
import sys

import pytest

from gradual.agents.relay import relayed_errors

CHATTER = "import sys; [sys.stderr.write(sys.argv[1] * 50 + chr(10)) or sys.stderr.flush() for _ in range(20)]"


def test_lines_of_several_processes_arrive_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", heard := io.StringIO())
    with relayed_errors(True) as errors:
        others = [subprocess.Popen([sys.executable, "-c", CHATTER, letter], stderr=errors) for letter in "abc"]
        assert [other.wait(60) for other in others] == [0, 0, 0]
    assert sorted(heard.getvalue().splitlines()) == [letter * 50 for letter in "abc" for _ in range(20)]


def test_unless_it_is_wanted_nothing_is_relayed() -> None:
    with relayed_errors(False) as errors:
        assert errors is None
