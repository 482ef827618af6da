"""What an objective looks at: the run so far, every window of a length, or levels.

A view is told of each closed interval, and says at any time what it has seen. The views of windows and of single levels
say the worst that they have seen; so an objective on them that is broken once stays broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gradual_common.schedule.schedule import Schedule
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.observing import NOTHING, Observation, observe
from gradual_master.results.measures.totals import Totals
from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.merging.agent_totals import AgentTotals
from gradual_master.results.merging.level_measurements import LevelMeasurements
from gradual_master.results.merging.sums import Contribution, Shape
from gradual_master.watching.courses import WatchCourse


@dataclass(slots=True)
class ViewTerms:
    """What a plan fixes for all views."""

    shape: Shape
    schedule: Schedule
    """A search replaces it: each level that it chooses is one more."""
    interval: int
    """ns."""
    phase_of: Callable[[int], int]
    """The phase of a level's number, or `OUTSIDE`."""
    courses: Mapping[str, WatchCourse] = field(default_factory=dict)
    """Of the plan's watches, by name."""

    def totals(self, parts: Iterable[Contribution]) -> Totals:
        """Parts by level, added up by phase."""
        totals = Totals(self.shape, self.schedule)
        for part in parts:
            totals.add(part.rename(self.phase_of))
        return totals


@dataclass(frozen=True, slots=True)
class ClosedInterval:
    """An interval that no batch is awaited for."""

    number: int
    measured: Contribution
    """By level."""
    health: tuple[AgentHealth, ...]


@dataclass(frozen=True, slots=True)
class RunSoFar:
    """Everything that was measured until now."""

    totals: Totals
    levels: LevelMeasurements
    agents: Mapping[str, AgentTotals]
    capacity: CapacityResult | None = None
    """Of a search that is over."""


class View(Protocol):
    """One way to look at a run."""

    def take(self, interval: ClosedInterval) -> None:
        """An interval has been closed."""

    def see(self, run: RunSoFar) -> Observation:
        """What is seen now."""


@dataclass(frozen=True, slots=True)
class RunView:
    """The run so far."""

    objective: Objective

    def take(self, interval: ClosedInterval) -> None:
        """The totals have it."""

    def see(self, run: RunSoFar) -> Observation:
        """The totals of the run."""
        return observe(self.objective, run.totals)


@dataclass(frozen=True, slots=True)
class CapacityView:
    """What a search for capacity has found and confirmed, in users."""

    def take(self, interval: ClosedInterval) -> None:
        """The search has it."""

    def see(self, run: RunSoFar) -> Observation:
        """The confirmed capacity, and the number of trials."""
        found = run.capacity
        if found is None or not found.confirmed:
            return NOTHING
        return Observation(found.users, len(found.trials))
