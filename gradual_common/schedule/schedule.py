"""The schedule: the pure function time → target, compiled to levels with an exact end.

Times are nanoseconds since the start of the schedule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gradual_common.schedule.slots import apportion


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on, `target` users are active, until the next change."""

    at: int
    target: int

    users: tuple[int, ...]
    """The users of each group; they sum to `target`."""

    level: int
    """The number of its row in result tables.

    Changes within one part of a linear ramp share a number; every other change has its own.
    """

    phase: int


@dataclass(frozen=True, slots=True)
class Level:
    """A stretch of the schedule that is one row in result tables."""

    number: int
    phase: int
    start: int

    end: int
    """`NEVER` for the last one when only iterations end the run."""

    target: float
    """Users; for a part of a linear ramp their mean."""


@dataclass(frozen=True, slots=True)
class SchedulePhase:
    """A phase as scheduled."""

    number: int
    name: str

    start: int
    """After `pause_before`, which is a level of its own with target 0."""

    end: int
    """`NEVER` when only iterations end the run."""

    warm_up: bool


@dataclass(frozen=True, slots=True)
class SearchedPhase:
    """The phase in which a search chooses the levels during the run (ramp `find_capacity`): the last one."""

    number: int

    mix: tuple[int, ...]
    """The most users per group: every level is divided in this proportion."""

    climb: tuple[int, ...]
    """The levels that are tried as long as each of them holds, from the first to the greatest."""

    def users_of(self, target: int) -> tuple[int, ...]:
        """A level's users per group."""
        return apportion(self.mix, target)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How many users are active at each time. During a search it is known only until the level in force."""

    changes: tuple[Change, ...]
    levels: tuple[Level, ...]
    phases: tuple[SchedulePhase, ...]

    end: int | None
    """The exact instant of target 0, or None when only iterations end the run."""

    groups: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    searched: SearchedPhase | None = None

    @property
    def peak(self) -> tuple[int, ...]:
        """The maximum of users of each group over time: the slots that the agents need room for."""
        return tuple(max((users[g] for users in self.distinct_users), default=0) for g in range(len(self.groups)))

    @property
    def distinct_users(self) -> frozenset[tuple[int, ...]]:
        """The users per group of every level; those that a search may climb to are among them."""
        users = {change.users for change in self.changes}
        if self.searched is not None:
            users |= {self.searched.users_of(target) for target in self.searched.climb}
        return frozenset(users)

    def with_level(self, at: int, target: int) -> Schedule:
        """The schedule with one more level, which a search has chosen; ValueError before the last one's start."""
        last, searched = self.levels[-1], self.searched
        if searched is None or not last.start < at < last.end:
            raise ValueError(
                f"a level cannot begin at {at} ns, within level {last.number} ({last.start} to {last.end})"
            )
        number = last.number + 1
        change = Change(at, target, searched.users_of(target), number, searched.number)
        level = Level(number, searched.number, at, last.end, target)
        levels = (*self.levels[:-1], replace(last, end=at), level)
        return replace(self, changes=(*self.changes, change), levels=levels)


def joined(levels: Iterable[Level]) -> list[tuple[int, int]]:
    """The stretches of levels in order, (start, end) in ns: levels that follow one another on end are one."""
    stretches: list[tuple[int, int]] = []
    for level in levels:
        begin = stretches.pop()[0] if stretches and stretches[-1][1] == level.start else level.start
        stretches.append((begin, level.end))
    return stretches
