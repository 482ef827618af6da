"""Runs alternate so that a drift falls on both sides alike."""

import pytest

from gradual.repeat.order import order_of_runs


def letters(number: int, *, both: bool) -> str:
    return "".join({"baseline": "A", "candidate": "B"}[run.side] for run in order_of_runs(number, both=both))


def test_pairs_are_turned_round() -> None:
    assert letters(5, both=True) == "ABBAABBAAB"
    assert letters(1, both=True) == "AB"


def test_one_system_is_run_alone() -> None:
    assert letters(3, both=False) == "AAA"


@pytest.mark.parametrize("number", [2, 4, 10])
def test_a_steady_drift_is_the_same_on_both_sides(number: int) -> None:
    places = {"baseline": 0, "candidate": 0}
    for place, run in enumerate(order_of_runs(number, both=True)):
        places[run.side] += place
    assert places["baseline"] == places["candidate"]


def test_runs_are_numbered_on_each_side() -> None:
    numbers = [(run.side, run.number) for run in order_of_runs(2, both=True)]
    assert sorted(numbers) == [("baseline", 1), ("baseline", 2), ("candidate", 1), ("candidate", 2)]
