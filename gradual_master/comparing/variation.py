"""How much runs of the same system differ (the A/A variation): the deviation of one run's score, per metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.runs import MIN_VARIATION_RUNS, AaVariation, ComparedRun, match_levels
from gradual_master.analysis.comparison.scores import Float64, score_runs


def variations_of(runs: Sequence[ComparedRun]) -> dict[str, AaVariation]:
    """The variation of each metric over the levels that all runs have; empty for fewer than two runs.

    A metric without a level where every run has a value is left out.
    """
    if len(runs) < MIN_VARIATION_RUNS:
        return {}
    return {name: AaVariation(float(found.std(ddof=1)), len(runs)) for name, found in _scores(runs)}


def mean_scores(runs: Sequence[ComparedRun]) -> dict[str, float]:
    """The mean score of each metric over the same levels (`ComparedMetric.value` makes a value of it)."""
    return {name: float(found.mean()) for name, found in _scores(runs)}


def _scores(runs: Sequence[ComparedRun]) -> Iterator[tuple[str, Float64]]:
    """Of each metric that has any, one per run."""
    keys, _ = match_levels(runs)
    for metric in METRICS:
        found = score_runs(metric, runs, (), keys)
        if found.keys:
            yield metric.name, found.baseline
