"""The last minutes of a run, interval by interval, in slices as sparklines and charts show them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.intervals import IntervalRecord

SPAN_S = 180.0
"""What sparklines and charts look back on."""

MOST_POINTS = 1800
"""Intervals remembered: of 0.1 s each, those of `SPAN_S`."""


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One interval; rates a second, times in ms, None without samples."""

    begin_s: float
    end_s: float
    ok: float
    failed: float
    times: Distribution


class LastMinutes:
    """Remembers `SPAN_S`, coarsely."""

    def __init__(self) -> None:
        self._points: deque[SeriesPoint] = deque(maxlen=MOST_POINTS)

    def add(self, record: IntervalRecord) -> None:
        """Take in the next interval."""
        ok, failed = record.throughput_rps, record.request_rate_rps - record.throughput_rps
        self._points.append(SeriesPoint(record.start_s, record.end_s, ok, failed, record.response_time_ms))

    def rates(self, read: Callable[[SeriesPoint], float], columns: int) -> list[float | None]:
        """The mean of a rate in each of `columns` slices, the last one at the end; None before the run."""
        return self._slices(lambda points: sum(map(read, points)) / len(points), columns)

    def worst(self, read: Callable[[SeriesPoint], float | None], columns: int) -> list[float | None]:
        """The largest of a time in each slice: percentiles of intervals have no mean."""
        return self._slices(lambda points: max((t for t in map(read, points) if t is not None), default=None), columns)

    def slice_s(self, columns: int) -> float:
        """How long one of `columns` slices is: whole intervals, together the run so far, or at least `SPAN_S` of it."""
        if not self._points:
            return 1.0
        # A slice of half an interval more would hold now one interval, now two, and every second column would be blank.
        # 1e-9, here and below: bounds of intervals of 0.1 s are no exact floats, and 30.000000000000004 must not be 31.
        last = self._points[-1]
        interval = last.end_s - last.begin_s
        return max(1, ceil(min(SPAN_S, last.end_s) / max(1, columns) / interval - 1e-9)) * interval

    def span_s(self, columns: int) -> float:
        """What `columns` slices look back on."""
        return self.slice_s(columns) * columns

    def _slices(self, merge: Callable[[list[SeriesPoint]], float | None], columns: int) -> list[float | None]:
        """Slices begin at multiples of their length: a slice that is over never changes."""
        length = self.slice_s(columns)
        slices: dict[int, list[SeriesPoint]] = {}
        for point in self._points:
            slices.setdefault(floor(point.begin_s / length + 1e-9), []).append(point)
        last = max(slices, default=0)
        return [merge(slices[place]) if place in slices else None for place in range(last - columns + 1, last + 1)]
