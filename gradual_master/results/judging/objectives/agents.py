"""The health of the worst agent (`agent.cpu < 80%`), over the run or every window of a length.

What is measured in a warm-up is left out. Apart from that a rule without a statistic has what the summary's `agents`
have: the p95 of the CPU share, the p99 of the lags. The CPU is a value per interval. The lags are histograms over the
run; of a single interval only the longest lag is kept, so that a window knows their maximum alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.histogram import Histogram
from gradual_common.rules.rule import Rule
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.observing import NOTHING, Observation, worse_of
from gradual_master.results.judging.objectives.views import ClosedInterval, RunSoFar, ViewTerms
from gradual_master.results.judging.objectives.windows import between, intervals_of
from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.merging.agent_totals import AgentLoad
from gradual_master.results.merging.sums import OUTSIDE

USUAL = {"cpu": 0.95, "loop_lag": 0.99, "start_lag": 0.99}
"""The quantile of each measure if the rule names no statistic."""


class AgentView:
    """The run so far."""

    def __init__(self, objective: Objective) -> None:
        self._rule = objective.rule

    def take(self, interval: ClosedInterval) -> None:
        """The agents' totals have it."""

    def see(self, run: RunSoFar) -> Observation:
        """The worst agent."""
        worst = NOTHING
        for agent in run.agents.values():
            worst = worse_of(self._rule, worst, self._of(agent.judged_load))
        return worst

    def _of(self, load: AgentLoad) -> Observation:
        if self._rule.statistic == "cpu":
            shares = load.cpu_shares
            return (
                Observation(statistic_of(self._rule, (100 * shares).tolist()), len(shares)) if len(shares) else NOTHING
            )
        lags = load.loop_lag if self._rule.statistic == "loop_lag" else load.start_lag
        return Observation(self._of_lags(lags), lags.count)

    def _of_lags(self, lags: Histogram) -> float | None:
        return (
            getattr(lags, self._rule.of) if self._rule.of in ("mean", "max") else lags.quantile(quantile_of(self._rule))
        )


class AgentWindowView:
    """Every window of a length."""

    def __init__(self, objective: Objective, terms: ViewTerms) -> None:
        self._rule = objective.rule
        self._interval = terms.interval
        self._length = intervals_of(objective.rule.window_ns, terms.interval)
        phases = terms.schedule.phases
        self._warm_up = {level.number for level in terms.schedule.levels if phases[level.phase].warm_up}
        self._values: dict[str, deque[tuple[int, float]]] = {}
        self._worst = NOTHING

    def take(self, interval: ClosedInterval) -> None:
        """Look at each agent's window that ends with this interval; none has a part of a warm-up."""
        levels = {scope for scope in interval.measured.scopes if scope != OUTSIDE}
        if levels and levels <= self._warm_up:
            return
        for health in interval.health:
            values = self._values.setdefault(health.agent, deque(maxlen=self._length))
            values.append((interval.number, self._value_of(health)))
            # An agent that delivered nothing of an interval has no window over it.
            if values[0][0] == interval.number + 1 - self._length:
                value = statistic_of(self._rule, [value for _, value in values])
                where = between((values[0][0]) * self._interval, (interval.number + 1) * self._interval)
                self._worst = worse_of(self._rule, self._worst, Observation(value, self._length, where))

    def _value_of(self, health: AgentHealth) -> float:
        if self._rule.statistic == "cpu":
            return 100 * health.cpu
        lag = health.loop_lag_ms_max if self._rule.statistic == "loop_lag" else health.start_lag_ms_max
        return (lag or 0) * NS_PER_MS

    def see(self, _: RunSoFar) -> Observation:
        """The worst window of any agent."""
        return self._worst


def quantile_of(rule: Rule) -> float:
    """The quantile that a rule asks for, or the usual one of its measure."""
    return rule.quantile if rule.quantile is not None else USUAL[rule.statistic]


def statistic_of(rule: Rule, values: Sequence[float]) -> float:
    """What a rule asks of values, one per interval."""
    match rule.of:
        case "mean":
            return float(np.mean(values))
        case "max":
            return float(np.max(values))
    return float(np.percentile(values, 100 * quantile_of(rule), method="inverted_cdf"))
