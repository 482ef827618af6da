"""Levels that are complete (`at 200 users`, `over levels`): their steady parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradual_common.clock import NS_PER_S
from gradual_common.protocol.batch import IN_REQUEST, RESPONSE_TIME
from gradual_common.schedule.schedule import Level
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.observing import NOTHING, Observation, observe, worse_of
from gradual_master.results.judging.objectives.views import ClosedInterval, RunSoFar, ViewTerms
from gradual_master.results.judging.silence import was_answer_due
from gradual_master.results.merging.sums import BEGIN, END, OUTSIDE, Contribution


class LevelsView:
    """Levels that are complete: all of them together, or (`over levels`) the worst of them."""

    def __init__(self, objective: Objective, terms: ViewTerms) -> None:
        self._objective = objective
        self._terms = terms
        self._wanted = levels_of(objective, terms)
        self._compared = levels_of(objective, terms, with_warm_up=True)
        """How long a response takes is known from a warm-up, too."""
        self._each = objective.rule.window == "levels"

    def take(self, interval: ClosedInterval) -> None:
        """The levels have it."""

    def see(self, run: RunSoFar) -> Observation:
        """The worst of the levels, or all of them; no data if none of these breaks it, and one hung."""
        levels = self._complete(run, self._wanted)
        seen = self._worst(run, levels) if self._each else self._of(run, levels)
        if seen.value is not None and not self._objective.rule.holds(seen.value):
            return seen
        return next(self._unseen(run, levels), seen)

    def _worst(self, run: RunSoFar, levels: list[Level]) -> Observation:
        worst = NOTHING
        for level in levels:
            seen = self._of(run, [level])
            if self._objective.rule.quantile is None or seen.samples >= self._objective.enough:
                worst = worse_of(self._objective.rule, worst, seen)
        return worst

    def _unseen(self, run: RunSoFar, levels: list[Level]) -> Iterator[Observation]:
        """Levels at which nothing was answered, where the statistic has no value: a rate of 0 is one."""
        silent = [level for level in levels if not self._requests(run, level)]
        if not silent:
            return
        slowest_s = max(self._response_s(run, level) for level in self._complete(run, self._compared))
        for level in silent:
            seen = self._of(run, [level])
            if seen.value is None and was_answer_due(*_waiting(run.levels.judged(level.number)), slowest_s):
                yield seen

    def _requests(self, run: RunSoFar, level: Level) -> int:
        steps = self._terms.shape.steps
        return int(run.levels.judged(level.number).sums.total.requests[:steps].sum())

    def _response_s(self, run: RunSoFar, level: Level) -> float:
        """The mean of all requests, also in a warm-up."""
        totals = self._terms.totals([run.levels.judged(level.number)])
        everything = replace(totals.everything(), phases=totals.everywhere)
        return (totals.histogram(RESPONSE_TIME, everything).mean or 0.0) / NS_PER_S

    def _complete(self, run: RunSoFar, wanted: frozenset[int]) -> list[Level]:
        numbers = wanted & run.levels.complete
        return [level for level in self._terms.schedule.levels if level.number in numbers]

    def _of(self, run: RunSoFar, levels: list[Level]) -> Observation:
        if not levels:
            return NOTHING
        seen = observe(self._objective, self._terms.totals(run.levels.judged(level.number) for level in levels))
        targets = sorted({level.target for level in levels})
        most = "" if len(targets) == 1 else f"{targets[0]:g} to "
        return Observation(seen.value, seen.samples, f" at {most}{targets[-1]:g} users")


def _waiting(part: Contribution) -> tuple[float, float]:
    """The length of a level, and its users' time in requests, both in seconds."""
    length = int((part.extents[:, END] - part.extents[:, BEGIN]).sum())
    return length / NS_PER_S, int(part.sums.total.users[:, IN_REQUEST].sum()) / NS_PER_S


def levels_of(objective: Objective, terms: ViewTerms, *, with_warm_up: bool = False) -> frozenset[int]:
    """The numbers of the levels that an objective is about: neither a pause before a phase nor a warm-up is one."""
    at, phases = objective.rule.at, terms.schedule.phases
    return frozenset(
        level.number
        for level in terms.schedule.levels
        if terms.phase_of(level.number) != OUTSIDE
        and (with_warm_up or not phases[level.phase].warm_up)
        and (at is None or at.includes(level.target))
    )
