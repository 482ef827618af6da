"""Levels are matched by concurrency and occurrence; impossible variations are refused."""

import math

import pytest
from compared_runs import run

from gradual_master.analysis.comparison.runs import AaVariation, match_levels


def test_levels_that_all_runs_have_are_matched_in_their_order() -> None:
    matched, others = match_levels([run("a", targets=(10, 20, 40)), run("b", targets=(5, 10, 40))])
    assert matched == ((10, 0), (40, 0))
    assert others == ((20, 0), (5, 0))


def test_a_level_on_the_way_down_is_not_that_on_the_way_up() -> None:
    matched, others = match_levels([run("a", targets=(10, 20, 10)), run("b", targets=(10, 20))])
    assert matched == ((10, 0), (20, 0))
    assert others == ((10, 1),)


@pytest.mark.parametrize(
    ("deviation", "number", "why"),
    [(-0.1, 5, "standard_deviation is -0.1"), (math.nan, 5, "is nan"), (0.1, 1, "runs is 1")],
)
def test_what_is_no_variation_is_refused(deviation: float, number: int, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        AaVariation(deviation, number)
