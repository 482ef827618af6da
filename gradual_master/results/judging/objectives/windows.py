"""Every window of a length (`for 10s`): the worst of them."""

from __future__ import annotations

from collections import deque

from gradual_common.clock import NS_PER_S
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.observing import NOTHING, Observation, observe, worse_of
from gradual_master.results.judging.objectives.views import ClosedInterval, RunSoFar, ViewTerms
from gradual_master.results.judging.objectives.wanted_levels import WantedLevels
from gradual_master.results.merging.sums import Contribution


class WindowView:
    """Every window of a length, moved by one interval: the worst of them.

    A window counts if all of it was measured (in phases that the objective is about), and if it has enough samples for
    the statistic.
    """

    def __init__(self, objective: Objective, terms: ViewTerms) -> None:
        self._objective = objective
        self._terms = terms
        self._wanted = WantedLevels(objective, terms)
        self._parts: deque[Contribution] = deque(maxlen=intervals_of(objective.rule.window_ns, terms.interval))
        self._worst = NOTHING

    def take(self, interval: ClosedInterval) -> None:
        """Look at the window that ends with this interval."""
        measured = interval.measured.of_scopes({level.number for level in self._wanted.levels})
        self._parts.append(measured.of_series(self._objective.selection.steps))
        if len(self._parts) == self._parts.maxlen:
            self._worst = worse_of(self._objective.rule, self._worst, self._look(interval.number + 1))

    def _look(self, end: int) -> Observation:
        """`end`: in intervals since the schedule's start."""
        objective, interval, length = self._objective, self._terms.interval, len(self._parts)
        totals = self._terms.totals(self._parts)
        # Half an interval is what clocks may differ by. Of a window with less measured time a part was not measured.
        if totals.seconds(objective.selection.phases) * NS_PER_S < (length - 0.5) * interval:
            return NOTHING
        seen = observe(objective, totals)
        if objective.rule.quantile is not None and seen.samples < objective.enough:
            return NOTHING
        return Observation(seen.value, seen.samples, between((end - length) * interval, end * interval))

    def see(self, _: RunSoFar) -> Observation:
        """The worst window."""
        return self._worst


def intervals_of(window: int, interval: int) -> int:
    """How many intervals a window has: the next whole number of them; both in ns."""
    return max(1, -(-window // interval))


def between(begin: int, end: int) -> str:
    """A stretch of the run in words; ns since its start."""
    return f" from {begin / NS_PER_S:g} s to {end / NS_PER_S:g} s"
