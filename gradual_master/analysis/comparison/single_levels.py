"""Whether a single level contradicts the mean over the levels.

A system that breaks at its highest load alone is 4 % slower in the mean of twelve levels. So each level is tested by
itself, too: its interval, corrected for the number of levels and metrics (Bonferroni), must lie beyond the smallest
effect that counts there, with the variation of that level. Such a level decides: a metric with one that is worse is
worse, and one that is equivalent but for a level that is better is better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gradual_master.analysis.comparison.estimates import CONFIDENCE, EffectEstimate
from gradual_master.analysis.comparison.metrics import METRICS, ComparedMetric
from gradual_master.analysis.comparison.runs import AaVariation
from gradual_master.analysis.comparison.scores import MetricScores

TIMES_VARIATION = 2
"""What two runs of one system differ by is no finding."""

LevelEstimate = Callable[[MetricScores, AaVariation, float], EffectEstimate | None]
"""The estimate of an effect at one level, by the level's variation and the confidence."""


@dataclass(frozen=True, slots=True)
class LevelEffect:
    """A level whose whole interval lies beyond what counts."""

    target: float
    estimate: EffectEstimate

    def is_better(self, metric: ComparedMetric) -> bool:
        """Else it is worse."""
        return (self.estimate.effect > 0) == metric.higher_is_better


def least_effect(metric: ComparedMetric, deviation: float | None) -> float:
    """The smallest effect that counts as better or worse, on the scale of the scores."""
    return max(metric.min_effect, TIMES_VARIATION * (deviation or 0.0))


def level_effects(scores: MetricScores, stored: AaVariation | None, estimate: LevelEstimate) -> Iterator[LevelEffect]:
    """The levels that differ by themselves; none if there is only one, which is the mean.

    `stored`: the variation over all levels, for a baseline of one run.
    """
    count = len(scores.keys)
    confidence = 1 - (1 - CONFIDENCE) / (count * len(METRICS)) if count else CONFIDENCE
    for place in range(count if count > 1 else 0):
        level = scores.at(place)
        variation = level.own_variation or _of_one_level(stored, count)
        if variation is None:
            continue
        found = estimate(level, variation, confidence)
        if found is not None and _counts(found, least_effect(scores.metric, variation.standard_deviation)):
            yield LevelEffect(scores.keys[place][0], found)


def _of_one_level(stored: AaVariation | None, levels: int) -> AaVariation | None:
    """At most: the mean of levels that vary independently varies least."""
    return None if stored is None else AaVariation(stored.standard_deviation * levels**0.5, stored.runs)


def _counts(found: EffectEstimate, least: float) -> bool:
    return found.low > least or found.high < -least
