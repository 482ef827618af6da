"""What a reporter of single requests counts is right to 0.55 %, in bounded memory, and refuses what is no latency."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_master.reporting.interface.reporter import BUFFERED_LATENCIES, RequestMetrics

ERROR = 0.0055
"""docs/design/results.md: of a quantile, for times from 1 µs to an hour."""

latency = st.floats(1e-6, 3600) | st.floats(0.001, 0.1)


def recorded(latencies: list[float]) -> RequestMetrics:
    metrics = RequestMetrics()
    for seconds in latencies:
        metrics.record_latency(seconds)
    return metrics


@given(st.lists(latency, min_size=1, max_size=60), st.integers(0, 1000))
def test_a_percentile_is_that_of_the_nearest_rank(latencies: list[float], permille: int) -> None:
    """The oracle is numpy's `inverted_cdf`: the smallest value that the share stays at or below."""
    exact = np.percentile(np.rint(np.array(latencies) * 1e9), permille / 10, method="inverted_cdf") / 1e9
    assert recorded(latencies).percentile(permille / 10) == pytest.approx(exact, rel=ERROR)


@pytest.mark.parametrize("p", [0, 50, 90, 95, 99, 99.9, 100])
@pytest.mark.parametrize("shape", ["lognormal", "two humps", "constant"])
def test_percentiles_of_many_are_as_exact(shape: str, p: float) -> None:
    rng = np.random.default_rng(7)
    values = {
        "lognormal": rng.lognormal(-3, 1, 30_000),
        "two humps": np.concatenate([rng.normal(0.01, 0.001, 20_000), rng.normal(2, 0.1, 10_000)]).clip(1e-6),
        "constant": np.full(10_000, 0.25),
    }[shape]
    metrics = recorded(values.tolist())
    assert metrics.count == len(values)
    assert metrics.percentile(p) == pytest.approx(float(np.percentile(values, p, method="inverted_cdf")), rel=ERROR)


def test_a_percentile_is_never_beyond_what_was_recorded() -> None:
    metrics = recorded([0.003, 0.0100000004, 0.5])
    low, high = metrics.percentile(0), metrics.percentile(100)
    assert low is not None
    assert high is not None
    assert 0.003 <= low < high <= 0.5
    assert recorded([0.0100000004]).percentile(50) == 0.01


def test_percentiles_may_be_asked_for_at_any_time() -> None:
    metrics = RequestMetrics()
    seen = []
    for number in range(1, 4):
        metrics.record_latency(number)
        seen.append(metrics.percentile(100))
        assert metrics.count == number
    assert seen == pytest.approx([1, 2, 3], rel=ERROR)


def test_before_the_first_latency_there_is_none() -> None:
    metrics = RequestMetrics()
    assert (metrics.count, metrics.percentile(50), metrics.dropped, metrics.statuses) == (0, None, 0, Counter())


@pytest.mark.parametrize("p", [-0.1, 100.1, math.nan])
def test_a_percentile_beyond_all_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="a percentile lies in"):
        recorded([1.0]).percentile(p)


@pytest.mark.parametrize("seconds", [-1e-9, -1.0, math.nan, math.inf, -math.inf, 1e10])
def test_what_is_not_a_latency_is_refused_and_changes_nothing(seconds: float) -> None:
    metrics = recorded([0.5])
    with pytest.raises(ValueError, match="a latency is a number of seconds"):
        metrics.record_latency(seconds)
    assert (metrics.count, metrics.percentile(100)) == (1, 0.5)


def test_no_time_at_all_is_a_latency() -> None:
    metrics = recorded([0.0, 0, 1])
    assert (metrics.count, metrics.percentile(0)) == (3, 0)


def test_memory_is_bounded() -> None:
    metrics = RequestMetrics()
    waiting = []
    for number in range(3 * BUFFERED_LATENCIES + 10):
        metrics.record_latency(number / 1000)
        waiting.append(len(metrics._new))
    assert max(waiting) < BUFFERED_LATENCIES
    assert metrics.count == 3 * BUFFERED_LATENCIES + 10


def test_statuses_are_counted_with_those_without_a_response() -> None:
    metrics = RequestMetrics()
    for code in (200, 200, 503, 0):
        metrics.record_status(code)
    assert metrics.statuses == {200: 2, 503: 1, 0: 1}
    assert metrics.count == 0
