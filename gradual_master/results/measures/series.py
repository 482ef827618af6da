"""The time series of a run: what every interval measured, in bounded memory.

A run may last a minute or a week, and this is not known at its start. So a series keeps one point per interval. When it
is full, each two neighbours become one (`BoundedPoints`): with 3,600 points an hour is kept at 1 s, a day at 32 s.

- Halving keeps all points equally long, so a late batch finds its point by one division.
- It costs little: each halving makes room for as many intervals as all those before it.
- Dropping old points would lose the beginning; a fixed length would be too coarse for a short run.
- Sums and histograms are joined, never means or percentiles. So a point's percentiles are as exact as the run's.

Measured: a point takes some 1 KB; 3,600 of them 4 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.buckets import BUCKETS, ESTIMATES, Int64
from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_master.results.measures.intervals import IntervalRecord

Float64 = npt.NDArray[np.float64]

MAX_POINTS = 3600

_ESTIMATES_MS = np.array(ESTIMATES) / NS_PER_MS


class Joinable(Protocol):
    """Some neighbouring intervals together."""

    intervals: int

    def join(self: P, other: P, /) -> None:
        """Add a neighbour."""


P = TypeVar("P", bound=Joinable)


class BoundedPoints(Generic[P]):
    """At most `most` points, in order; neighbours are joined when there is no room."""

    def __init__(self, most: int) -> None:
        self.points: list[P] = []
        self._most = most
        self._grain = 1
        self._first = 0

    def add(self, number: int, point: P) -> None:
        """Add interval `number`, the next one."""
        if not self.points:
            self._first = number
        elif self.points[-1].intervals < self._grain:
            self.points[-1].join(point)
            return
        if len(self.points) == self._most:
            for left, right in zip(self.points[::2], self.points[1::2], strict=False):
                left.join(right)
            self.points = self.points[::2]
            self._grain *= 2
        self.points.append(point)

    def at(self, number: int) -> P:
        """The point that holds interval `number`."""
        return self.points[(number - self._first) // self._grain]


def quantile_ms(buckets: npt.NDArray[np.integer[Any]], counts: Int64, q: float) -> float:
    """A percentile of times in these filled buckets, which rise, within 0.55 %; NaN without any."""
    cumulative = np.cumsum(counts)
    if not len(cumulative):
        return np.nan
    # The nearest rank. `round`, because 0.07 · 100 is 7.000000000000001 in floating point, and its ceiling would be 8.
    rank = max(1, int(np.ceil(round(q * int(cumulative[-1]), 9))))
    return float(_ESTIMATES_MS[buckets[int(np.searchsorted(cumulative, rank))]])


class Point:
    """Some neighbouring intervals of a run together.

    `users` (3, groups): target, active and stopping; `waiting`: in a request and thinking, of all: sums over the
    intervals of their means. `agents`, `cpu`, `loop_lag_ms`: the highest of any interval, NaN where nothing is known.
    """

    def __init__(self, record: IntervalRecord, failures: FailureKinds) -> None:
        self.begin_s, self.end_s = record.start_s, record.end_s
        self.intervals = 1
        self.users = np.array([list(entry.values()) for entry in (record.target, record.users, record.stopping)])
        self.waiting = np.array([record.in_flight, record.thinking])
        self.by_kind: Int64 = np.zeros(len(failures), dtype=np.int64)
        for kind, count in record.errors.items():
            self.by_kind[failures.numbers[kind]] = count
        self.by_kind[0] = record.requests - record.failures
        self.agents = record.agents
        self.cpu = max((agent.cpu for agent in record.health), default=np.nan)
        self.loop_lag_ms = max((agent.loop_lag_ms_max or 0.0 for agent in record.health), default=np.nan)
        self.buckets = np.flatnonzero(record.histogram.counts).astype(np.int16)
        self.counts = record.histogram.counts[self.buckets]
        low, high = record.histogram.min, record.histogram.max
        self.extremes = (np.nan, np.nan) if low is None or high is None else (low / NS_PER_MS, high / NS_PER_MS)

    def join(self, other: Point) -> None:
        """Add a neighbour."""
        self.begin_s, self.end_s = min(self.begin_s, other.begin_s), max(self.end_s, other.end_s)
        self.intervals += other.intervals
        self._add(other, 1)

    def amend(self, former: Point, new: Point) -> None:
        """Replace the measurements of one of its intervals, after a late batch."""
        self._add(former, -1)
        self._add(new, 1)

    def _add(self, other: Point, sign: int) -> None:
        self.users = self.users + sign * other.users
        self.waiting = self.waiting + sign * other.waiting
        self.by_kind = self.by_kind + sign * other.by_kind
        counts = self.dense()
        np.add.at(counts, other.buckets, sign * other.counts)
        self.buckets = np.flatnonzero(counts).astype(np.int16)
        self.counts = counts[self.buckets]
        # Largest and smallest values cannot be subtracted. That is right when a point is amended: the new record has
        # everything that the former one had.
        (least, most), (other_least, other_most) = self.extremes, other.extremes
        self.extremes = float(np.fmin(least, other_least)), float(np.fmax(most, other_most))
        self.agents = max(self.agents, other.agents)
        self.cpu = float(np.fmax(self.cpu, other.cpu))
        self.loop_lag_ms = float(np.fmax(self.loop_lag_ms, other.loop_lag_ms))

    def dense(self) -> Int64:
        """The counts of all buckets."""
        counts: Int64 = np.zeros(BUCKETS, dtype=np.int64)
        counts[self.buckets] = self.counts
        return counts

    def quantile_ms(self, q: float) -> float:
        """A percentile of its response times, within 0.55 %; NaN without any."""
        estimate, (least, most) = quantile_ms(self.buckets, self.counts, q), self.extremes
        return most if np.isnan(estimate) else min(max(estimate, least), most)


class Series:
    """The intervals of a run in order."""

    def __init__(self, groups: Sequence[str], failures: FailureKinds = BUILT_IN_KINDS, most: int = MAX_POINTS) -> None:
        self._groups = tuple(groups)
        self._failures = failures
        self._points: BoundedPoints[Point] = BoundedPoints(most)

    def add(self, record: IntervalRecord) -> None:
        """Add the next interval."""
        self._points.add(record.number, Point(record, self._failures))

    def amend(self, former: IntervalRecord, record: IntervalRecord) -> None:
        """A batch of an interval came late: `former` is its record before."""
        self._points.at(record.number).amend(Point(former, self._failures), Point(record, self._failures))

    def table(self) -> SeriesTable:
        """The points as columns."""
        points = self._points.points
        shape = (len(points), 3, len(self._groups))
        weights = _floats(point.intervals for point in points)
        users = np.array([point.users for point in points]).reshape(shape) / weights[:, np.newaxis, np.newaxis]
        waiting = np.array([point.waiting for point in points]).reshape(-1, 2) / weights[:, np.newaxis]
        return SeriesTable(
            groups=self._groups,
            begin_s=_floats(point.begin_s for point in points),
            end_s=_floats(point.end_s for point in points),
            target=users[:, 0],
            users=users[:, 1],
            stopping=users[:, 2],
            in_flight=waiting[:, 0],
            thinking=waiting[:, 1],
            by_kind=np.array([point.by_kind for point in points], dtype=np.int64).reshape(-1, len(self._failures)),
            failures=self._failures,
            agents=np.array([point.agents for point in points], dtype=np.int64),
            cpu_max=_floats(point.cpu for point in points),
            loop_lag_ms_max=_floats(point.loop_lag_ms for point in points),
            points=tuple(points),
        )


def _floats(values: Iterable[float]) -> Float64:
    return np.array(list(values), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class SeriesTable:
    """The time series of a run as columns, one row a point; NaN where nothing is known."""

    groups: tuple[str, ...]
    begin_s: Float64
    end_s: Float64
    """Seconds since the schedule's start."""
    target: Float64
    users: Float64
    stopping: Float64
    """Mean users: (points, groups)."""
    in_flight: Float64
    thinking: Float64
    """Mean users in a request, and waiting on purpose: (points,)."""
    by_kind: Int64
    """Samples by the numbers of `failures`: (points, outcomes)."""
    agents: Int64
    """How many agents reported."""
    cpu_max: Float64
    loop_lag_ms_max: Float64
    """Of the worst agent; CPU is a share of a core."""
    points: tuple[Point, ...]
    failures: FailureKinds = BUILT_IN_KINDS

    def __len__(self) -> int:
        return len(self.points)

    @property
    def ok(self) -> Int64:
        """Successful samples."""
        return self.by_kind[:, 0]

    @property
    def failed(self) -> Int64:
        """Failed samples."""
        failed: Int64 = self.by_kind[:, 1:].sum(axis=1)
        return failed

    @property
    def kinds(self) -> tuple[str, ...]:
        """The failure kinds that occurred, in the order of their numbers."""
        return tuple(self.failures.names[kind] for kind in np.flatnonzero(self.by_kind.sum(axis=0)).tolist() if kind)

    def failures_of(self, kind: str) -> Int64:
        """Failed samples of this kind."""
        return self.by_kind[:, self.failures.numbers[kind]]

    def quantile_ms(self, q: float) -> Float64:
        """A percentile of the response times of each point, within 0.55 %."""
        return _floats(point.quantile_ms(q) for point in self.points)

    def counts(self) -> Int64:
        """Response times by point and bucket (`buckets.EDGES`): (points, BUCKETS)."""
        return np.array([point.dense() for point in self.points], dtype=np.int64).reshape(-1, BUCKETS)
