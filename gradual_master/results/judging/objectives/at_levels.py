"""Levels that are complete (`at 200 users`, `over levels`): their steady parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gradual_common.clock import NS_PER_S
from gradual_common.protocol.batch import IN_REQUEST, RESPONSE_TIME
from gradual_common.schedule.schedule import Level
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.observing import NOTHING, Observation, observe, worse_of
from gradual_master.results.judging.objectives.views import ClosedInterval, RunSoFar, ViewTerms
from gradual_master.results.judging.objectives.wanted_levels import WantedLevels
from gradual_master.results.judging.silence import was_answer_due
from gradual_master.results.measures.totals import Totals
from gradual_master.results.merging.sums import BEGIN, END


@dataclass(frozen=True, slots=True)
class _SeenLevel:
    """What is kept of a level; times in seconds."""

    changes: int
    seen: Observation
    requests: int
    response_s: float
    """The mean of all requests, also in a warm-up."""
    length_s: float
    waiting_s: float
    """Its users' time in requests."""


class LevelsView:
    """Levels that are complete: all of them together, or (`over levels`) the worst of them.

    They are looked at once a second, so what was seen of levels that have not changed since is kept: adding up 200
    levels takes 70 ms.
    """

    def __init__(self, objective: Objective, terms: ViewTerms) -> None:
        self._objective = objective
        self._terms = terms
        self._wanted = WantedLevels(objective, terms)
        self._compared = WantedLevels(objective, terms, with_warm_up=True)
        """How long a response takes is known from a warm-up, too."""
        self._each = objective.rule.window == "levels"
        self._kept: dict[int, _SeenLevel] = {}
        self._kept_together: tuple[list[tuple[int, int]], Observation] = ([], NOTHING)
        """Levels and how often they had changed, and what was seen of them."""

    def take(self, interval: ClosedInterval) -> None:
        """The levels have it."""

    def see(self, run: RunSoFar) -> Observation:
        """The worst of the levels, or all of them; no data if none of these breaks it, and one hung."""
        levels = self._wanted.complete(run)
        kept = [self._look(run, level) for level in levels]
        seen = self._worst(kept) if self._each else self._together(run, levels, kept)
        if seen.value is not None and not self._objective.rule.holds(seen.value):
            return seen
        return next(self._unseen(run, kept), seen)

    def _worst(self, levels: list[_SeenLevel]) -> Observation:
        worst = NOTHING
        for level in levels:
            if self._objective.rule.quantile is None or level.seen.samples >= self._objective.enough:
                worst = worse_of(self._objective.rule, worst, level.seen)
        return worst

    def _unseen(self, run: RunSoFar, levels: list[_SeenLevel]) -> Iterator[Observation]:
        """Levels at which nothing was answered, where the statistic has no value: a rate of 0 is one."""
        silent = [level for level in levels if not level.requests and level.seen.value is None]
        if silent:
            slowest_s = max(self._look(run, level).response_s for level in self._compared.complete(run))
            for level in silent:
                if was_answer_due(level.length_s, level.waiting_s, slowest_s):
                    yield level.seen

    def _look(self, run: RunSoFar, level: Level) -> _SeenLevel:
        changes = run.levels.changes(level.number)
        kept = self._kept.get(level.number)
        if kept is None or kept.changes != changes:
            part = run.levels.judged(level.number)
            totals = self._terms.totals([part])
            everything = replace(totals.everything(), phases=totals.everywhere)
            kept = self._kept[level.number] = _SeenLevel(
                changes,
                seen=self._observe(totals, [level]),
                requests=int(part.sums.total.requests[: self._terms.shape.steps].sum()),
                response_s=(totals.histogram(RESPONSE_TIME, everything).mean or 0.0) / NS_PER_S,
                length_s=int((part.extents[:, END] - part.extents[:, BEGIN]).sum()) / NS_PER_S,
                waiting_s=int(part.sums.total.users[:, IN_REQUEST].sum()) / NS_PER_S,
            )
        return kept

    def _together(self, run: RunSoFar, levels: list[Level], kept: list[_SeenLevel]) -> Observation:
        if not levels:
            return NOTHING
        state = [(level.number, one.changes) for level, one in zip(levels, kept, strict=True)]
        if self._kept_together[0] != state:
            totals = self._terms.totals(run.levels.judged(level.number) for level in levels)
            self._kept_together = (state, self._observe(totals, levels))
        return self._kept_together[1]

    def _observe(self, totals: Totals, levels: list[Level]) -> Observation:
        seen = observe(self._objective, totals)
        targets = sorted({level.target for level in levels})
        most = "" if len(targets) == 1 else f"{targets[0]:g} to "
        return Observation(seen.value, seen.samples, f" at {most}{targets[-1]:g} users")
