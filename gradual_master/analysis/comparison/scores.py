"""One score per run and metric: the mean over the matched levels of the metric's scores.

The difference of the mean scores of two sides is the mean over the levels of their log-ratios (or differences), because
every run has every level that counts. So a level counts for a metric only if every run has a value there. A level that
is left out is named: it keeps a metric from being called better or equivalent, because what is missing may be worse (no
throughput has no logarithm; no response, no percentile).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradual_master.analysis.comparison.metrics import ComparedMetric
from gradual_master.analysis.comparison.runs import ComparedLevel, ComparedRun, LevelKey

Float64 = NDArray[np.float64]
Levels = Mapping[LevelKey, ComparedLevel]


@dataclass(frozen=True, slots=True)
class MetricScores:
    """The scores of one metric."""

    metric: ComparedMetric
    baseline: Float64
    """One per run, float64 (runs,)."""
    candidate: Float64
    keys: tuple[LevelKey, ...]
    """The levels that count; if there are none, both arrays are empty."""
    left_out: tuple[str, ...]
    """Why a level does not count, one text each."""

    @property
    def effect(self) -> float:
        """The mean log-ratio or difference, candidate against baseline."""
        return float(self.candidate.mean() - self.baseline.mean())


def score_runs(
    metric: ComparedMetric, baseline: Sequence[ComparedRun], candidate: Sequence[ComparedRun], keys: Sequence[LevelKey]
) -> MetricScores:
    """The scores of all runs over the levels `keys`, which every run has."""
    sides = [[(run.name, run.by_key()) for run in side] for side in (baseline, candidate)]
    left_out = {key: why for key in keys if (why := next(_gaps(metric, (*sides[0], *sides[1]), key), None))}
    kept = tuple(key for key in keys if key not in left_out)
    first, second = ([_score(metric, levels, kept) for _, levels in side] if kept else [] for side in sides)
    return MetricScores(metric, np.array(first), np.array(second), kept, tuple(left_out.values()))


def _gaps(metric: ComparedMetric, runs: Sequence[tuple[str, Levels]], key: LevelKey) -> Iterator[str]:
    """Why runs have no score at a level."""
    for name, levels in runs:
        value = levels[key].values.get(metric.name)
        if metric.score(value) is None:
            what = "no value" if value is None else f"{value:g}, which has no ratio"
            yield f"{key[0]:g} users: {name} has {what}"


def _score(metric: ComparedMetric, levels: Levels, keys: Sequence[LevelKey]) -> float:
    scores = [metric.score(levels[key].values.get(metric.name)) for key in keys]
    return float(np.mean([score for score in scores if score is not None]))
