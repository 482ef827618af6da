"""The last minutes of a run: kept interval by interval, read in slices of time for sparklines and charts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.intervals import IntervalRecord

SPAN_S = 180.0
"""The time that sparklines and charts show."""

MAX_POINTS = 1800
"""Intervals that are kept: `SPAN_S` of the shortest intervals, 0.1 s."""


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One interval: rates per second, times in ms (None without samples)."""

    start_s: float
    end_s: float
    ok: float
    failed: float
    times: Distribution


class LastMinutes:
    """Keeps the intervals of the last `SPAN_S`."""

    def __init__(self) -> None:
        self._points: deque[SeriesPoint] = deque(maxlen=MAX_POINTS)

    def add(self, record: IntervalRecord) -> None:
        """Add the next interval."""
        ok, failed = record.throughput_rps, record.request_rate_rps - record.throughput_rps
        self._points.append(SeriesPoint(record.start_s, record.end_s, ok, failed, record.response_time_ms))

    def rates(self, read: Callable[[SeriesPoint], float], columns: int) -> list[float | None]:
        """The mean of a rate in each of `columns` slices, the newest last; None before the run."""
        return self._slices(lambda points: sum(map(read, points)) / len(points), columns)

    def worst(self, read: Callable[[SeriesPoint], float | None], columns: int) -> list[float | None]:
        """The largest value of a time in each slice: percentiles have no mean."""
        return self._slices(lambda points: max((t for t in map(read, points) if t is not None), default=None), columns)

    def slice_s(self, columns: int) -> float:
        """The length of one of `columns` slices: whole intervals; all slices cover the run so far, or `SPAN_S`."""
        if not self._points:
            return 1.0
        # A slice must be a whole number of intervals: slices of 1.5 intervals would have one interval, then two;
        # slices of half an interval would leave every second column blank.
        # 1e-9, here and below: bounds of intervals of 0.1 s are not exact floats; 30.000000000000004 must not be 31.
        last = self._points[-1]
        interval = last.end_s - last.start_s
        return max(1, ceil(min(SPAN_S, last.end_s) / max(1, columns) / interval - 1e-9)) * interval

    def span_s(self, columns: int) -> float:
        """The time that `columns` slices show."""
        return self.slice_s(columns) * columns

    def _slices(self, merge: Callable[[list[SeriesPoint]], float | None], columns: int) -> list[float | None]:
        """Merge the points of each slice. Slices start at multiples of their length: a full slice never changes."""
        length = self.slice_s(columns)
        slices: dict[int, list[SeriesPoint]] = {}
        for point in self._points:
            slices.setdefault(floor(point.start_s / length + 1e-9), []).append(point)
        last = max(slices, default=0)
        return [merge(slices[index]) if index in slices else None for index in range(last - columns + 1, last + 1)]
