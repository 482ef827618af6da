"""The verdict on one metric: better, worse, equivalent or inconclusive.

- worse, better: the whole 95 % interval lies beyond the minimum effect, and the p-value of the effect, adjusted by Holm
  over the metrics, is at most 5 %. The minimum effect is the metric's (5 %), or twice the A/A variation if that is
  more: what two runs of one system differ by is no finding.
- equivalent: the whole interval lies within ± the metric's own minimum effect (that is two one-sided tests at 2.5 %:
  D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987). A larger A/A variation does not widen
  it: noise does not make a change of 10 % nothing.
- worse, too: throughput, if at a level all runs of the baseline answered and none of the candidate did. Better, if it
  is the other way round, and the other levels are not inconclusive.
- inconclusive: else, with the number of runs a side that would decide it.

A level that contradicts the mean over the levels decides (`single_levels`). A level that was left out, since some runs
had no value there, keeps a metric from being better or equivalent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradual_master.analysis.comparison.estimates import EffectEstimate, runs_needed
from gradual_master.analysis.comparison.scores import MetricScores
from gradual_master.analysis.comparison.single_levels import LevelEffect, least_effect
from gradual_master.results.section import Section

BETTER, WORSE, EQUIVALENT, INCONCLUSIVE = "better", "worse", "equivalent", "inconclusive"

SIGNIFICANCE = 0.05
FULL_RUNS = 5
"""Runs a side from which Welch's interval is used."""

MAX_RUNS_NAMED = 100
"""A comparison that needs more runs a side than that is not worth them."""


@dataclass(frozen=True, slots=True)
class LevelChange(Section):
    """The change at one level; its interval is corrected for the number of levels and metrics."""

    target: float
    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MetricComparison(Section):
    """The comparison of one metric.

    A change is relative (0.1: 10 % more than the baseline), for the error rate a difference of shares (0.01: one
    percentage point more).
    """

    metric: str
    verdict: str
    provisional: bool
    """By the block bootstrap."""
    method: str | None
    """"welch" or "bootstrap"; None: there was nothing to compare, or no A/A variation."""
    levels: tuple[float, ...]
    """The targets of the levels that count."""
    left_out: tuple[str, ...]
    """Why other matched levels do not count."""
    no_data: tuple[str, ...]
    """The matched levels at which no run has a value."""
    lost: tuple[float, ...]
    """The targets of the levels at which the baseline answered and the candidate did not; of throughput only."""
    regained: tuple[float, ...]
    """Those at which the candidate answered and the baseline did not."""
    decided_at: tuple[LevelChange, ...]
    """The levels that make the metric worse or better, where the mean over the levels does not."""
    baseline: float | None
    """The geometric mean over levels and runs; of the error rate the mean."""
    candidate: float | None
    change: float | None
    low: float | None
    high: float | None
    """Ends of the 95 % interval of `change`."""
    min_change: float
    """The smallest increase that counts as better or worse."""
    max_same: float
    """The largest increase that counts as equivalent."""
    p: float | None
    p_adjusted: float | None
    p_permutation: float | None
    """Beside Welch's test; it decides nothing."""
    runs_needed: int | None
    """Runs a side that would decide an inconclusive metric; None: not inconclusive, or more than 100, or unknown."""
    is_between: bool
    """Inconclusive with a change from `max_same` to `min_change`: no number of runs decides it while they vary so."""
    reason: str
    """Why there is no estimate; empty if there is one."""


