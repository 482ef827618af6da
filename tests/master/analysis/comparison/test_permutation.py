"""The permutation test is scipy's."""

import numpy as np
import pytest
from scipy import stats

from gradual_master.analysis.comparison.permutation import permutation_p


def scipy_p(baseline: "np.ndarray", candidate: "np.ndarray") -> float:  # type: ignore[type-arg]
    found = stats.permutation_test(
        (baseline, candidate), lambda one, other, axis: one.mean(axis=axis) - other.mean(axis=axis),
        vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    return float(found.pvalue)


@pytest.mark.parametrize(("first", "second"), [(5, 5), (5, 8), (7, 6)])
@pytest.mark.parametrize("shift", [0.0, 0.02, 0.2])
def test_the_exact_p_value_is_that_of_scipy(first: int, second: int, shift: float) -> None:
    chance = np.random.default_rng(3)
    baseline, candidate = chance.normal(3, 0.02, first), chance.normal(3 + shift, 0.02, second)
    assert permutation_p(baseline, candidate) == pytest.approx(scipy_p(baseline, candidate))


def test_ties_are_counted_as_by_scipy() -> None:
    baseline, candidate = np.array([0.1, 0.1, 0.2, 0.3, 0.3]), np.array([0.3, 0.2, 0.3, 0.1, 0.4])
    assert permutation_p(baseline, candidate) == pytest.approx(scipy_p(baseline, candidate))


def test_five_runs_a_side_have_252_divisions() -> None:
    assert permutation_p(np.arange(5.0), np.arange(5.0) + 10) == pytest.approx(2 / 252)


def test_many_runs_are_sampled_and_give_the_same_p_value_again() -> None:
    chance = np.random.default_rng(8)
    baseline, candidate = chance.normal(0, 1, 14), chance.normal(0.6, 1, 14)
    found = permutation_p(baseline, candidate)
    assert found == permutation_p(baseline, candidate)
    expected = stats.ttest_ind(baseline, candidate).pvalue
    assert found == pytest.approx(expected, rel=0.25)
    assert permutation_p(baseline, candidate + 100) == pytest.approx(2 / 10_000)
