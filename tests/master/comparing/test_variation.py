"""The variation of runs of one system is the deviation of their scores."""

import math
import statistics

import pytest
from compared_runs import run, runs

from gradual_master.comparing.variation import variations_of


def test_the_variation_is_the_deviation_of_the_scores() -> None:
    found = variations_of(runs("a", 1.0, 1.1, 1.3))
    deviation = statistics.stdev(map(math.log, (1.0, 1.1, 1.3)))
    for name in ("throughput", "mean", "p50", "p95", "p99"):
        assert found[name].standard_deviation == pytest.approx(deviation)
    assert found["error_rate"].standard_deviation == 0
    assert {variation.runs for variation in found.values()} == {3}


def test_one_run_has_no_variation() -> None:
    assert variations_of([]) == variations_of([run("a")]) == {}


def test_a_metric_that_a_run_has_nowhere_has_no_variation() -> None:
    found = variations_of([run("a"), run("b", p99=None)])
    assert found.keys() == {"throughput", "mean", "p50", "p95", "error_rate"}


def test_runs_without_a_common_level_have_no_variation() -> None:
    assert variations_of([run("a", targets=(1, 2)), run("b", targets=(3, 4))]) == {}
