"""The history of a baseline: each metric over its runs, and where its level changed (`analysis.change_points`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradual_master.analysis.change_points import ChangePoint, find_change_points
from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.runs import ComparedRun, match_levels
from gradual_master.analysis.comparison.scores import score_runs
from gradual_master.results.section import Section


@dataclass(frozen=True, slots=True)
class MetricHistory(Section):
    """One metric over the runs of a baseline."""

    metric: str
    values: tuple[float, ...]
    """One per run, the oldest first: the geometric mean over the levels; of the error rate the mean."""
    change_points: tuple[ChangePoint, ...]


def histories_of(runs: Sequence[ComparedRun]) -> tuple[MetricHistory, ...]:
    """The history of each metric over the levels that all runs have; `runs`: the oldest first.

    A metric without a level where every run has a value is left out.
    """
    if not runs:
        return ()
    keys, _ = match_levels(runs)
    found = []
    for metric in METRICS:
        scores = score_runs(metric, runs, (), keys).baseline
        if len(scores):
            values = tuple(float(f"{metric.value(float(score)):.6g}") for score in scores)
            found.append(MetricHistory(metric.name, values, find_change_points(values)))
    return tuple(found)
