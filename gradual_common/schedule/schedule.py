"""The schedule: the pure function time → target, compiled to levels with an exact end.

Times are nanoseconds since the schedule's begin.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on, `target` users are active, `users[g]` of them in group g, until the next change.

    `level` numbers the level of the tables: a change that belongs to a linear ramp's stretch shares its number with
    its neighbours, every other change has a number of its own.
    """

    at: int
    target: int
    users: tuple[int, ...]
    level: int
    phase: int


@dataclass(frozen=True, slots=True)
class Level:
    """A row of the tables. For a stretch of a linear ramp `target` is the mean number of users, as a float.

    `end` is `NEVER` for the last one when only iterations end the run.
    """

    number: int
    phase: int
    start: int
    end: int
    target: float


@dataclass(frozen=True, slots=True)
class SchedulePhase:
    """A phase as scheduled; `pause_before` lies before `start`, as a level of its own with target 0.

    `end` is `NEVER` when only iterations end the run.
    """

    number: int
    name: str
    start: int
    end: int
    warm_up: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to be active when. `end` is the exact instant of target 0, or None when only iterations end the run."""

    changes: tuple[Change, ...]
    levels: tuple[Level, ...]
    phases: tuple[SchedulePhase, ...]
    end: int | None
    groups: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def peak(self) -> tuple[int, ...]:
        """The most users of each group at any time: the slots that agents must hold."""
        return tuple(max((change.users[g] for change in self.changes), default=0) for g in range(len(self.groups)))
