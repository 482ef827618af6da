"""A distribution is in milliseconds, and null where there is no data."""

import numpy as np
import pytest

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.histogram import Histogram
from gradual_master.results.measures.distribution import Distribution, milliseconds, seconds


def test_a_distribution_is_in_milliseconds_within_the_stated_error() -> None:
    values = np.random.default_rng(5).lognormal(17, 1, 5000).astype(np.int64)
    histogram = Histogram()
    histogram.add_many(values)
    shown = Distribution.of(histogram)
    assert shown.count == 5000
    assert shown.min == round(int(values.min()) / NS_PER_MS, 3)
    assert shown.max == round(int(values.max()) / NS_PER_MS, 3)
    assert shown.mean == pytest.approx(values.mean() / NS_PER_MS, abs=0.001)
    ordered = np.sort(values)
    for name, rank in (("p50", 2500), ("p90", 4500), ("p95", 4750), ("p99", 4950), ("p99_9", 4995)):
        exact = ordered[rank - 1] / NS_PER_MS
        assert shown[name] == pytest.approx(exact, rel=0.0056)


def test_no_data_is_null_never_0() -> None:
    empty = Distribution.of(Histogram())
    assert (empty.count, empty.min, empty.mean, empty.p50, empty.p99_9, empty.max) == (0, None, None, None, None, None)
    assert milliseconds(None) is None
    assert milliseconds(0) == 0


def test_seconds_are_rounded_to_the_millisecond() -> None:
    assert [seconds(ns) for ns in (0, 1_499_999, 1_500_001, np.int64(2_000_000_000))] == [0.0, 0.001, 0.002, 2.0]
