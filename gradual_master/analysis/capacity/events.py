"""What a search is told, and what it asks for; seconds since the schedule's start."""

from __future__ import annotations

from dataclasses import dataclass

from gradual_master.analysis.capacity.blocks import LevelBlock
from gradual_master.analysis.capacity.result import CapacityResult


@dataclass(frozen=True, slots=True)
class SearchBegun:
    """The ramp is in force: the first event."""


@dataclass(frozen=True, slots=True)
class LevelReached:
    """All users of the level that was asked for are running, and no more."""

    users: int
    at_s: float


@dataclass(frozen=True, slots=True)
class BlockEnded:
    """A block is complete: all batches of its time are merged."""

    block: LevelBlock
    steady_from_s: float | None = None
    """From when on the level is steady, as far as known now; None: it is not."""


@dataclass(frozen=True, slots=True)
class BlockMissed:
    """A piece of the level was no block: not all of its users ran in it, or an agent stood still."""

    level_since_s: float
    """Since when the level has been in force."""

    ended_s: float


@dataclass(frozen=True, slots=True)
class SearchTimeOver:
    """The `duration` of the phase is over, or the run ends."""

    at_s: float
    is_stopped: bool = False
    """Whether somebody, or an objective, has ended the run before."""


@dataclass(frozen=True, slots=True)
class SearchUsersEnded:
    """Users have ended for good, as their data is used up: no level can have all of its users any more."""


@dataclass(frozen=True, slots=True)
class RunUsers:
    """Bring the users to this number; `LevelReached` is the answer, at once if they are there already."""

    users: int


@dataclass(frozen=True, slots=True)
class FinishSearch:
    """The search is over; no more events are expected."""

    result: CapacityResult


SearchInput = SearchBegun | LevelReached | BlockEnded | BlockMissed | SearchTimeOver | SearchUsersEnded
SearchInstruction = RunUsers | FinishSearch
