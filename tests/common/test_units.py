"""Durations, shares and sizes are read exactly, and anything else is reported with what is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import UnitError
from gradual_common.units import (
    MAX_DURATION_NS,
    count,
    format_duration,
    percent,
    read_bare_duration,
    read_duration,
    read_positive_duration,
    read_share,
    read_size,
    read_wait,
)

S = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("500ms", 500_000_000),
        ("2s", 2 * S),
        ("1m30s", 90 * S),
        ("1m 30s", 90 * S),
        ("1h", 3600 * S),
        ("0.25s", S // 4),
        ("1us", 1000),
        ("1µs", 1000),
        ("0s", 0),
    ],
)
def test_durations_have_units(text: str, nanoseconds: int) -> None:
    assert read_duration(text) == nanoseconds


@pytest.mark.parametrize("value", [5, "5", 1.5, "5 minutes", "", "s", "1d", None, True, [], "1e3s"])
def test_what_has_no_unit_is_no_duration(value: object) -> None:
    with pytest.raises(UnitError, match="write it with a unit"):
        read_duration(value)


def test_a_duration_is_not_negative_and_not_longer_than_ten_years() -> None:
    with pytest.raises(UnitError, match="must not be below 0"):
        read_duration("-5s")
    with pytest.raises(UnitError, match="longer than"):
        read_duration("1000000h")
    with pytest.raises(UnitError, match="longer than"):
        read_wait(10**20)


def test_a_bare_number_is_seconds_where_that_is_allowed() -> None:
    assert read_bare_duration(5) == read_bare_duration("5") == read_bare_duration("5s") == 5 * S
    assert read_bare_duration(0.1) == 100_000_000
    assert read_wait(0) == 0


@pytest.mark.parametrize("value", [0, -1, "0s", "-1s", float("nan"), float("inf"), True])
def test_a_bare_duration_is_above_zero(value: object) -> None:
    with pytest.raises(UnitError):
        read_bare_duration(value)


def test_a_positive_duration_is_above_zero() -> None:
    assert read_positive_duration("1ms") == 1_000_000
    with pytest.raises(UnitError, match="above 0"):
        read_positive_duration("0s")


@pytest.mark.parametrize(("value", "share"), [(0.95, 0.95), ("95%", 0.95), ("99.9 %", 0.999), (1, 1.0), ("100%", 1.0)])
def test_shares_are_fractions_or_percentages(value: object, share: float) -> None:
    assert read_share(value) == share


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (95, "is above 1"),
        (0, "not above 0"),
        ("0%", "not above 0"),
        ("101%", "at most 1"),
        ("x", "not a share"),
        (True, ""),
    ],
)
def test_what_is_not_a_share_is_reported(value: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        read_share(value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("value", "size"), [(512, 512), ("512", 512), ("10KB", 10_000), ("1.5 MiB", 1_572_864), ("3b", 3)]
)
def test_sizes_are_bytes(value: object, size: int) -> None:
    assert read_size(value) == size


@pytest.mark.parametrize("value", ["10 apples", -1, True, None, 1.5])
def test_what_is_not_a_size_is_reported(value: object) -> None:
    with pytest.raises(UnitError, match="is not a size"):
        read_size(value)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (90 * S, "1m30s"), (1_500_000_000, "1.5s"), (5000, "5us"), (7, "7ns"), (3600 * S, "1h")],
)
def test_durations_are_written_shortly(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text


@given(st.integers(0, MAX_DURATION_NS))
def test_a_written_duration_reads_back_exactly(nanoseconds: int) -> None:
    assert read_duration(format_duration(nanoseconds)) == nanoseconds


def test_a_noun_follows_its_number() -> None:
    assert [count(number, "agent") for number in (0, 1, 2, 3000)] == ["0 agents", "1 agent", "2 agents", "3,000 agents"]


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "0%"),
        (0.000001, "<0.01%"),
        (0.0001, "0.01%"),
        (0.00126, "0.13%"),
        (0.025, "2.5%"),
        (0.0996, "10%"),
        (0.5636, "56%"),
        (0.996, "100%"),
        (1.0, "100%"),
        (12.3456, "1,235%"),
    ],
)
def test_a_share_is_a_percentage_of_two_figures_and_never_an_exponent(share: float, said: str) -> None:
    assert percent(share) == said
