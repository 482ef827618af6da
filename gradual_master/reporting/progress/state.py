"""How a run has gone so far, from its closed intervals: what every live display remembers."""

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
"""Throughput and percentiles are over this much of the past."""

SHOWN_NEWS = 4

MIN_MISSING_SHARE = 0.01
"""Share of the target below which missing users are not shown: some are always just starting."""

MIN_MISSING_USERS = 0.1
"""Users that a mean over one interval is short of without anybody missing: a start or an end within it."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast the system answered over some intervals; rates a second, None where there are no intervals."""

    ok: float | None
    failed: float | None
    times: Distribution
    in_flight: float | None
    thinking: float | None


def rates_of(records: Iterable[IntervalRecord]) -> Rates:
    """What some intervals say together."""
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
    """What a display needs to remember; it is fed with the closed intervals, in order."""

    kept_s: ClassVar[float] = RECENT_S
    """How much of the past is remembered interval by interval."""

    def __init__(self, schedule: Schedule, max_news: int = SHOWN_NEWS) -> None:
        self.end_s = None if schedule.end is None else schedule.end / NS_PER_S
        self.requests = 0
        self.failures: Counter[str] = Counter()
        self.news: deque[News] = deque(maxlen=max_news)
        self.records: list[IntervalRecord] = []
        """Those of the last `kept_s`."""
        self.recent = rates_of(())
        """Over the last `RECENT_S`."""

    def add(self, record: IntervalRecord) -> None:
        """Take in the next interval."""
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
        """Failures so far by what people call them: `HTTP 404`, `connection refused`."""
        return counts_of(self.failures, self.last.errors_so_far if self.last is not None else ())

    @property
    def missing(self) -> float:
        """How many scheduled users were not active in the last interval; 0 for a few."""
        if self.last is None or self.is_draining:
            return 0.0
        target = sum(self.last.target.values())
        missing = sum(max(0.0, self.last.target[group] - users) for group, users in self.last.users.items())
        return missing if missing > max(MIN_MISSING_USERS, MIN_MISSING_SHARE * target) else 0.0

    @property
    def at_s(self) -> float:
        """How far the run has come."""
        return self.last.end_s if self.last is not None else 0.0

    @property
    def left_s(self) -> float | None:
        """Until the end of the schedule; None where only iterations end the run."""
        return None if self.end_s is None else max(0.0, self.end_s - self.at_s)

    @property
    def is_draining(self) -> bool:
        """Whether the schedule is over and users are only finishing."""
        return self.end_s is not None and self.at_s >= self.end_s

    @property
    def broken(self) -> tuple[str, ...]:
        """The objectives that the run so far does not meet."""
        objectives = self.last.objectives if self.last is not None else ()
        return tuple(row.name for row in objectives if row.passed is False and row.observed is not None)
