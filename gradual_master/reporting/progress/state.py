"""The state of a run so far, from its closed intervals, for the live displays."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.histogram import Histogram
from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.text.failures import counts_of
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.history import News

RECENT_S = 5.0
"""Throughput and percentiles are over this many seconds before the end of the last interval."""

SHOWN_NEWS = 4
"""The last ones."""

MIN_MISSING_SHARE = 0.01
"""Missing users below this share of the target are not shown: a few users are always just starting or stopping."""

MIN_MISSING_USERS = 0.1
"""Missing users below this number are not shown: a user that starts or stops within an interval lowers its mean."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates (per second), response times (ms) and users over some intervals; None without intervals."""

    ok: float | None
    failed: float | None
    times: Distribution
    in_flight: float | None
    thinking: float | None


def rates_of(records: Iterable[IntervalRecord]) -> Rates:
    """The rates over several intervals: counts are added, histograms merged, means weighted by length."""
    seconds = ok = failed = in_flight = thinking = 0.0
    merged = Histogram()
    for record in records:
        length = record.end_s - record.start_s
        seconds += length
        ok += record.requests - record.failures
        failed += record.failures
        in_flight += record.in_flight * length
        thinking += record.thinking * length
        merged.merge(record.histogram)
    times = Distribution.of(merged)
    if not seconds:
        return Rates(None, None, times, None, None)
    return Rates(ok / seconds, failed / seconds, times, in_flight / seconds, thinking / seconds)


class ProgressState:
    """The data of a display. `add` gets the closed intervals in order."""

    kept_s: ClassVar[float] = RECENT_S
    """How long single intervals are kept."""

    def __init__(self, schedule: Schedule, max_news: int = SHOWN_NEWS) -> None:
        self.end_s = None if schedule.end is None else schedule.end / NS_PER_S
        self.requests = 0
        self.failures: Counter[str] = Counter()
        self.news: deque[News] = deque(maxlen=max_news)
        self.records: list[IntervalRecord] = []
        """The intervals of the last `kept_s`."""
        self.recent = rates_of(())
        """Over the last `RECENT_S`."""

    def add(self, record: IntervalRecord) -> None:
        """Add the next interval."""
        self.requests += record.requests
        self.failures.update(record.errors)
        self.records = [known for known in self.records if known.end_s > record.end_s - self.kept_s]
        self.records.append(record)
        self.recent = rates_of(self.recent_records)

    @property
    def last(self) -> IntervalRecord | None:
        """The last interval."""
        return self.records[-1] if self.records else None

    @property
    def recent_records(self) -> list[IntervalRecord]:
        """The intervals of the last `RECENT_S`."""
        return [record for record in self.records if record.end_s > self.at_s - RECENT_S]

    @property
    def labels(self) -> dict[str, int]:
        """Failures so far by label: `HTTP 404`, `connection refused`."""
        return counts_of(self.failures, self.last.errors_so_far if self.last is not None else ())

    @property
    def missing(self) -> float:
        """How many scheduled users were not active in the last interval; 0 if there are only a few."""
        if self.last is None or self.is_draining:
            return 0.0
        target = sum(self.last.target.values())
        # Group by group: users that one group has too many do not make up for those that another lacks.
        missing = sum(max(0.0, self.last.target[group] - users) for group, users in self.last.users.items())
        return missing if missing > max(MIN_MISSING_USERS, MIN_MISSING_SHARE * target) else 0.0

    @property
    def at_s(self) -> float:
        """The end of the last interval, in run time."""
        return self.last.end_s if self.last is not None else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the end of the schedule; None when the iterations end the run."""
        return None if self.end_s is None else max(0.0, self.end_s - self.at_s)

    @property
    def is_draining(self) -> bool:
        """Whether the schedule is over and users are only finishing."""
        return self.end_s is not None and self.at_s >= self.end_s

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of the objectives that the run so far does not meet."""
        objectives = self.last.objectives if self.last is not None else ()
        return tuple(row.name for row in objectives if row.passed is False and row.observed is not None)
