"""The effect with fewer than five runs on a side: blocks of 10 s, and the variation between runs.

The blocks of a level are drawn anew with replacement (a block bootstrap: within 10 s the samples stay as they were,
with their autocorrelation; H. R. Künsch, "The jackknife and the bootstrap for general stationary observations", Annals
of Statistics 17, 1989). The mean of the drawn blocks' scores, minus that of all, is by how much the level's score could
be off. It is scaled by √(k/(k − 1)), because k blocks spread less around their own mean. Blocks give the spread only:
the effect is that of the levels' values.

Throughput is the mean of its blocks themselves, and the logarithm is taken of what was drawn: a block in which nothing
was answered has no logarithm, and a stall is what must not be missing in the spread.

The blocks cannot know how much two runs of the same system differ. So a deviation with the baseline's A/A variation is
added for each run. That variation is itself an estimate, so it is drawn from Student's t. It has the noise within a run
in it already: the interval is wider than it must be, never narrower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradual_master.analysis.comparison.estimates import CONFIDENCE, EffectEstimate, of_error
from gradual_master.analysis.comparison.metrics import THROUGHPUT, ComparedMetric
from gradual_master.analysis.comparison.runs import AaVariation, ComparedRun, LevelKey
from gradual_master.analysis.comparison.scores import MetricScores

Float64 = NDArray[np.float64]

DRAWS = 2_000
MIN_BLOCKS = 3

LEAST_RATIO = 0.01
"""Of a draw in which all blocks are empty, so that it has a logarithm."""


def bootstrap(
    scores: MetricScores,
    baseline: Sequence[ComparedRun],
    candidate: Sequence[ComparedRun],
    variation: AaVariation,
    seed: int = 0,
) -> EffectEstimate | None:
    """The effect of `scores`; None if a level has fewer than `MIN_BLOCKS` blocks with a value."""
    deviations = _deviations(scores, baseline, candidate, random := np.random.default_rng(seed))
    if deviations is None:
        return None
    noise = _between(baseline, candidate, variation) * random.standard_t(variation.runs - 1, DRAWS)
    return _estimate(scores.effect, scores.effect + deviations[1] - deviations[0] + noise)


def estimate_level(
    scores: MetricScores,
    baseline: Sequence[ComparedRun],
    candidate: Sequence[ComparedRun],
    variation: AaVariation,
    confidence: float,
    *,
    seed: int = 0,
) -> EffectEstimate | None:
    """The effect of one level by Student's t, from the same spreads: draws do not show one in a thousand."""
    deviations = _deviations(scores, baseline, candidate, np.random.default_rng(seed))
    if deviations is None:
        return None
    error = math.hypot(_between(baseline, candidate, variation), *(float(found.std()) for found in deviations))
    return of_error(scores.effect, error, variation.runs - 1, confidence)


def _between(baseline: Sequence[ComparedRun], candidate: Sequence[ComparedRun], variation: AaVariation) -> float:
    """The standard error of the effect from the variation between runs."""
    return variation.standard_deviation * math.sqrt(1 / len(baseline) + 1 / len(candidate))


def _deviations(
    scores: MetricScores,
    baseline: Sequence[ComparedRun],
    candidate: Sequence[ComparedRun],
    random: np.random.Generator,
) -> list[Float64] | None:
    """How far the mean score of each side could be off, float64 (draws,) each."""
    deviations = []
    for side in (baseline, candidate):
        runs = [_run_deviations(scores.metric, run, scores.keys, random) for run in side]
        known = [run for run in runs if run is not None]
        if len(known) < len(runs):
            return None
        deviations.append(np.asarray(sum(known) / len(known)))
    return deviations


def _estimate(effect: float, drawn: Float64) -> EffectEstimate:
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    tail = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return EffectEstimate(effect, float(low), float(high), min(1.0, 2 * (1 + tail) / (1 + DRAWS)))


def _run_deviations(
    metric: ComparedMetric, run: ComparedRun, keys: Sequence[LevelKey], random: np.random.Generator
) -> Float64 | None:
    """How far the run's score could be off, float64 (draws,): the mean over its levels."""
    levels = run.by_key()
    total = np.zeros(DRAWS)
    for key in keys:
        blocks = levels[key].blocks.get(metric.name, ())
        found = _of_throughput(blocks, random) if metric.name == THROUGHPUT else _of_scores(metric, blocks, random)
        if found is None:
            return None
        total += found
    return total / len(keys)


def _of_scores(metric: ComparedMetric, values: Sequence[float | None], random: np.random.Generator) -> Float64 | None:
    scores = np.array([score for value in values if (score := metric.score(value)) is not None])
    if len(scores) < MIN_BLOCKS:
        return None
    return _widened(_drawn_means(scores, random) - scores.mean(), len(scores))


def _of_throughput(values: Sequence[float | None], random: np.random.Generator) -> Float64 | None:
    blocks = np.array([value for value in values if value is not None])
    if len(blocks) < MIN_BLOCKS or not blocks.any():
        return None
    ratios = _drawn_means(blocks, random) / blocks.mean()
    return _widened(np.log(np.maximum(ratios, LEAST_RATIO)), len(blocks))


def _drawn_means(values: Float64, random: np.random.Generator) -> Float64:
    return np.asarray(values[random.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1))


def _widened(deviations: Float64, blocks: int) -> Float64:
    return np.asarray(deviations * np.sqrt(blocks / (blocks - 1)))
