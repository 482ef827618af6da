"""Plain scalars have the types of YAML 1.2's core schema, but for leading zeros."""

from typing import Any

import pytest

from gradual_common.plan.reading.scalars import read_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("+3", 3),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("null", None),
        # Text in YAML 1.2 that was something else in 1.1:
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("1_000", "1_000"),
        ("2026-11-01", "2026-11-01"),
        ("12:30", "12:30"),
        # Our own exception: what is written with a leading zero is an identifier.
        ("012345", "012345"),
        ("-007", "-007"),
        ("00.5", "00.5"),
        ("5m", "5m"),
    ],
)
def test_a_scalar_has_its_type(text: str, value: Any) -> None:
    read = read_scalar(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999"])
def test_what_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quote it if it is text"):
        read_scalar(text)


def test_thousands_of_digits_are_text() -> None:
    assert read_scalar("9" * 10_000) == "9" * 10_000
