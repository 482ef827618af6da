"""The time series of every step: what each did in each stretch of the run, in bounded memory.

Beside that of the whole run (`series`), coarser: at most `MAX_STEP_POINTS` points, since there is a line for each step.
A point keeps the response times of all steps as one sparse list, so that a percentile of a step in a stretch is exact
to 0.55 %.

Measured: 20 steps take 0.1 ms an interval, and some 5 MB for a run of any length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import BUCKETS, Int64
from gradual_common.kinds.failures import OK
from gradual_common.protocol.batch import MEASURES, RESPONSE_TIME
from gradual_master.results.measures.series import BoundedPoints, Float64, quantile_ms
from gradual_master.results.merging.sums import Contribution

MAX_STEP_POINTS = 240
"""Points of the series, for all steps together: one every 15 s in a run of an hour."""


class StepPoint:
    """Some neighbouring intervals: `counts` int64 (steps, 2) of ok and failed samples, and their filled buckets."""

    __slots__ = ("_bucket_counts", "_keys", "counts", "first", "intervals")

    def __init__(self, number: int, measured: Contribution, intervals: int = 1) -> None:
        self.first = number
        self.intervals = intervals
        by_kind = measured.sums.total.requests[: measured.sums.shape.steps]
        ok = by_kind[:, OK]
        self.counts: Int64 = np.stack((ok, by_kind.sum(axis=1) - ok), axis=1)
        self._keys, self._bucket_counts = _packed(*_buckets_of(measured))

    def join(self, other: StepPoint) -> None:
        """Add the next one, or what came late."""
        self.intervals += other.intervals
        self.counts = self.counts + other.counts
        keys = np.concatenate((self._keys, other._keys))
        self._keys, self._bucket_counts = _packed(keys, np.concatenate((self._bucket_counts, other._bucket_counts)))

    def buckets(self, step: int) -> tuple[Int64, Int64]:
        """The filled buckets of one step in their order, and how many samples are in each."""
        begin, end = np.searchsorted(self._keys, [step * BUCKETS, (step + 1) * BUCKETS])
        return self._keys[begin:end] - step * BUCKETS, self._bucket_counts[begin:end]


def _packed(keys: Int64, counts: Int64) -> tuple[Int64, Int64]:
    """Each key once, rising, with the sum of its counts."""
    distinct, positions = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(sums, positions, counts)
    return distinct, sums


def _buckets_of(measured: Contribution) -> tuple[Int64, Int64]:
    """(step · BUCKETS + bucket, count) of the response times of all samples that have one."""
    shape, columns = measured.sums.shape, measured.histograms.columns
    # Without the scope a code is (step · kinds + kind) · measures + measure (`Shape.code`).
    codes = measured.histograms.codes % shape.codes
    step, measure = codes // (len(MEASURES) * shape.kinds), codes % len(MEASURES)
    chosen = (measure == RESPONSE_TIME) & (step < shape.steps)
    filled = np.repeat(chosen, columns.sizes)
    steps = np.repeat(step[chosen], columns.sizes[chosen])
    return steps * BUCKETS + columns.indices[filled], columns.counts[filled].astype(np.int64)


class StepTimeSeries:
    """Collects the closed intervals of a run in order, and late batches."""

    def __init__(self, interval: int, most: int = MAX_STEP_POINTS) -> None:
        self._interval = interval
        self._points: BoundedPoints[StepPoint] = BoundedPoints(most)

    def add(self, number: int, measured: Contribution) -> None:
        """Interval `number`, the next one."""
        self._points.add(number, StepPoint(number, measured))

    def amend(self, number: int, measured: Contribution) -> None:
        """What came late of an interval that is closed."""
        self._points.at(number).join(StepPoint(number, measured, intervals=0))

    def table(self) -> StepTable:
        """The series so far."""
        return StepTable(tuple(self._points.points), self._interval / NS_PER_S)


@dataclass(frozen=True, slots=True, eq=False)
class StepTable:
    """The points as columns, by the number of a step (`SeriesIndex.steps`); seconds since the schedule's start."""

    points: Sequence[StepPoint]
    interval_s: float

    def __len__(self) -> int:
        return len(self.points)

    @property
    def begin_s(self) -> Float64:
        """The start of each point."""
        return np.array([point.first * self.interval_s for point in self.points])

    @property
    def end_s(self) -> Float64:
        """The end of each point."""
        return np.array([(point.first + point.intervals) * self.interval_s for point in self.points])

    def rates(self, step: int) -> Float64:
        """Ok and failed samples per second: (points, 2)."""
        counts = np.array([point.counts[step] for point in self.points], dtype=np.float64).reshape(-1, 2)
        rates: Float64 = counts / (self.end_s - self.begin_s)[:, np.newaxis]
        return rates

    def quantile_ms(self, step: int, q: float) -> Float64:
        """A percentile of the response times of a step in each point, within 0.55 %; NaN without any."""
        return np.array([quantile_ms(*point.buckets(step), q) for point in self.points], dtype=np.float64)