@dataclass(frozen=True, slots=True)
class MetricEvidence:
    """What the verdict on a metric is made from."""

    scores: MetricScores
    estimate: EffectEstimate | None
    method: str | None
    deviation: float | None
    """The standard deviation of a run's score between runs of the same system; None: unknown."""
    variances: tuple[float, float] | None
    """Of a run's score, on each side; None: unknown."""
    by_levels: tuple[LevelEffect, ...] = ()
    """The levels that differ by themselves."""
    p_permutation: float | None = None
    reason: str = ""

    @property
    def min_effect(self) -> float:
        """The smallest effect that counts as better or worse, on the scale of the scores."""
        return least_effect(self.scores.metric, self.deviation)

    def compare(self, p_adjusted: float | None) -> MetricComparison:
        """The verdict, with the p-value after the correction for several metrics."""
        metric, estimate = self.scores.metric, self.estimate
        of_mean = self._of_mean(p_adjusted)
        verdict = self._verdict(of_mean)
        known = len(self.scores.baseline) > 0
        return MetricComparison(
            metric=metric.name,
            verdict=verdict,
            provisional=self.method == "bootstrap",
            method=self.method,
            levels=tuple(target for target, _ in self.scores.keys),
            left_out=self.scores.left_out,
            no_data=self.scores.no_data,
            lost=tuple(target for target, _ in self.scores.lost),
            regained=tuple(target for target, _ in self.scores.regained),
            decided_at=tuple(self._changes(verdict)) if verdict != of_mean else (),
            baseline=_rounded(metric.value(float(self.scores.baseline.mean()))) if known else None,
            candidate=_rounded(metric.value(float(self.scores.candidate.mean()))) if known else None,
            change=_rounded(metric.change(self.scores.effect)) if known else None,
            low=None if estimate is None else _rounded(metric.change(estimate.low)),
            high=None if estimate is None else _rounded(metric.change(estimate.high)),
            min_change=_rounded(metric.change(self.min_effect)),
            max_same=_rounded(metric.change(metric.min_effect)),
            p=None if estimate is None else _rounded(estimate.p),
            p_adjusted=None if p_adjusted is None else _rounded(p_adjusted),
            p_permutation=None if self.p_permutation is None else _rounded(self.p_permutation),
            runs_needed=self._runs_needed() if verdict == INCONCLUSIVE else None,
            is_between=verdict == INCONCLUSIVE and self._is_between(),
            reason=self.reason,
        )

    def _verdict(self, of_mean: str) -> str:
        if of_mean == WORSE or self.scores.lost or any(self._levels(WORSE)):
            return WORSE
        if self.scores.left_out:
            return INCONCLUSIVE
        is_better_at = self.scores.regained or any(self._levels(BETTER))
        return BETTER if is_better_at and (of_mean == EQUIVALENT or not self.scores.keys) else of_mean

    def _of_mean(self, p_adjusted: float | None) -> str:
        if self.estimate is None or p_adjusted is None:
            return INCONCLUSIVE
        return self._of_interval(self.estimate, p_adjusted)

    def _levels(self, verdict: str) -> Iterator[LevelEffect]:
        for level in self.by_levels:
            if level.is_better(self.scores.metric) == (verdict == BETTER):
                yield level

    def _changes(self, verdict: str) -> Iterator[LevelChange]:
        change = self.scores.metric.change
        for level in self._levels(verdict) if verdict in (BETTER, WORSE) else ():
            found = level.estimate
            yield LevelChange(level.target, *(_rounded(change(end)) for end in (found.effect, found.low, found.high)))

    def _of_interval(self, estimate: EffectEstimate, p_adjusted: float) -> str:
        least, same = self.min_effect, self.scores.metric.min_effect
        if p_adjusted <= SIGNIFICANCE and (estimate.low > least or estimate.high < -least):
            is_better = (estimate.low > least) == self.scores.metric.higher_is_better
            return BETTER if is_better else WORSE
        return EQUIVALENT if -same < estimate.low and estimate.high < same else INCONCLUSIVE

    def _is_between(self) -> bool:
        if self.estimate is None or self.scores.left_out:
            return False
        least, same = self.min_effect, self.scores.metric.min_effect
        return least > same and same <= abs(self.scores.effect) <= least

    def _runs_needed(self) -> int | None:
        # More runs do not bring back a level without values.
        if self.variances is None or self.scores.left_out:
            return None
        least = max(FULL_RUNS, 1 + min(len(self.scores.baseline), len(self.scores.candidate)))
        room = max(abs(self.scores.effect) - self.min_effect, self.scores.metric.min_effect - abs(self.scores.effect))
        return runs_needed(room, self.variances, least, MAX_RUNS_NAMED)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
