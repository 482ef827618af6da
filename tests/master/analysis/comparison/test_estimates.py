"""Welch's interval and p-value are those of scipy, and the number of runs is the first one that decides."""

import math

import numpy as np
import pytest
from scipy import stats

from gradual_master.analysis.comparison.estimates import runs_needed, welch


@pytest.mark.parametrize(("first", "second"), [(5, 5), (5, 9), (12, 6), (2, 2)])
def test_the_interval_and_the_p_value_are_those_of_scipy(first: int, second: int) -> None:
    chance = np.random.default_rng(first)
    baseline, candidate = chance.normal(3, 0.02, first), chance.normal(3.03, 0.05, second)
    expected = stats.ttest_ind(candidate, baseline, equal_var=False)
    found = welch(baseline, candidate)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.effect == pytest.approx(candidate.mean() - baseline.mean())


@pytest.mark.parametrize(("candidate", "p"), [(0.1, 1.0), (0.2, 0.0)])
def test_sides_without_any_spread_differ_or_do_not(candidate: float, p: float) -> None:
    found = welch(np.full(5, 0.1), np.full(6, candidate))
    assert (found.low, found.high, found.p) == (found.effect, found.effect, p)


def test_the_number_of_runs_is_the_first_whose_interval_does_not_reach_the_minimum_effect() -> None:
    sd, effect, least = 0.03, 0.09, math.log(1.05)
    needed = runs_needed(effect - least, (sd**2, sd**2), 5, 100)
    assert needed is not None

    def half_width(runs: int) -> float:
        return float(stats.t.ppf(0.975, 2 * runs - 2) * sd * math.sqrt(2 / runs))

    assert half_width(needed) < effect - least <= half_width(needed - 1)


def test_the_number_of_runs_for_an_equivalence_is_found_likewise() -> None:
    assert runs_needed(0.05, (0.02**2, 0.02**2), 5, 100) == 5
    assert runs_needed(0.01, (0.02**2, 0.02**2), 5, 100) == 32


@pytest.mark.parametrize(("room", "sd"), [(0.0, 0.02), (0.0, 0.0), (-0.01, 0.02), (0.001, 0.02)])
def test_an_effect_at_a_bound_or_between_them_is_decided_by_no_number_of_runs(room: float, sd: float) -> None:
    assert runs_needed(room, (sd**2, sd**2), 5, 100) is None


def test_without_any_spread_the_least_number_decides() -> None:
    assert runs_needed(0.02, (0.0, 0.0), 6, 100) == 6
