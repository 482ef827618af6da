"""Levels that are complete (`at 200 users`, `over levels`): their steady parts."""

from __future__ import annotations

from gradual_common.schedule.schedule import Level
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.observing import NOTHING, Observation, observe, worse_of
from gradual_master.results.judging.objectives.views import ClosedInterval, RunSoFar, ViewTerms
from gradual_master.results.merging.sums import OUTSIDE


class LevelsView:
    """Levels that are complete: all of them together, or (`over levels`) the worst of them."""

    def __init__(self, objective: Objective, terms: ViewTerms) -> None:
        self._objective = objective
        self._terms = terms
        self._wanted = levels_of(objective, terms)
        self._each = objective.rule.window == "levels"

    def take(self, interval: ClosedInterval) -> None:
        """The levels have it."""

    def see(self, run: RunSoFar) -> Observation:
        """The worst of the levels, or all of them."""
        levels = self._complete(run)
        if not self._each:
            return self._of(run, levels)
        worst = NOTHING
        for level in levels:
            seen = self._of(run, [level])
            if self._objective.rule.quantile is None or seen.samples >= self._objective.enough:
                worst = worse_of(self._objective.rule, worst, seen)
        return worst

    def _complete(self, run: RunSoFar) -> list[Level]:
        numbers = self._wanted & run.levels.complete
        return [level for level in self._terms.schedule.levels if level.number in numbers]

    def _of(self, run: RunSoFar, levels: list[Level]) -> Observation:
        if not levels:
            return NOTHING
        seen = observe(self._objective, self._terms.totals(run.levels.judged(level.number) for level in levels))
        targets = sorted({level.target for level in levels})
        most = "" if len(targets) == 1 else f"{targets[0]:g} to "
        return Observation(seen.value, seen.samples, f" at {most}{targets[-1]:g} users")


def levels_of(objective: Objective, terms: ViewTerms) -> frozenset[int]:
    """The numbers of the levels that an objective is about; a pause before a phase is none."""
    at = objective.rule.at
    return frozenset(
        level.number
        for level in terms.schedule.levels
        if terms.phase_of(level.number) != OUTSIDE and (at is None or at.includes(level.target))
    )
