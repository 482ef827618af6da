"""The bracket that a list of trials leaves."""

import pytest
from capacity_trials import trial

from gradual_master.analysis.capacity.bracket import Bracket, bracket_of, certain_interval


@pytest.mark.parametrize(
    ("trials", "bracket"),
    [
        ([trial(10), trial(20)], Bracket(20, None, None)),
        ([trial(10), trial(20, "failed")], Bracket(10, 20, None)),
        ([trial(10), trial(20, "undecided")], Bracket(10, 20, None)),  # What could not be judged is not shown to hold.
        ([trial(10), trial(14), trial(20, "failed"), trial(14, "failed")], Bracket(10, 14, None)),  # Refuted.
        ([trial(10, "failed")], Bracket(None, 10, None)),
        ([trial(10, "failed", too_few=True)], Bracket(None, None, 10)),
        ([trial(10, "failed", too_few=True), trial(20, "failed")], Bracket(None, 20, 10)),
        ([trial(10, "failed", too_few=True), trial(20)], Bracket(20, None, 10)),
        # Above a level that reached the rate, missing it is an overload.
        ([trial(10, "failed", too_few=True), trial(20), trial(40, "failed", too_few=True)], Bracket(20, 40, 10)),
        ([trial(10), trial(20, "failed"), trial(9, "failed", purpose="recover")], Bracket(10, 20, None)),
    ],
)
def test_the_bracket_is_the_greatest_passed_and_the_least_failed_level(trials: list, bracket: Bracket) -> None:
    assert bracket_of(trials) == bracket


def test_the_middle_lies_between() -> None:
    assert Bracket(10, 20, None).middle == 15
    assert Bracket(None, 20, 11).middle == 15


def test_one_side_alone_has_no_middle() -> None:
    with pytest.raises(ValueError, match="no middle"):
        _ = Bracket(10, None, None).middle


def test_the_interval_leaves_out_what_was_decided_by_an_estimate() -> None:
    trials = [
        trial(160),
        trial(180, certain=False),
        trial(185, "failed", certain=False),
        trial(190, "failed"),
        trial(320, "failed"),
    ]
    assert certain_interval(trials, 180) == (160, 190)


def test_without_certain_trials_the_interval_is_open() -> None:
    assert certain_interval([trial(10, certain=False)], 10) == (None, None)
