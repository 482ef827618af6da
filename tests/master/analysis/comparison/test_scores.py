"""A score is the mean of a run's logarithms; levels without a value are left out by name."""

import math

import pytest
from compared_runs import run

from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.runs import ComparedLevel, ComparedRun
from gradual_master.analysis.comparison.scores import score_runs

BY_NAME = {metric.name: metric for metric in METRICS}


def two_levels(name: str, metric: str, first: float | None, second: float | None) -> ComparedRun:
    return ComparedRun(name, (ComparedLevel(10, {metric: first}), ComparedLevel(20, {metric: second})))


def test_the_effect_is_the_mean_log_ratio_of_the_levels() -> None:
    baseline = [two_levels("a", "mean", 10, 100)]
    candidate = [two_levels("b", "mean", 20, 100)]
    scores = score_runs(BY_NAME["mean"], baseline, candidate, list(baseline[0].by_key()))
    assert scores.effect == pytest.approx((math.log(2) + math.log(1)) / 2)


def test_error_rates_are_compared_by_their_difference() -> None:
    baseline = [two_levels("a", "error_rate", 0, 0)]
    candidate = [two_levels("b", "error_rate", 0.02, 0)]
    scores = score_runs(BY_NAME["error_rate"], baseline, candidate, list(baseline[0].by_key()))
    assert (scores.effect, scores.left_out) == (pytest.approx(0.01), ())


@pytest.mark.parametrize(
    ("value", "why"), [(None, "20 users: b1 has no value"), (0.0, "20 users: b1 has 0, which has no ratio")]
)
def test_a_level_without_a_value_in_one_run_is_left_out_of_all(value: float | None, why: str) -> None:
    baseline = [two_levels("a", "throughput", 10, 100)]
    candidate = [two_levels("b0", "throughput", 10, 100), two_levels("b1", "throughput", 10, value)]
    scores = score_runs(BY_NAME["throughput"], baseline, candidate, list(baseline[0].by_key()))
    assert scores.keys == ((10, 0),)
    assert scores.left_out == (why,)
    assert scores.effect == 0


def test_without_any_level_there_are_no_scores() -> None:
    baseline, candidate = [run("a")], [run("b", p99=None)]
    scores = score_runs(BY_NAME["p99"], baseline, candidate, list(baseline[0].by_key()))
    assert (len(scores.baseline), len(scores.candidate), scores.keys, len(scores.left_out)) == (0, 0, (), 2)
