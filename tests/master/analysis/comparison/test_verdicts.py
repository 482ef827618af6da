"""A verdict follows from the interval, the smallest effect and the corrected p-value; a table with a reason per row."""

import math

import numpy as np
import pytest

from gradual_master.analysis.comparison.estimates import EffectEstimate
from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.scores import MetricScores
from gradual_master.analysis.comparison.verdicts import MetricEvidence

BY_NAME = {metric.name: metric for metric in METRICS}


def evidence(
    metric: str, low: float, high: float, deviation: float | None = 0.002, left_out: tuple[str, ...] = ()
) -> MetricEvidence:
    """With an interval given as relative changes, or as a difference of shares."""
    scale = math.log1p if BY_NAME[metric].relative else float
    ends = scale(low), scale(high)
    middle = sum(ends) / 2
    scores = MetricScores(BY_NAME[metric], np.zeros(5), np.full(5, middle), ((10, 0),), left_out)
    return MetricEvidence(scores, EffectEstimate(middle, *ends, 0.001), "welch", deviation, (0.001, 0.001))


@pytest.mark.parametrize(
    ("metric", "low", "high", "p", "verdict"),
    [
        ("p95", 0.051, 0.20, 0.001, "worse"),  # the whole interval lies beyond 5 %
        ("p95", 0.049, 0.20, 0.001, "inconclusive"),  # its low end does not
        ("p95", 0.051, 0.20, 0.051, "inconclusive"),  # one of six metrics seems so by chance
        ("p95", -0.20, -0.051, 0.001, "better"),  # shorter times
        ("throughput", 0.051, 0.20, 0.001, "better"),  # more throughput
        ("throughput", -0.20, -0.051, 0.001, "worse"),  # less
        ("mean", -0.04, 0.049, 1.0, "equivalent"),  # the whole interval lies within
        ("mean", 0.01, 0.049, 0.001, "equivalent"),  # a real difference that does not matter
        ("mean", -0.049, 0.051, 1.0, "inconclusive"),  # it does not
        ("mean", -0.10, 0.10, 1.0, "inconclusive"),  # too wide for anything
        ("error_rate", 0.006, 0.02, 0.001, "worse"),  # percentage points
        ("error_rate", -0.001, 0.004, 1.0, "equivalent"),
        ("error_rate", -0.02, -0.006, 0.001, "better"),
    ],
)
def test_the_verdict_follows_from_the_interval(metric: str, low: float, high: float, p: float, verdict: str) -> None:
    assert evidence(metric, low, high).compare(p).verdict == verdict


def test_twice_the_variation_is_the_smallest_effect_of_a_noisy_system() -> None:
    noisy = evidence("p95", 0.06, 0.20, deviation=0.04).compare(0.001)
    assert noisy.verdict == "inconclusive"
    assert noisy.min_change == pytest.approx(math.expm1(0.08), rel=1e-5)
    assert evidence("p95", 0.09, 0.20, deviation=0.04).compare(0.001).verdict == "worse"
    assert evidence("p95", -0.07, 0.07, deviation=0.04).compare(1.0).verdict == "inconclusive"
    assert evidence("p95", -0.04, 0.04, deviation=0.04).compare(1.0).verdict == "equivalent"
    assert evidence("p95", 0.06, 0.20, deviation=None).compare(0.001).min_change == 0.05


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.06, 0.2, "worse"), (-0.2, -0.06, "inconclusive"), (-0.01, 0.01, "inconclusive")]
)
def test_a_level_without_values_may_be_worse_than_what_is_seen(low: float, high: float, verdict: str) -> None:
    found = evidence("p95", low, high, left_out=("20 users: b has no value",)).compare(0.001)
    assert (found.verdict, found.runs_needed) == (verdict, None)


def test_only_an_inconclusive_metric_says_how_many_runs_would_decide() -> None:
    assert evidence("p95", -0.10, 0.10).compare(1.0).runs_needed == 6
    assert evidence("p95", 0.06, 0.20).compare(0.001).runs_needed is None


@pytest.mark.parametrize(
    ("change", "deviation", "expected"),
    [
        (0.07, 0.04, True),  # from 5 % to twice the variation
        (-0.07, 0.04, True),
        (0.12, 0.04, False),  # beyond both: more runs make it worse
        (0.03, 0.04, False),  # below both: they make it equivalent
        (0.07, 0.002, False),
    ],
)
def test_no_number_of_runs_decides_a_change_between_the_bounds(change: float, deviation: float, expected: bool) -> None:
    found = evidence("p95", change - 0.1, change + 0.1, deviation).compare(1.0)
    assert (found.verdict, found.is_between) == ("inconclusive", expected)
    assert (found.runs_needed is None) == expected


def test_changes_are_shown_as_users_read_them() -> None:
    found = evidence("p95", 0.06, 0.20).compare(0.002)
    assert (found.low, found.high, found.p, found.p_adjusted) == (0.06, 0.2, 0.001, 0.002)
