"""The course of every step: what each did in each stretch of the run, in bounded memory.

Beside the course of the whole run (`series`), coarser: at most `MOST_FRAMES` stretches, since there is a line for each
step. A frame keeps the response times of all steps as one sparse list, so that a percentile of a step in a stretch is
exact to 0.55 %.

Measured: 20 steps take 0.1 ms an interval, and some 5 MB for a run of any length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.histogram.buckets import BUCKETS, ESTIMATES, Int64
from gradual_common.kinds.failures import OK
from gradual_common.protocol.batch import MEASURES, RESPONSE_TIME
from gradual_master.results.merging.measurements import Contribution, Shape

Float64 = npt.NDArray[np.float64]

MOST_FRAMES = 240

_ESTIMATES_MS = np.array(ESTIMATES) / NS_PER_MS


class Frame:
    """Some neighbouring intervals: `counts` int64 (steps, 2) of ok and failed samples, and buckets, to be merged."""

    __slots__ = ("_counts", "_is_packed", "_keys", "counts", "first", "intervals")

    def __init__(self, first: int, steps: int) -> None:
        self.first = first
        self.intervals = 0
        self.counts: Int64 = np.zeros((steps, 2), dtype=np.int64)
        self._keys: list[Int64] = []
        self._counts: list[Int64] = []
        self._is_packed = False

    def add(self, shape: Shape, measured: Contribution) -> None:
        """Add what was measured in one of its intervals."""
        by_kind = measured.requests[:, : shape.steps].sum(axis=0)
        self.counts[:, 0] += by_kind[:, OK]
        self.counts[:, 1] += by_kind.sum(axis=1) - by_kind[:, OK]
        keys, counts = _buckets_of(shape, measured)
        self._keys.append(keys)
        self._counts.append(counts)
        self._is_packed = False

    def join(self, other: Frame) -> None:
        """Take in the next one."""
        self.intervals += other.intervals
        self.counts = self.counts + other.counts
        self._keys += other._keys
        self._counts += other._counts
        self._is_packed = False
        self.pack()

    def pack(self) -> None:
        """Its lists as one, in the order of the keys: not even those of a single interval come in it."""
        if not self._is_packed:
            keys, place = np.unique(np.concatenate(self._keys), return_inverse=True)
            counts = np.zeros(len(keys), dtype=np.int64)
            np.add.at(counts, place, np.concatenate(self._counts))
            self._keys, self._counts, self._is_packed = [keys], [counts], True

    def buckets(self, step: int) -> tuple[Int64, Int64]:
        """The filled buckets of one step in their order, and how many samples are in each."""
        self.pack()
        keys, counts = self._keys[0], self._counts[0]
        begin, end = np.searchsorted(keys, [step * BUCKETS, (step + 1) * BUCKETS])
        return keys[begin:end] - step * BUCKETS, counts[begin:end]


def _buckets_of(shape: Shape, measured: Contribution) -> tuple[Int64, Int64]:
    """(step · BUCKETS + bucket, count) of the response times of all samples that have one."""
    codes = measured.codes % shape.codes
    step, measure = codes // (len(MEASURES) * shape.kinds), codes % len(MEASURES)
    chosen = (measure == RESPONSE_TIME) & (step < shape.steps)
    filled = np.repeat(chosen, measured.columns.sizes)
    steps = np.repeat(step[chosen], measured.columns.sizes[chosen])
    return steps * BUCKETS + measured.columns.indices[filled], measured.columns.counts[filled].astype(np.int64)


class StepTimeSeries:
    """Takes the closed intervals of a run in order, and batches of them that come late."""

    def __init__(self, shape: Shape, interval: int, most_frames: int = MOST_FRAMES) -> None:
        self._shape = shape
        self._interval = interval
        self._most = most_frames
        self._grain = 1
        self._frames: list[Frame] = []

    def add(self, number: int, measured: Contribution) -> None:
        """Interval `number`, the next one."""
        if not self._frames or self._frames[-1].intervals == self._grain:
            if self._frames:
                self._frames[-1].pack()
            if len(self._frames) == self._most:
                self._halve()
            self._frames.append(Frame(number, self._shape.steps))
        frame = self._frames[-1]
        frame.add(self._shape, measured)
        frame.intervals += 1

    def amend(self, number: int, measured: Contribution) -> None:
        """What came late of an interval that is closed."""
        self._frames[(number - self._frames[0].first) // self._grain].add(self._shape, measured)

    def _halve(self) -> None:
        for left, right in zip(self._frames[::2], self._frames[1::2], strict=False):
            left.join(right)
        self._frames = self._frames[::2]
        self._grain *= 2

    def table(self) -> StepTable:
        """The course so far."""
        return StepTable(tuple(self._frames), self._interval / NS_PER_S)


@dataclass(frozen=True, slots=True, eq=False)
class StepTable:
    """The frames as columns, by the number of a step (`SeriesIndex.steps`); seconds since the schedule's begin."""

    frames: Sequence[Frame]
    interval_s: float

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def begin_s(self) -> Float64:
        """When each frame begins."""
        return np.array([frame.first * self.interval_s for frame in self.frames])

    @property
    def end_s(self) -> Float64:
        """When each frame ends."""
        return np.array([(frame.first + frame.intervals) * self.interval_s for frame in self.frames])

    def rates(self, step: int) -> Float64:
        """Ok and failed samples a second: (frames, 2)."""
        counts = np.array([frame.counts[step] for frame in self.frames], dtype=np.float64).reshape(-1, 2)
        rates: Float64 = counts / (self.end_s - self.begin_s)[:, np.newaxis]
        return rates

    def quantile_ms(self, step: int, q: float) -> Float64:
        """A percentile of the response times of a step in each frame, within 0.55 %; NaN without any."""
        return np.array(list(self._quantiles(step, q)), dtype=np.float64)

    def _quantiles(self, step: int, q: float) -> Iterator[float]:
        for frame in self.frames:
            buckets, counts = frame.buckets(step)
            cumulative = np.cumsum(counts)
            if not len(cumulative):
                yield np.nan
                continue
            rank = max(1, int(np.ceil(round(q * int(cumulative[-1]), 9))))
            yield float(_ESTIMATES_MS[buckets[int(np.searchsorted(cumulative, rank))]])
