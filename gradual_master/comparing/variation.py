"""How much runs of the same system differ (the A/A variation): the deviation of one run's score, per metric."""

from __future__ import annotations

from collections.abc import Sequence

from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.runs import AaVariation, ComparedRun, match_levels
from gradual_master.analysis.comparison.scores import score_runs

MIN_RUNS = 2


def variations_of(runs: Sequence[ComparedRun]) -> dict[str, AaVariation]:
    """The variation of each metric over the levels that all runs have; empty for fewer than two runs.

    A metric without a level where every run has a value is left out.
    """
    if len(runs) < MIN_RUNS:
        return {}
    keys, _ = match_levels(runs)
    scores = {metric.name: score_runs(metric, runs, (), keys).baseline for metric in METRICS}
    return {name: AaVariation(float(found.std(ddof=1)), len(runs)) for name, found in scores.items() if len(found)}
