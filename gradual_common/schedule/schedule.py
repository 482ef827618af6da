"""The schedule: the pure function time → target, compiled to levels with an exact end.

Times are nanoseconds since the schedule's begin.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on, `target` users are active, until the next change."""

    at: int
    target: int

    users: tuple[int, ...]
    """How many of them by group."""

    level: int
    """The level of the tables: changes of a linear ramp's stretch share a number, every other has one of its own."""

    phase: int


@dataclass(frozen=True, slots=True)
class Level:
    """A row of the tables."""

    number: int
    phase: int
    start: int

    end: int
    """`NEVER` for the last one when only iterations end the run."""

    target: float
    """For a stretch of a linear ramp the mean number of users."""


@dataclass(frozen=True, slots=True)
class SchedulePhase:
    """A phase as scheduled."""

    number: int
    name: str

    start: int
    """Behind `pause_before`, which is a level of its own with target 0."""

    end: int
    """`NEVER` when only iterations end the run."""

    warm_up: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to be active when."""

    changes: tuple[Change, ...]
    levels: tuple[Level, ...]
    phases: tuple[SchedulePhase, ...]

    end: int | None
    """The exact instant of target 0, or None when only iterations end the run."""

    groups: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def peak(self) -> tuple[int, ...]:
        """The most users of each group at any time: the slots that agents must hold."""
        return tuple(max((change.users[g] for change in self.changes), default=0) for g in range(len(self.groups)))
