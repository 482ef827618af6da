"""What a search found: plain data with a JSON form (`to_dict`). Times are seconds since the schedule's start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from gradual_common.units import count
from gradual_master.results.section import Section


class _Timed(Protocol):
    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...


Row = TypeVar("Row", bound=_Timed)

Outcome = Literal["passed", "failed", "undecided"]
Purpose = Literal["climb", "bisect", "confirm", "recover"]
Ending = Literal[
    "found",
    "not found below max",
    "initial fails",
    "goal not reached",
    "not steady",
    "no data",
    "duration",
    "users ended",
    "stopped",
]
"""Why a search ended. `goal not reached`: no level met all objectives, as a rate that more users could reach was
missed; `not steady`, `no data`: the first level could not be judged; `duration`: the time was over before;
`users ended`: users had ended for good before, as rows were used up; `stopped`: the run was ended before."""


@dataclass(frozen=True, slots=True)
class ObservedRatio(Section):
    """One objective in one trial."""

    rule: str
    value: float | None
    """In `unit`; None without data. Of a percentile it is the share of the samples above the limit's time."""
    low: float | None
    high: float | None
    """Confidence bounds."""
    limit: float
    unit: str
    """`share` (0 … 1), `ms`, `/s` or nothing."""


@dataclass(frozen=True, slots=True)
class TrialRecord(Section):
    """One level that was tried."""

    users: int
    purpose: Purpose
    started_s: float
    ended_s: float
    outcome: Outcome
    certain: bool
    """Whether confidence bounds decided, not the point estimate after the longest hold."""
    too_few: bool
    """It failed, but only by a rate that more users may reach."""
    why: str
    observed: tuple[ObservedRatio, ...]


@dataclass(frozen=True, slots=True)
class CapacityResult(Section):
    """The greatest number of users with which all objectives were met."""

    users: int | None
    """None: no level passed. A lower bound if `ended_by` is `not found below max`."""
    low: int | None
    """The greatest level up to `users` that passed with confidence; None if none did."""
    high: int | None
    """The least level above `users` that failed with confidence; None if none did."""
    confirmed: bool
    """Whether a fresh trial of `users` passed."""
    recovered: bool | None
    """Whether the objectives were met again after an overload; None: not tried, or not judged."""
    ended_by: Ending
    initial: int
    max_concurrency: int
    objectives: tuple[str, ...]
    trials: tuple[TrialRecord, ...]

    @property
    def least_failed(self) -> TrialRecord | None:
        """The trial of the least level above `users` that did not hold: it says where the capacity ends."""
        above = (
            trial
            for trial in self.trials
            if trial.purpose != "recover" and trial.outcome != "passed" and trial.users > (self.users or 0)
        )
        return min(above, key=lambda trial: trial.users, default=None)

    @property
    def deciding(self) -> tuple[TrialRecord, ...]:
        """The trials that the number rests on: of the level found, and of the least that did not hold."""
        levels = {self.users, None if self.least_failed is None else self.least_failed.users}
        return tuple(trial for trial in self.trials if trial.purpose != "recover" and trial.users in levels)

    def tried_of(self, levels: Sequence[Row]) -> list[Row]:
        """The levels that were tried: without those at which the load only settled, and what came after an overload."""
        return _levels_of([trial for trial in self.trials if trial.purpose != "recover"], levels)

    def held_of(self, levels: Sequence[Row]) -> list[Row]:
        """Those of them that held."""
        return _levels_of([trial for trial in self.trials if trial.outcome == "passed"], levels)


def _levels_of(trials: Sequence[TrialRecord], levels: Sequence[Row]) -> list[Row]:
    begins = [trial.started_s for trial in trials]
    return [level for level in levels if any(level.start_s <= begin < level.end_s for begin in begins)]


def why_unconfirmed(result: CapacityResult) -> Iterator[str]:
    """Why a search has confirmed no capacity, as the reason of a verdict; nothing if it has."""
    if result.confirmed:
        return
    last = result.trials[-1] if result.trials else None
    why = f" ({last.why})" if last is not None else ""
    initial = count(result.initial, "user")
    yield {
        "initial fails": f"find_capacity: already {initial}, the first level, did not hold{why}; start with fewer",
        "goal not reached": f"find_capacity: no level met all objectives{why}",
        "not steady": f"find_capacity: the first level, {initial}, did not become steady; `hold` longer",
        "no data": f"find_capacity: the first level, {initial}, could not be judged{why}",
        "users ended": "find_capacity: users ended for good, as data was used up, before a capacity was confirmed; "
        "give it more rows, or let them repeat",
        "stopped": "find_capacity: the run was ended before a capacity was confirmed",
    }.get(result.ended_by, "find_capacity: the duration was over before a capacity was confirmed; give it more time")
