"""The sums of each custom metric over the closed intervals so far, and its buckets in the metric's own unit.

A value is counted as 1,000 "ns" for each step of the metric's resolution (`kinds.values.metrics`). So a bound of our
buckets, 2^(k/2) s, is 10⁶·2^(k/2) steps: every second power of two is a bound, and the count up to it is exact. In
the metric's unit the bounds are no powers of two, which is why Prometheus' and OpenTelemetry's exponential buckets
cannot hold these counts without loss, and the bounds are written out instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import FIRST_INDEX, LAST_INDEX, SCALE
from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.values.metrics import NS_PER_STEP, value_of
from gradual_common.plan.model.series import MetricSeries
from gradual_master.results.measures.intervals import MetricInterval
from gradual_master.results.measures.metrics import MetricRow

STEPS_PER_S = NS_PER_S // NS_PER_STEP

PER_OCTAVE = 2
"""Bounds for each doubling of a value: √2 from one to the next."""

_WIDTH = 2**SCALE // PER_OCTAVE
"""How many of our buckets are between two bounds."""

_BOUNDS = range(-(-FIRST_INDEX // _WIDTH), (LAST_INDEX + 1) // _WIDTH + 1)
_CUTS = np.array([k * _WIDTH - FIRST_INDEX for k in _BOUNDS])
"""How many of our buckets are below each bound."""


class MetricKey(NamedTuple):
    """The key of one sum."""

    name: str
    type: str
    """"histogram" or "counter"."""
    unit: str
    resolution: float
    warm_up: bool
    """Whether the values were recorded in an interval of a warm-up phase."""

    @classmethod
    def of(cls, metric: MetricSeries | MetricRow, *, warm_up: bool) -> MetricKey:
        """The key of a metric."""
        return cls(metric.name, metric.type, metric.unit, metric.resolution, warm_up)


MetricSums = dict[MetricKey, Histogram]


def add_metrics(sums: MetricSums, rows: Iterable[MetricInterval], *, warm_up: bool) -> None:
    """Add what was recorded in one interval."""
    for row in rows:
        sums.setdefault(MetricKey.of(row.metric, warm_up=warm_up), Histogram()).merge(row.histogram)


def bounds_of(resolution: float) -> tuple[float, ...]:
    """The upper bounds of the buckets in the metric's unit, without the last one, +Inf: 1.3 steps to 2.9·10⁹."""
    return tuple(2.0 ** (k / PER_OCTAVE) * STEPS_PER_S * resolution for k in _BOUNDS)


def count_up_to(histogram: Histogram) -> tuple[int, ...]:
    """How many values are at most each bound, exactly; last, the number of all values."""
    below = np.concatenate(([0], np.cumsum(histogram.counts)))[_CUTS] + histogram.underflow
    return (*below.tolist(), histogram.count)


def in_unit(ns: int, resolution: float) -> float:
    """A sum, or a value, of a metric's histogram in the metric's unit."""
    return value_of(ns // NS_PER_STEP, resolution)
