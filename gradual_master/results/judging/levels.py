"""The level table: what the system did at each concurrency, and which problems the level had.

The bounds of a level are the schedule's, not the agents'. Every agent puts a level in force by its own clock, and its
frames say at which level a sample ended; so counts and user time belong to the level exactly. The length over which
they are divided into rates and means is the scheduled one, cut off where the run ended: it is the same for every agent
and every repetition, and users that came late are seen in `users_mean` and `missing_user_s` instead of being hidden in
a shorter level. What ends in the drain, or in a pause before a phase, is in no level.

At the start of a level queues fill, connections open and caches warm. So rates, means and percentiles are over the
steady part of a level (`analysis.steady_state`). If it has none, they are over all of it, and the row says why. Counts
are always over all of it.

Times are nanoseconds since the schedule's start, unless a name ends in `_s`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import Int64
from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import OK
from gradual_common.protocol.batch import ACTIVE, IN_REQUEST, RESPONSE_TIME, THINKING
from gradual_common.schedule.schedule import Level, Schedule, SchedulePhase
from gradual_master.analysis.steady_state import MIN_SECONDS
from gradual_master.results.judging.blocks import BlockRow, block_row
from gradual_master.results.judging.littles_law import MAX_UNACCOUNTED_SHARE, LevelGap, unaccounted_share
from gradual_master.results.judging.saturation import Saturation
from gradual_master.results.measures.distribution import Distribution, seconds
from gradual_master.results.measures.scheduled_users import ScheduledUsers
from gradual_master.results.merging.level_measurements import LevelMeasurements
from gradual_master.results.merging.sums import BEGIN, Sums
from gradual_master.results.section import Section

MAX_FAILURE_SHARE = 0.05
"""A level with a larger share of failures is marked: requests that fail at once do not show capacity."""

MAX_MISSING_SHARE = 0.005
"""A level that misses a larger share of its user-seconds is marked: users start a moment after every change."""


@dataclass(frozen=True, slots=True)
class LevelRow(Section):
    """One level. Seconds since the schedule's start; means are of users."""

    phase: str
    start_s: float
    end_s: float
    steady_from_s: float | None
    """From when on rates, means and percentiles are taken. None: it is not steady, and they are over all of it."""
    not_steady: tuple[str, ...]
    """Why it is not steady, as sentences."""
    needed_s: float | None
    """The length at which it could be steady; None if it is, or if its length is not the problem."""
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
    """Its problems for an analysis: "failures", "missing", "saturated", "unaccounted", "unsteady"; and what a level of
    a search was for, if it was no trial (`searched_levels`)."""
    failing: tuple[str, ...]
    """The steps of which more than 5 % failed, as `group / step`."""
    failing_always: tuple[str, ...]
    """The steps of `failing` that failed at every level that performed them: a problem of the step, not of a level."""
    watch: dict[str, float | None] = field(default_factory=dict)
    """The mean of each watch over the part that counts, in its unit; None without values."""
    blocks: tuple[BlockRow, ...] = field(default=(), metadata={"nested": True})
    """The part that counts in blocks of about 10 s: how much its values vary within the run."""


