"""One level second by second, as long as it lasts: when it becomes steady, and what was measured from then on.

When a level has become steady is only known at its end (`analysis.steady_state`). Until then its measurements are kept
in at most `MOST_CHUNKS` chunks of equally many intervals, which are joined in pairs when there are more. So a steady
part begins at the start of a chunk, at most 1/32 of the level later than found, and a level of an hour takes as much
memory as one of a minute: 64 times what it has at its end.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.columns import COUNT, SUM
from gradual_common.kinds.failures import OK
from gradual_common.protocol.batch import MEASURES, RESPONSE_TIME
from gradual_master.analysis.steady_state import SteadyPart, find_steady_part
from gradual_master.results.merging.level_blocks import MeasuredBlock, divide
from gradual_master.results.merging.sums import BEGIN, END, Contribution, Measurements, Shape

MOST_CHUNKS = 64


class LevelCourse:
    """The contributions of one level by interval."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._numbers: dict[int, list[int]] = {}
        """By interval: begin and end (run time), successes, response times and their sum (ns)."""
        self._chunks: dict[int, list[Contribution]] = {}
        self._size = 1
        """Intervals in a chunk."""

    def add(self, interval: int, part: Contribution) -> None:
        """Add what was measured of the level in an interval; an interval may come several times, and late."""
        self._note(interval, part)
        self._chunks.setdefault(interval // self._size, []).append(part)
        if len(self._chunks) > MOST_CHUNKS:
            self._join_pairs()

    def _note(self, interval: int, part: Contribution) -> None:
        begin, end = int(part.extents[:, BEGIN].min()), int(part.extents[:, END].max())
        number = self._numbers.setdefault(interval, [begin, end, 0, 0, 0])
        number[0], number[1] = min(number[0], begin), max(number[1], end)
        number[2] += int(part.sums.requests[:, : self._shape.steps, OK].sum())
        codes = part.histograms.codes
        series = codes // (self._shape.kinds * len(MEASURES)) % self._shape.series
        times = part.histograms.columns.stats[(codes % len(MEASURES) == RESPONSE_TIME) & (series < self._shape.steps)]
        number[3] += int(times[:, COUNT].sum())
        number[4] += int(times[:, SUM].sum())

    def _join_pairs(self) -> None:
        self._size *= 2
        former, self._chunks = self._chunks, {}
        for number, parts in former.items():
            self._chunks.setdefault(number // 2, []).extend(parts)
        for number, parts in self._chunks.items():
            self._chunks[number] = [join(self._shape, parts)]

    def find_steady_part(self) -> SteadyPart:
        """When it became steady."""
        rows = np.array([self._numbers[interval] for interval in sorted(self._numbers)], dtype=np.int64)
        begin = rows[0, 0]
        ends = np.concatenate([[0], rows[:, 1] - begin])
        seconds = np.arange(int(ends[-1] // NS_PER_S) + 1) * NS_PER_S
        # Intervals need not be seconds: what is completed in between is taken to be spread evenly.
        ok, count, time = (
            np.diff(np.interp(seconds, ends, np.concatenate([[0], np.cumsum(rows[:, column])]))) for column in (2, 3, 4)
        )
        means = [
            total / number if number > 0 else None for total, number in zip(time.tolist(), count.tolist(), strict=True)
        ]
        return find_steady_part(ok.tolist(), means)

    def blocks(self, seconds: int) -> list[MeasuredBlock]:
        """The same part as `from_`, in blocks of about 10 s."""
        return divide(self._shape, self._chunks_from(seconds))

    def from_(self, seconds: int) -> Contribution:
        """What was measured from so many seconds after its begin on, or a little later."""
        return join(self._shape, (part for parts in self._chunks_from(seconds) for part in parts))

    def _chunks_from(self, seconds: int) -> list[list[Contribution]]:
        begin = min(number[0] for number in self._numbers.values()) + seconds * NS_PER_S
        return [self._chunks[number] for number in sorted(self._chunks) if _begin_of(self._chunks[number]) >= begin]


def _begin_of(parts: Iterable[Contribution]) -> int:
    return min(int(part.extents[:, BEGIN].min()) for part in parts)


def join(shape: Shape, parts: Iterable[Contribution]) -> Contribution:
    """Contributions added up."""
    joined = Measurements(shape)
    for part in parts:
        joined.add(part)
    return joined.freeze()
