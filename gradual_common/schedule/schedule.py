"""The schedule: the pure function time → target, compiled to levels with an exact end.

Times are nanoseconds since the start of the schedule.
"""

from __future__ import annotations

from dataclasses import dataclass


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
class Schedule:
    """How many users are active at each time."""

    changes: tuple[Change, ...]
    levels: tuple[Level, ...]
    phases: tuple[SchedulePhase, ...]

    end: int | None
    """The exact instant of target 0, or None when only iterations end the run."""

    groups: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def peak(self) -> tuple[int, ...]:
        """The maximum of users of each group over time: the slots that the agents need room for."""
        return tuple(max((change.users[g] for change in self.changes), default=0) for g in range(len(self.groups)))
