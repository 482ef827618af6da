"""Did users think as long as the plan says? Off by more than three standard errors is a warning.

Every wait is drawn exactly as configured; what makes it longer is the agent, which wakes its users late. So the mean of
the realised waits is off the configured one by the mean start lag. It is compared with the standard error that the mean
of as many drawn waits has by itself: √(σ²/n), σ² pooled over the steps by how often each was waited after
(docs/design/results.md, "Analysis").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from gradual_common.clock import NS_PER_MS
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.think_times.think_time import ThinkTime
from gradual_common.units import count
from gradual_master.results.measures.totals import Selection, Totals
from gradual_master.results.merging.agent_health import START_LAG_ALLOWANCE_NS
from gradual_master.results.merging.agent_totals import AgentTotals

STANDARD_ERRORS = 3

MIN_WAITS = 30
"""Waits whose mean is compared with that of the plan: the usual bound from which a mean of almost any distribution is
close to normal (central limit theorem), which three standard errors take for granted."""

POINTS = 1024
"""Quantiles by which a variance is integrated: within 1 % of that of an exponential distribution."""


@dataclass(frozen=True, slots=True)
class WaitLateness:
    """How much longer than drawn the waits of a run were."""

    waits: int
    mean: float
    """ns."""
    error: float
    """The standard error that a mean of as many waits has, ns."""

    @property
    def bound(self) -> float:
        """The deviation that is tolerated, ns; at least the resolution of timers (`START_LAG_ALLOWANCE_NS`)."""
        return max(STANDARD_ERRORS * self.error, float(START_LAG_ALLOWANCE_NS))

    @property
    def is_off(self) -> bool:
        """Whether the think times differ from the plan, with enough waits to be sure."""
        return self.waits >= MIN_WAITS and self.mean > self.bound

    def __str__(self) -> str:
        return (
            f"users thought {self.mean / NS_PER_MS:.3g} ms longer than the plan says on average, over "
            f"{count(self.waits, 'wait')}; up to {self.bound / NS_PER_MS:.2g} ms would be chance: "
            "the agents woke them late"
        )


def lateness_of(plan: Plan, index: SeriesIndex, totals: Totals, agents: Iterable[AgentTotals]) -> WaitLateness:
    """Of all waits of the run."""
    lags = [agent.start_lag for agent in agents]
    waits = sum(lag.count for lag in lags)
    if not waits:
        return WaitLateness(0, 0.0, 0.0)
    variance = _pooled_variance(think_times(plan, index), totals)
    return WaitLateness(waits, sum(lag.sum for lag in lags) / waits, sqrt(variance / waits))


def _pooled_variance(thinks: Sequence[ThinkTime | None], totals: Totals) -> float:
    """Of the configured waits, ns², each step by its requests."""
    counts = [totals.requests(Selection(totals.measured, (step,))) for step in range(len(thinks))]
    weighted = sum(count * variance_of(think) for count, think in zip(counts, thinks, strict=True))
    return weighted / sum(counts) if sum(counts) else 0.0


def think_times(plan: Plan, index: SeriesIndex) -> list[ThinkTime | None]:
    """What is waited after each step: its own think time, or its group's, or the plan's."""
    return [
        getattr(step.steps[0], "think_time", None) or plan.users[step.group].think_time or plan.config.think_time
        for step in index.steps
    ]


@lru_cache(maxsize=256)
def variance_of(think: ThinkTime | None) -> float:
    """Of a configured wait, ns²; 0 for none, and for one that is always the same.

    By its quantiles, so that what is cut off at 0 and at its cap is cut off here, too.
    """
    if think is None or think.fixed is not None:
        return 0.0
    wait_at = think.compile()
    return float(np.var([wait_at((point + 0.5) / POINTS) for point in range(POINTS)]))
