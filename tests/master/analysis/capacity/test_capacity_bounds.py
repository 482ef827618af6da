"""Confidence bounds, against scipy's own intervals and by their coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gradual_master.analysis.capacity.bounds import bounds_of


def test_a_share_without_an_event_has_the_exact_bound() -> None:
    """Clopper-Pearson: the rule of three."""
    bounds = bounds_of("share", np.zeros(10), np.full(10, 30.0), 0.05)
    exact = stats.binomtest(0, 300).proportion_ci(0.9, method="exact")
    assert bounds is not None
    assert (bounds.value, bounds.low) == (0.0, 0.0)
    assert bounds.high == pytest.approx(exact.high)


def test_a_share_of_everything_has_the_exact_bound() -> None:
    bounds = bounds_of("share", np.full(10, 30.0), np.full(10, 30.0), 0.05)
    exact = stats.binomtest(300, 300).proportion_ci(0.9, method="exact")
    assert bounds is not None
    assert bounds.low == pytest.approx(exact.low)
    assert bounds.high == 1.0


def test_batches_that_differ_less_than_independent_samples_give_no_narrower_bounds() -> None:
    bounds = bounds_of("share", np.full(10, 3.0), np.full(10, 60.0), 0.05)
    exact = stats.binomtest(30, 600).proportion_ci(0.9, method="exact")
    assert bounds is not None
    assert (bounds.low, bounds.high) == pytest.approx((exact.low, exact.high))


def test_events_in_one_batch_are_worth_less_than_the_same_events_spread() -> None:
    spread = bounds_of("share", np.full(10, 5.0), np.full(10, 100.0), 0.05)
    lumped = bounds_of("share", np.array([50.0, *[0.0] * 9]), np.full(10, 100.0), 0.05)
    assert spread is not None
    assert lumped is not None
    assert lumped.low < spread.low < spread.high < lumped.high


def test_a_mean_of_equally_large_batches_without_correlation_has_students_interval() -> None:
    # The lag-1 correlation of these is negative: nothing is inflated.
    means = np.array([9.0, 11.0, 8.0, 12.0, 9.5, 10.5, 8.5, 11.5, 9.0, 11.0])
    bounds = bounds_of("mean", means * 50, np.full(10, 50.0), 0.05)
    interval = stats.ttest_1samp(means, 0).confidence_interval(0.9)
    assert bounds is not None
    assert (bounds.low, bounds.high) == pytest.approx((interval.low, interval.high))


def test_a_trend_widens_the_interval_of_a_rate() -> None:
    counts = np.arange(10, 20, dtype=float)
    shuffled = counts[[0, 9, 1, 8, 2, 7, 3, 6, 4, 5]]
    trend, mixed = (bounds_of("rate", values, np.ones(10), 0.05) for values in (counts, shuffled))
    assert trend is not None
    assert mixed is not None
    assert trend.high - trend.low > 1.5 * (mixed.high - mixed.low)


@pytest.mark.parametrize(
    ("kind", "denominators"),
    [
        ("share", [0.0] * 10),  # No samples.
        ("rate", [1.0] * 4),  # Four batches.
        ("mean", [10.0, 10.0, 10.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),  # Four batches with samples.
    ],
)
def test_without_enough_data_there_are_no_bounds(kind: str, denominators: list[float]) -> None:
    assert bounds_of(kind, np.zeros(len(denominators)), np.array(denominators), 0.05) is None  # type: ignore[arg-type]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=5, max_size=10),
    st.floats(min_value=1e-4, max_value=0.4),
)
def test_the_bounds_of_a_share_are_shares_around_it(batches: list[tuple[int, int]], alpha: float) -> None:
    hits, others = np.array(batches, dtype=float).T
    bounds = bounds_of("share", hits, hits + others, alpha)
    if bounds is None:
        assert (hits + others).sum() == 0
    else:
        assert 0 <= bounds.low <= bounds.value <= bounds.high <= 1


@pytest.mark.parametrize("share", [0.005, 0.05, 0.3])
def test_an_upper_bound_of_dependent_shares_is_wrong_about_as_often_as_stated(share: float) -> None:
    """Batches of 200 whose own share varies by half of it (so 3 to 20 times the variance of independent samples)."""
    random = np.random.default_rng(20)
    runs, wrong_low, wrong_high = 2000, 0, 0
    for _ in range(runs):
        own = share * random.uniform(0.5, 1.5, 10)
        bounds = bounds_of("share", random.binomial(200, own).astype(float), np.full(10, 200.0), 0.05)
        assert bounds is not None
        wrong_low += bounds.low > share
        wrong_high += bounds.high < share
    assert wrong_low <= 0.07 * runs
    assert wrong_high <= 0.07 * runs


def test_a_bound_of_a_correlated_mean_is_wrong_about_as_often_as_stated() -> None:
    """Batches with a lag-1 correlation of 0.3: independent batches would be wrong in 1 of 8 cases."""
    random = np.random.default_rng(21)
    runs, wrong = 2000, 0
    for _ in range(runs):
        values = [random.standard_normal()]
        for _ in range(9):
            values.append(0.3 * values[-1] + (1 - 0.09) ** 0.5 * random.standard_normal())
        bounds = bounds_of("mean", 100 * (50 + np.array(values)), np.full(10, 100.0), 0.05)
        assert bounds is not None
        wrong += bounds.low > 50
    assert wrong <= 0.08 * runs
