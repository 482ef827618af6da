"""The metrics that are compared: which direction is better, how they are compared, and the smallest effect that counts.

Times and throughput are compared by log-ratios: a level with 10 ms and one with 500 ms count alike, and +5 % at one is
undone by −5 % at another. An error rate is often 0, which has no logarithm, and 0.001 % against 0.002 % is no doubling
that matters. So error rates are compared by their difference, in shares of the requests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

THROUGHPUT = "throughput"

MIN_RELATIVE_EFFECT = 0.05
MIN_ERROR_EFFECT = 0.005
"""Half a percentage point: a tenth of the share from which a level is marked as failing."""


@dataclass(frozen=True, slots=True)
class ComparedMetric:
    """One metric of a level."""

    name: str
    title: str
    higher_is_better: bool
    relative: bool
    """Compared by log-ratios; False: by differences."""

    @property
    def min_effect(self) -> float:
        """The smallest effect that counts, on the scale of the scores."""
        return math.log1p(MIN_RELATIVE_EFFECT) if self.relative else MIN_ERROR_EFFECT

    def score(self, value: float | None) -> float | None:
        """A value on the scale on which effects are differences; None if it has no place there."""
        if value is None or not math.isfinite(value):
            return None
        if self.relative:
            return math.log(value) if value > 0 else None
        return value

    def value(self, score: float) -> float:
        """The value of a score."""
        return math.exp(score) if self.relative else score

    def change(self, effect: float) -> float:
        """An effect as users read it: 0.1 is 10 % more, or 10 percentage points."""
        return math.expm1(effect) if self.relative else effect


METRICS = (
    ComparedMetric(THROUGHPUT, "throughput", higher_is_better=True, relative=True),
    ComparedMetric("mean", "mean response time", higher_is_better=False, relative=True),
    ComparedMetric("p50", "p50 of the response time", higher_is_better=False, relative=True),
    ComparedMetric("p95", "p95 of the response time", higher_is_better=False, relative=True),
    ComparedMetric("p99", "p99 of the response time", higher_is_better=False, relative=True),
    ComparedMetric("error_rate", "error rate", higher_is_better=False, relative=False),
)
