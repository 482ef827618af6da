"""What the monitor knows of the run: `reporter` adds intervals and news, the panels read. No terminal, no thread."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Change, Schedule
from gradual_master.reporting.monitor.agents import KnownAgents
from gradual_master.reporting.monitor.last_minutes import LastMinutes
from gradual_master.reporting.monitor.lines import clean
from gradual_master.reporting.progress.state import MIN_MISSING_SHARE, RECENT_S, ProgressState, rates_of
from gradual_master.reporting.step_sums import StepKey, StepSums, add_rows
from gradual_master.reporting.text.block_chart import constant_pieces, slices
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.intervals import ActionInterval, IntervalRecord
from gradual_master.results.summary.history import News

BEFORE_S = 30.0
"""The last seconds are compared with this much time just before them."""

KEPT_NEWS = 50
"""Enough to fill the news panel of a tall terminal."""

LATE_AFTER_S = 6.0
"""Seconds without a new interval after which the header warns: twice the 3 s after which an interval closes at the
latest (docs/design/fleet.md, 5.4)."""

REPEAT_WITHIN_S = 3.0
"""Seconds within which the same text is shown once: most news are also logged."""


@dataclass(frozen=True, slots=True)
class GroupUsers:
    """Users of one group, or of all, in the last interval."""

    name: str
    users: float
    target: float
    stopping: float
    missing: float
    peak: float
    """The largest target in the whole schedule."""


@dataclass(frozen=True, slots=True)
class StepRates:
    """One step of one group over the last seconds; rates per second, times in ms."""

    group: str
    step: str
    rate: float
    failed: float
    times: Distribution


class MonitorState(ProgressState):
    """The run so far. `clock` is monotonic, in seconds."""

    kept_s = RECENT_S + BEFORE_S

    def __init__(self, schedule: Schedule, clock: Callable[[], float]) -> None:
        super().__init__(schedule, KEPT_NEWS)
        self.schedule = schedule
        self.last_minutes = LastMinutes()
        self.before = rates_of(())
        """Over the `BEFORE_S` before the last `RECENT_S`."""
        self.agents = KnownAgents()
        self.run: RunFacts | None = None
        self.is_stopping = False
        self._clock = clock
        self._began: float | None = None
        self._targets: tuple[tuple[int, int], tuple[float, list[float]]] | None = None
        """Cache of `targets`: its arguments and its result. The schedule is drawn each second, but rarely changes."""
        self._actions: dict[int, tuple[ActionInterval, ...]] = {}
        """Rows of steps by interval number, a cache: computing them takes 8 ms for 20 agents and 16 steps."""
        self._steps: tuple[StepRates, ...] | None = None

    def add(self, record: IntervalRecord) -> None:
        """Add a closed interval."""
        self._synchronise(record.end_s)
        super().add(record)
        self.before = rates_of(self.records[: -len(self.recent_records)])
        self.last_minutes.add(record)
        self.agents.add(record, is_ending=self.is_ending)
        self._steps = None

    def add_news(self, news: News) -> None:
        """Add news of the fleet."""
        self._synchronise(news.at_s)
        self.is_stopping = self.is_stopping or news.is_stop
        self.agents.add_news(news)
        self._show(News(news.at_s, news.level, clean(news.text)))

    def add_log(self, level: Literal["info", "warning", "error"], text: str) -> None:
        """Add a log line that is to be shown with the news."""
        self._show(News(self.elapsed_s, level, clean(text)))

    def _show(self, news: News) -> None:
        if not any(known.text == news.text and abs(known.at_s - news.at_s) < REPEAT_WITHIN_S for known in self.news):
            self.news.append(news)

    def _synchronise(self, at_s: float) -> None:
        """Correct the estimate of the start of the schedule; it is now `at_s` or later, in run time."""
        if at_s > 0:
            # An interval or news comes some time after `at_s` (agent, network, merging), but never before. So every
            # estimate of the start is too late by that delay, and the earliest estimate is the best.
            began = self._clock() - at_s
            self._began = began if self._began is None else min(began, self._began)

    def reschedule(self, schedule: Schedule) -> None:
        """The schedule has one more level."""
        self.schedule, self._targets = schedule, None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start of the schedule; 0 before the first interval or news."""
        return 0.0 if self._began is None else max(self._clock() - self._began, self.at_s)

    @property
    def left_s(self) -> float | None:
        """Seconds until the end of the schedule; None when the iterations end the run."""
        return None if self.end_s is None else max(0.0, self.end_s - self.elapsed_s)

    @property
    def is_ending(self) -> bool:
        """Whether users are only finishing: the schedule is over, or the run was stopped."""
        return self.is_stopping or self.is_draining

    @property
    def is_late(self) -> bool:
        """Whether the numbers are older than they should be."""
        return not self.is_ending and self.elapsed_s - self.at_s > LATE_AFTER_S

    def changes(self) -> tuple[Change | None, Change | None]:
        """The change in force now, and the next one."""
        changes = self.schedule.changes
        index = bisect_right([change.at for change in changes], round(self.elapsed_s * NS_PER_S))
        return changes[index - 1] if index else None, changes[index] if index < len(changes) else None

    def groups(self) -> list[GroupUsers]:
        """Every group, in the order of the plan."""
        record = self.last
        if record is None:
            return []
        peaks = dict(zip(self.schedule.groups, self.schedule.peak, strict=True))
        groups = []
        for name, target in record.target.items():
            users, stopping = record.users[name], record.stopping[name]
            # A few users are always just starting or stopping: so small a difference is not shown as missing.
            is_short = not self.is_ending and target - users > MIN_MISSING_SHARE * target
            missing = target - users if is_short else 0.0
            groups.append(GroupUsers(clean(name), users, target, stopping, missing, peaks[name]))
        return groups

    def all_users(self) -> GroupUsers:
        """All groups together."""
        groups = self.groups()
        return GroupUsers(
            name="all",
            users=sum(group.users for group in groups),
            target=sum(group.target for group in groups),
            stopping=sum(group.stopping for group in groups),
            missing=0.0 if self.is_ending else self.missing,
            peak=max((change.target for change in self.schedule.changes), default=0),
        )

    def targets(self, columns: int) -> tuple[float, list[float]]:
        """The length of the drawing in s, and the mean target of all groups in each of its `columns` equal slices.

        A schedule without an end is drawn for one minute; when that is over, for two minutes, then four, and so on.
        """
        open_end_s = 60
        while open_end_s < self.elapsed_s:
            open_end_s *= 2
        shape = columns, open_end_s * NS_PER_S if self.schedule.end is None else 0
        if self._targets is None or self._targets[0] != shape:
            pieces = constant_pieces(self.schedule, until=shape[1])
            end = pieces[-1][1]
            self._targets = shape, (end / NS_PER_S, [sum(users) for users in slices(pieces, end, columns)])
        return self._targets[1]

    def steps(self) -> tuple[StepRates, ...]:
        """The steps with requests in the last seconds, in the order of their first request."""
        if self._steps is None:
            records = self.recent_records
            self._actions = {record.number: self._actions.get(record.number) or record.actions() for record in records}
            seconds = sum(record.end_s - record.start_s for record in records)
            sums: dict[StepKey, StepSums] = {}
            for rows in self._actions.values():
                add_rows(sums, rows, warm_up=False)
            self._steps = tuple(
                StepRates(
                    key.group, key.step, of.requests / seconds, of.errors.total() / seconds, Distribution.of(of.times)
                )
                for key, of in sums.items()
            )
        return self._steps
