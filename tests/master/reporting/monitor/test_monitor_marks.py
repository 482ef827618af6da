"""Sparklines, bars and changes say what the figures say, and never more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_master.reporting.monitor.marks import NO_SAMPLES, NOUGHT, bar, change, sparkline

AMOUNTS = st.floats(0, 1e6)


def test_a_sparkline_tells_no_data_from_zero_and_zero_from_next_to_nothing() -> None:
    assert sparkline([None, 0, 0.001, 4, 8]) == " ·▁▄█"


@given(st.lists(st.none() | AMOUNTS, max_size=80))
def test_a_sparkline_has_a_character_for_every_value(values: list[float | None]) -> None:
    drawn = sparkline(values)
    assert len(drawn) == len(values)
    assert [mark == NO_SAMPLES for mark in drawn] == [value is None for value in values]
    assert [mark == NOUGHT for mark in drawn] == [value == 0 for value in values]


@pytest.mark.parametrize(
    ("actual", "target", "expected"),
    [
        (10, 10, ("█████", "")),
        (5, 10, ("██▌", "░░")),
        (0, 10, ("", "░░░░░")),
        (20, 20, ("██████████", "")),
        (0.01, 10, ("▏", "░░░░")),
        (30, 20, ("██████████", "")),
    ],
)
def test_a_bar_shows_what_is_there_and_what_is_missing(actual: float, target: float, expected: tuple[str, str]) -> None:
    assert bar(actual, target, 20, 10) == expected


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.integers(0, 60))
def test_a_bar_is_never_longer_than_its_columns(actual: float, target: float, peak: float, columns: int) -> None:
    assert sum(map(len, bar(actual, target, peak, columns))) <= columns


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (112, 100, "↑12%"),
        (92, 100, "↓8%"),
        (104, 100, ""),
        (100, None, ""),
        (None, 100, ""),
        (100, 0, ""),
        (0, 100, "↓100%"),
        (2000, 100, "↑×20"),
        (1e9, 1, "↑×999"),
    ],
)
def test_a_change_is_said_when_it_is_worth_a_word(now: float | None, before: float | None, said: str) -> None:
    assert change(now, before) == said
