"""The levels that an objective is about. A search adds levels during the run, so they are asked for again and again."""

from __future__ import annotations

from gradual_common.schedule.schedule import Level, Schedule, joined
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.views import RunSoFar, ViewTerms
from gradual_master.results.merging.sums import OUTSIDE


class WantedLevels:
    """In order, without pauses and warm-up phases, as far as the schedule has them now."""

    def __init__(self, objective: Objective, terms: ViewTerms, *, with_warm_up: bool = False) -> None:
        self._objective = objective
        self._terms = terms
        self._with_warm_up = with_warm_up
        self._seen: Schedule | None = None
        self._levels: tuple[Level, ...] = ()
        self._stretches: tuple[tuple[int, int], ...] = ()

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels."""
        self._look()
        return self._levels

    def complete(self, run: RunSoFar) -> list[Level]:
        """Those that are over."""
        return [level for level in self.levels if level.number in run.levels.complete]

    @property
    def stretches(self) -> tuple[tuple[int, int], ...]:
        """(start, end) of levels that follow one another, ns since the schedule's start."""
        self._look()
        return self._stretches

    def _look(self) -> None:
        if self._seen is self._terms.schedule:
            return
        self._seen = self._terms.schedule
        self._levels = tuple(level for level in self._seen.levels if self._is_wanted(level))
        self._stretches = tuple(joined(self._levels))

    def _is_wanted(self, level: Level) -> bool:
        at = self._objective.rule.at
        return (
            self._terms.phase_of(level.number) != OUTSIDE
            and (self._with_warm_up or not self._terms.schedule.phases[level.phase].warm_up)
            and (at is None or at.includes(level.target))
        )
