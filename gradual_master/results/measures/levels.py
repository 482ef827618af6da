"""The level table: what the system did at each concurrency; and how many users the schedule wanted when.

Times are nanoseconds since the schedule's begin, unless a name ends in `_s`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import Int64
from gradual_common.kinds.failures import OK
from gradual_common.protocol.batch import ACTIVE, IN_REQUEST, RESPONSE_TIME, THINKING
from gradual_common.schedule.schedule import Level, Schedule, SchedulePhase
from gradual_master.results.facts import SlotsFinished
from gradual_master.results.judging.least import PER_CHANGE
from gradual_master.results.judging.littles_law import INVALID, LevelGap, unaccounted_share
from gradual_master.results.judging.saturation import Saturation
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.merging.measurements import Figures, LevelHistograms, Shape
from gradual_master.results.section import Section

MOST_FAILURES = 0.05
"""A level with a larger share of failures is marked: instant refusals are no capacity."""

LEAST_MISSING = 0.005
"""A level that misses a larger share of its user-seconds is marked: users start a moment after every change."""


@dataclass(frozen=True, slots=True)
class LevelRow(Section):
    """One level. Seconds since the schedule's begin; means are of users; `steady_from_s` None: all of it.

    `marks` says what speaks against the level in an analysis: "failures", "missing", "saturated", "unaccounted";
    `failing` names the steps of which more than 5 % failed, as `group / step`; `failing_always` those of them that did
    so at every level at which they were performed: the fault of the step, and of no level.
    """

    phase: str
    start_s: float
    end_s: float
    steady_from_s: float | None
    target: float
    users_mean: float | None
    in_flight_mean: float | None
    thinking_mean: float | None
    missing_user_s: float
    throughput_rps: float | None
    request_rate_rps: float | None
    requests: int
    failures: int
    response_time_ms: Distribution
    warm_up: bool
    marks: tuple[str, ...]
    failing: tuple[str, ...]
    failing_always: tuple[str, ...]


class ScheduledUsers:
    """How many user-nanoseconds the schedule wants of each group, less the slots that ended for good."""

    def __init__(self, schedule: Schedule, finished: tuple[SlotsFinished, ...] = (), start: int = 0) -> None:
        changes = schedule.changes
        self._groups = len(schedule.groups)
        self._end = schedule.end
        self._at = [change.at for change in changes]
        self._users = np.array([change.users for change in changes], dtype=np.int64).reshape(-1, self._groups)
        self._ended = [(slots.at - start, slots.group, slots.count) for slots in finished]
        moved = np.abs(np.diff(self._users, axis=0, prepend=np.zeros((1, self._groups), dtype=np.int64))).sum(axis=1)
        self._moved: Int64 = np.concatenate(([0], np.cumsum(moved)))

    def between(self, begin: int, end: int) -> Int64:
        """The integral over [begin, end), int64 (groups,)."""
        area = np.zeros(self._groups, dtype=np.int64)
        for row, start, stop in self._stretches(begin, end):
            users = self._users[row].copy()
            area += users * (stop - start)
            area -= self._finished(users, start, stop)
        return area

    def changed(self, begin: int, end: int) -> int:
        """How many slots began or ended in [begin, end) by the schedule, and those that ended for good."""
        first, last = bisect_left(self._at, begin), bisect_left(self._at, end)
        scheduled = int(self._moved[max(first, last)] - self._moved[first])
        return scheduled + sum(count for at, _, count in self._ended if begin <= at < end)

    def _stretches(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """(change, from, to) of every stretch of constant users within [begin, end)."""
        end = end if self._end is None else min(end, self._end)
        row = max(0, bisect_right(self._at, begin) - 1)
        while row < len(self._at) and self._at[row] < end:
            start = max(begin, self._at[row])
            stop = min(end, self._at[row + 1]) if row + 1 < len(self._at) else end
            if start < stop:
                yield row, start, stop
            row += 1

    def _finished(self, users: Int64, begin: int, end: int) -> Int64:
        """User-nanoseconds that are not wanted any more: a slot that has ended takes a seat out of the count."""
        area = np.zeros(self._groups, dtype=np.int64)
        for at, group, count in self._ended:
            area[group] += count * max(0, end - max(begin, at))
        return np.minimum(area, users * (end - begin))


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """What the level table is made of: the aggregate's sums by level, and the schedule's side of them.

    `end`: until when users were wanted at all. `judged`: groups whose missing users count (int64 0 or 1). `names`: of
    the steps, `group / step`.
    """

    shape: Shape
    schedule: Schedule
    figures: Figures
    histograms: LevelHistograms
    scheduled: ScheduledUsers
    end: int
    judged: Int64
    saturation: Saturation
    names: tuple[str, ...]

    def rows(self) -> Iterator[LevelRow]:
        """The levels that began; pauses between phases are none."""
        always = self._failing_always()
        for level, phase in self._begun():
            yield self._row(level, phase.name, always, warm_up=phase.warm_up)

    def gaps(self) -> Iterator[LevelGap]:
        """Little's law over each of them."""
        for level, phase in self._begun():
            gap = self._unaccounted(level)
            yield LevelGap(
                phase=phase.name,
                start_s=round(level.start / NS_PER_S, 3),
                end_s=round(min(level.end, self.end) / NS_PER_S, 3),
                unaccounted=None if gap is None else round(gap, 6),
            )

    def _begun(self) -> Iterator[tuple[Level, SchedulePhase]]:
        for level in self.schedule.levels:
            phase = self.schedule.phases[level.phase]
            if phase.start <= level.start < self.end:
                yield level, phase

    def wanted(self) -> Int64:
        """User-nanoseconds that the schedule wants of the groups that are judged, int64 (groups,)."""
        return self.scheduled.between(0, self.end) * self.judged

    def missing(self) -> Int64:
        """User-nanoseconds missing per level and group, int64 (levels, groups)."""
        return np.array([self._missing(level) for level in self.schedule.levels], dtype=np.int64).reshape(
            -1, self.shape.groups
        )

    def least(self, begin: int = 0, end: int | None = None) -> int:
        """User-nanoseconds that are no sign of anything in this stretch (`least`), or in the whole run."""
        return PER_CHANGE * self.scheduled.changed(begin, self.end if end is None else min(end, self.end))

    def _row(self, level: Level, phase: str, always: frozenset[int], *, warm_up: bool) -> LevelRow:
        end = min(level.end, self.end)
        seconds = (end - level.start) / NS_PER_S
        users = self._users(level).sum(axis=0) / NS_PER_S / seconds
        by_step = self._requests(level)
        by_kind = by_step.sum(axis=0)
        requests, ok = int(by_kind.sum()), int(by_kind[OK])
        failing = _failing(by_step)
        missing = int(self._missing(level).sum()) / NS_PER_S
        return LevelRow(
            phase=phase,
            start_s=round(level.start / NS_PER_S, 3),
            end_s=round(end / NS_PER_S, 3),
            steady_from_s=None,
            target=round(level.target, 3),
            users_mean=round(float(users[ACTIVE]), 3),
            in_flight_mean=round(float(users[IN_REQUEST]), 3),
            thinking_mean=round(float(users[THINKING]), 3),
            missing_user_s=round(missing, 3),
            throughput_rps=round(ok / seconds, 3),
            request_rate_rps=round(requests / seconds, 3),
            requests=requests,
            failures=requests - ok,
            response_time_ms=self._response_times(level),
            warm_up=warm_up,
            marks=tuple(self._marks(level, (requests - ok) / (requests or 1), missing, level.target * seconds)),
            failing=self._names(failing),
            failing_always=self._names(failing & always),
        )

    def _marks(self, level: Level, failures: float, missing: float, wanted: float) -> Iterator[str]:
        """`failures` is a share, `missing` and `wanted` are user-seconds."""
        least = self.least(level.start, level.end) / NS_PER_S
        if failures > MOST_FAILURES:
            yield "failures"
        if missing > max(least, LEAST_MISSING * wanted):
            yield "missing"
        if self.saturation.marks(level.start, min(level.end, self.end)):
            yield "saturated"
        unaccounted = self._unaccounted(level) or 0
        if unaccounted > INVALID and unaccounted * self._active(level) > least:
            yield "unaccounted"

    def _unaccounted(self, level: Level) -> float | None:
        row = self.figures.rows.get(level.number)
        unattended = int(self.figures.unattended[row]) if row is not None else 0
        return unaccounted_share(self._users(level), unattended)

    def _active(self, level: Level) -> float:
        return float(self._users(level)[:, ACTIVE].sum()) / NS_PER_S

    def _users(self, level: Level) -> Int64:
        row = self.figures.rows.get(level.number)
        return self.figures.users[row] if row is not None else np.zeros_like(self.figures.users[0])

    def _requests(self, level: Level) -> Int64:
        """Completed samples of each step and kind, int64 (steps, kinds)."""
        row = self.figures.rows.get(level.number)
        by_step = self.figures.requests[row if row is not None else 0][: self.shape.steps]
        return by_step if row is not None else np.zeros_like(by_step)

    def _failing_always(self) -> frozenset[int]:
        """The steps that failed at every level at which they were performed."""
        failed: set[int] = set()
        fine: set[int] = set()
        for level, _ in self._begun():
            by_step = self._requests(level)
            failed |= (failing := _failing(by_step))
            fine |= set(np.flatnonzero(by_step.sum(axis=1)).tolist()) - failing
        return frozenset(failed - fine)

    def _names(self, steps: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.names[step] for step in sorted(steps))

    def _missing(self, level: Level) -> Int64:
        """Per group: scheduled less active user-nanoseconds, at least 0."""
        wanted = self.scheduled.between(level.start, min(level.end, self.end))
        missing: Int64 = np.maximum(0, wanted - self._users(level)[:, ACTIVE]) * self.judged
        return missing

    def _response_times(self, level: Level) -> Distribution:
        codes = (
            self.shape.code(level.number, step, kind, RESPONSE_TIME)
            for step in range(self.shape.steps)
            for kind in range(self.shape.kinds)
        )
        return Distribution.of(self.histograms.total(level.number, codes))


def _failing(by_step: Int64) -> frozenset[int]:
    """The steps of which more failed than a level may; `by_step`: requests, int64 (steps, kinds)."""
    requests = by_step.sum(axis=1)
    return frozenset(np.flatnonzero(requests - by_step[:, OK] > MOST_FAILURES * requests).tolist())