@dataclass(frozen=True, slots=True)
class LevelTable:
    """Measurements by level, with the schedule that they are compared with."""

    schedule: Schedule
    start: int
    """The run time of the schedule's start, ns."""
    levels: LevelMeasurements
    scheduled: ScheduledUsers
    end: int
    """The end of the schedule or of the run, whichever is earlier."""
    saturation: Saturation
    names: tuple[str, ...]
    """Of the steps, `group / step`."""

    def rows(self) -> Iterator[LevelRow]:
        """The levels that started; a pause between phases is not a level."""
        always = self._failing_always()
        for level, phase in self._started_levels():
            yield self._row(level, phase, always)

    def gaps(self) -> Iterator[LevelGap]:
        """Little's law over each of them."""
        for level, phase in self._started_levels():
            gap = unaccounted_share(self._sums(level))
            end = min(level.end, self.end)
            yield LevelGap(phase.name, seconds(level.start), seconds(end), None if gap is None else round(gap, 6))

    def _started_levels(self) -> Iterator[tuple[Level, SchedulePhase]]:
        for level in self.schedule.levels:
            phase = self.schedule.phases[level.phase]
            if phase.start <= level.start < self.end:
                yield level, phase

    def wanted(self) -> Int64:
        """Scheduled user-nanoseconds, int64 (groups,)."""
        return self.scheduled.between(0, self.end)

    def missing(self) -> int:
        """How many of the `wanted` user-nanoseconds are missing."""
        return sum(self._missing(level, self._sums(level)) for level in self.schedule.levels)

    @property
    def allowance(self) -> int:
        """Missing user time that is tolerated in the whole run, ns: every change costs some (`PER_CHANGE`)."""
        return self.scheduled.allowance(0, self.end)

    def _row(self, level: Level, phase: SchedulePhase, always: frozenset[int]) -> LevelRow:
        end, sums = min(level.end, self.end), self._sums(level)
        by_kind = self._by_step(sums).sum(axis=0)
        requests, ok = int(by_kind.sum()), int(by_kind[OK])
        failing = _failing(self._by_step(sums))
        missing = self._missing(level, sums) / NS_PER_S
        steady = self.levels.steady_part(level.number)
        begin, judged = self._judged(level)
        length = (end - begin) / NS_PER_S
        users = judged.users.sum(axis=0) / NS_PER_S / length
        judged_by_kind = self._by_step(judged).sum(axis=0)
        return LevelRow(
            phase=phase.name,
            start_s=seconds(level.start),
            end_s=seconds(end),
            steady_from_s=seconds(begin) if steady is not None and steady.steady else None,
            not_steady=() if steady is None else steady.reasons,
            needed_s=None if steady is None else steady.needed_s,
            target=round(level.target, 3),
            users_mean=round(float(users[ACTIVE]), 3),
            in_flight_mean=round(float(users[IN_REQUEST]), 3),
            thinking_mean=round(float(users[THINKING]), 3),
            missing_user_s=round(missing, 3),
            throughput_rps=round(int(judged_by_kind[OK]) / length, 3),
            request_rate_rps=round(int(judged_by_kind.sum()) / length, 3),
            requests=requests,
            failures=requests - ok,
            response_time_ms=self._response_times(level),
            warm_up=phase.warm_up,
            marks=tuple(self._marks(level, sums, (requests - ok) / (requests or 1), missing)),
            failing=self._names(failing),
            failing_always=self._names(failing & always),
            blocks=tuple(block_row(block, self.start) for block in self.levels.blocks(level.number)),
        )

    def _judged(self, level: Level) -> tuple[int, Sums]:
        """Where the part begins that rates and means are of, and the sums of it."""
        steady = self.levels.steady_part(level.number)
        if steady is None or not steady.from_s:
            return level.start, self._sums(level)
        part = self.levels.judged(level.number)
        return int(part.extents[0, BEGIN]) - self.start, part.sums.total

    def _marks(self, level: Level, sums: Sums, failures: float, missing: float) -> Iterator[str]:
        """`failures` is a share, `missing` are user-seconds."""
        end = min(level.end, self.end)
        least = self.scheduled.allowance(level.start, end) / NS_PER_S
        if failures > MAX_FAILURE_SHARE:
            yield "failures"
        # The larger of two tolerances: in a long level a share of it, in a short one a moment for each user that
        # starts.
        if missing > max(least, MAX_MISSING_SHARE * level.target * ((end - level.start) / NS_PER_S)):
            yield "missing"
        if self.saturation.marks(level.start, end):
            yield "saturated"
        unaccounted, active = unaccounted_share(sums) or 0, float(sums.users[:, ACTIVE].sum()) / NS_PER_S
        if unaccounted > MAX_UNACCOUNTED_SHARE and unaccounted * active > least:
            yield "unaccounted"
        steady = self.levels.steady_part(level.number)
        if steady is not None and not steady.steady and (end - level.start) / NS_PER_S >= MIN_SECONDS:
            yield "unsteady"

    def _sums(self, level: Level) -> Sums:
        return self.levels.sums.over((level.number,))

    def _by_step(self, sums: Sums) -> Int64:
        """Completed samples of each step and kind, int64 (steps, kinds)."""
        return sums.requests[: sums.shape.steps]

    def _failing_always(self) -> frozenset[int]:
        """The steps that failed at every level at which they were performed."""
        failed: set[int] = set()
        fine: set[int] = set()
        for level, _ in self._started_levels():
            by_step = self._by_step(self._sums(level))
            failed |= (failing := _failing(by_step))
            fine |= set(np.flatnonzero(by_step.sum(axis=1)).tolist()) - failing
        return frozenset(failed - fine)

    def _names(self, steps: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.names[step] for step in sorted(steps))

    def _missing(self, level: Level, sums: Sums) -> int:
        """Scheduled minus active user-nanoseconds."""
        wanted = self.scheduled.between(level.start, min(level.end, self.end))
        # In each group by itself: users that one group has too many do not make up for those that another lacks.
        return int(np.maximum(0, wanted - sums.users[:, ACTIVE]).sum())

    def _response_times(self, level: Level) -> Distribution:
        if self.levels.steady_part(level.number) is None:
            return Distribution.of(Histogram())
        part, shape = self.levels.judged(level.number), self.levels.sums.shape
        codes = (
            shape.code(level.number, *which, RESPONSE_TIME)
            for which in product(range(len(self.names)), range(shape.kinds))
        )
        return Distribution.of(part.histograms.total(codes))


def _failing(by_step: Int64) -> frozenset[int]:
    """The steps of which more failed than a level may; `by_step`: requests, int64 (steps, kinds)."""
    requests = by_step.sum(axis=1)
    return frozenset(np.flatnonzero(requests - by_step[:, OK] > MAX_FAILURE_SHARE * requests).tolist())
