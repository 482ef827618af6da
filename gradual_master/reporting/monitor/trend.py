"""The last minutes of a run, interval by interval, as sparklines and charts need them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, floor

from gradual_common.histogram.histogram import Histogram
from gradual_master.reporting.progress.state import RECENT_S
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.intervals import IntervalRecord

SPAN_S = 180.0
"""What sparklines and charts look back on."""

BEFORE_S = 30.0
"""What the last seconds are compared with: the stretch of this length just before them."""

MOST_POINTS = 1800
"""Intervals remembered: of 0.1 s each, those of `SPAN_S`."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One interval; rates a second, times in ms, None without samples."""

    begin_s: float
    end_s: float
    ok: float
    failed: float
    times: Distribution


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the system answered over a stretch; rates a second, None of an empty stretch; `kinds`: failures."""

    ok: float | None
    failed: float | None
    times: Distribution
    kinds: dict[str, float]
    in_flight: float | None
    thinking: float | None


class Trend:
    """Remembers `SPAN_S`, coarsely, and the last `RECENT_S` and the `BEFORE_S` before them, exactly."""

    def __init__(self) -> None:
        self._moments: deque[Moment] = deque(maxlen=MOST_POINTS)
        self._records: deque[IntervalRecord] = deque()
        self.recent = pace_of(())
        self.before = pace_of(())

    def add(self, record: IntervalRecord) -> None:
        """Take in the next interval."""
        failed = record.request_rate_rps - record.throughput_rps
        self._moments.append(
            Moment(record.start_s, record.end_s, record.throughput_rps, failed, record.response_time_ms)
        )
        self._records.append(record)
        while self._records[0].end_s <= record.end_s - RECENT_S - BEFORE_S:
            self._records.popleft()
        since = record.end_s - RECENT_S
        self.recent = pace_of([entry for entry in self._records if entry.end_s > since])
        self.before = pace_of([entry for entry in self._records if entry.end_s <= since])

    @property
    def recent_records(self) -> list[IntervalRecord]:
        """The intervals of the last `RECENT_S`."""
        since = self._records[-1].end_s - RECENT_S if self._records else 0.0
        return [entry for entry in self._records if entry.end_s > since]

    def record_before(self, number: int) -> IntervalRecord | None:
        """The interval before this one, if it is remembered."""
        return next((record for record in self._records if record.number == number - 1), None)

    def rates(self, read: Callable[[Moment], float], columns: int) -> list[float | None]:
        """The mean of a rate in each of `columns` slices, the last one at the end; None before the run."""
        return self._pool(lambda moments: sum(map(read, moments)) / len(moments), columns)

    def worst(self, read: Callable[[Moment], float | None], columns: int) -> list[float | None]:
        """The largest of a time in each slice: percentiles of intervals have no mean."""
        return self._pool(lambda moments: max((t for t in map(read, moments) if t is not None), default=None), columns)

    def slice_s(self, columns: int) -> float:
        """How long one of `columns` slices is: whole intervals, together the run so far, or at least `SPAN_S` of it."""
        if not self._moments:
            return 1.0
        last = self._moments[-1]
        interval = last.end_s - last.begin_s
        return max(1, ceil(min(SPAN_S, last.end_s) / max(1, columns) / interval - 1e-9)) * interval

    def span_s(self, columns: int) -> float:
        """What `columns` slices look back on."""
        return self.slice_s(columns) * columns

    def _pool(self, join: Callable[[list[Moment]], float | None], columns: int) -> list[float | None]:
        """Slices begin at multiples of their length: a slice that is over never changes."""
        length = self.slice_s(columns)
        slices: dict[int, list[Moment]] = {}
        for moment in self._moments:
            slices.setdefault(floor(moment.begin_s / length + 1e-9), []).append(moment)
        last = max(slices, default=0)
        return [join(slices[place]) if place in slices else None for place in range(last - columns + 1, last + 1)]


def pace_of(records: Iterable[IntervalRecord]) -> Pace:
    """What some intervals say together."""
    seconds = ok = in_flight = thinking = 0.0
    merged, kinds = Histogram(), dict[str, float]()
    for record in records:
        length = record.end_s - record.start_s
        seconds += length
        ok += record.requests - record.failures
        in_flight += record.in_flight * length
        thinking += record.thinking * length
        merged.merge(record.histogram)
        for kind, count in record.errors.items():
            kinds[kind] = kinds.get(kind, 0) + count
    if not seconds:
        return Pace(None, None, Distribution.of(merged), {}, None, None)
    return Pace(
        ok=ok / seconds,
        failed=sum(kinds.values()) / seconds,
        times=Distribution.of(merged),
        kinds={kind: count / seconds for kind, count in kinds.items()},
        in_flight=in_flight / seconds,
        thinking=thinking / seconds,
    )
