"""One score per run and metric: the mean over the matched levels of the metric's scores.

The difference of the mean scores of two sides is the mean over the levels of their log-ratios (or differences), because
every run has every level that counts. So a level counts for a metric only if every run has a value there. A level that
is left out is named: it keeps a metric from being called better or equivalent, because what is missing may be worse (no
throughput has no logarithm; no response, no percentile). A level at which no run has a value is named, too, but keeps
no verdict back: the baseline has nothing there that could be lost, and more runs would bring nothing.
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
    """Why a level does not count though a run has a value there, one text each."""
    no_data: tuple[str, ...] = ()
    """The levels at which no run has a value, one text each."""

    @property
    def effect(self) -> float:
        """The mean log-ratio or difference, candidate against baseline."""
        return float(self.candidate.mean() - self.baseline.mean())


def score_runs(
    metric: ComparedMetric, baseline: Sequence[ComparedRun], candidate: Sequence[ComparedRun], keys: Sequence[LevelKey]
) -> MetricScores:
    """The scores of all runs over the levels `keys`, which every run has."""
    sides = [[(run.name, run.by_key()) for run in side] for side in (baseline, candidate)]
    runs = (*sides[0], *sides[1])
    gaps = {key: found for key in keys if (found := list(_gaps(metric, runs, key)))}
    kept = tuple(key for key in keys if key not in gaps)
    first, second = ([_score(metric, levels, kept) for _, levels in side] if kept else [] for side in sides)
    return MetricScores(
        metric,
        np.array(first),
        np.array(second),
        kept,
        left_out=tuple(f"{key[0]:g} users: {found[0]}" for key, found in gaps.items() if len(found) < len(runs)),
        no_data=tuple(_of_no_run(key, runs) for key, found in gaps.items() if len(found) == len(runs)),
    )


def _gaps(metric: ComparedMetric, runs: Sequence[tuple[str, Levels]], key: LevelKey) -> Iterator[str]:
    """Why runs have no score at a level, one text for each of them."""
    for name, levels in runs:
        value = levels[key].values.get(metric.name)
        if metric.score(value) is None:
            reason = levels[key].reason
            missing = f"no value ({reason})" if reason else "no value"
            yield f"{name} has {missing if value is None else f'{value:g}, which has no ratio'}"


def _of_no_run(key: LevelKey, runs: Sequence[tuple[str, Levels]]) -> str:
    reasons = ", ".join(dict.fromkeys(reason for _, levels in runs if (reason := levels[key].reason)))
    return f"{key[0]:g} users: no run has a value{f' ({reasons})' if reasons else ''}"


def _score(metric: ComparedMetric, levels: Levels, keys: Sequence[LevelKey]) -> float:
    scores = [metric.score(levels[key].values.get(metric.name)) for key in keys]
    return float(np.mean([score for score in scores if score is not None]))
