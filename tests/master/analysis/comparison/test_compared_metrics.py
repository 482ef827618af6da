"""Directions, scales and smallest effects of the metrics."""

import math

import pytest

from gradual_master.analysis.comparison.metrics import METRICS

BY_NAME = {metric.name: metric for metric in METRICS}


def test_only_of_throughput_more_is_better() -> None:
    assert [metric.name for metric in METRICS if metric.higher_is_better] == ["throughput"]


@pytest.mark.parametrize(("name", "change"), [("throughput", 0.05), ("p99", 0.05), ("error_rate", 0.005)])
def test_the_smallest_change_is_five_percent_and_half_a_point_of_errors(name: str, change: float) -> None:
    assert BY_NAME[name].change(BY_NAME[name].min_effect) == pytest.approx(change)


@pytest.mark.parametrize(
    ("name", "value", "score"),
    [
        ("p95", math.e, 1.0),
        ("p95", 0.0, None),
        ("p95", -1.0, None),
        ("p95", None, None),
        ("p95", math.inf, None),
        ("error_rate", 0.0, 0.0),
        ("error_rate", math.nan, None),
    ],
)
def test_a_value_without_a_place_on_the_scale_has_no_score(name: str, value: float | None, score: float | None) -> None:
    assert BY_NAME[name].score(value) == score
    if score is not None:
        assert BY_NAME[name].value(score) == value
