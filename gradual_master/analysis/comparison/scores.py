"""One score per run and metric: the mean over the matched levels of the metric's scores.

The difference of the mean scores of two sides is the mean over the levels of their log-ratios (or differences), because
every run has every level that counts. So a level counts for a metric only if every run has a value there. A level that
is left out is named: it keeps a metric from being called better or equivalent, because what is missing may be worse (no
throughput has no logarithm; no response, no percentile). A level at which no run has a value is named, too, but keeps
no verdict back: the baseline has nothing there that could be lost, and more runs would bring nothing.

A level that ended long before that of another run, as where a run was aborted, has no values: its first second is no
measurement of a minute.

A level at which all runs of one side answered and none of the other did needs no ratio: the system has stopped
answering there, or answers again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradual_master.analysis.comparison.metrics import THROUGHPUT, ComparedMetric
from gradual_master.analysis.comparison.runs import (
    MIN_VARIATION_RUNS,
    AaVariation,
    ComparedLevel,
    ComparedRun,
    LevelKey,
)

Float64 = NDArray[np.float64]
Levels = Mapping[LevelKey, ComparedLevel]
Side = Sequence[tuple[str, Levels]]
"""The runs of a side: their names and levels."""


WHOLE = 0.5
"""The share of the longest level from which on a level is a whole one."""


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
    lost: tuple[LevelKey, ...] = ()
    """The levels at which all runs of the baseline have throughput, and no run of the candidate has any."""
    regained: tuple[LevelKey, ...] = ()
    """Those at which it is the other way round."""
    by_level: tuple[Float64, Float64] | None = None
    """The scores of each level that counts, of both sides, float64 (runs, levels); None: not known."""

    @property
    def effect(self) -> float:
        """The mean log-ratio or difference, candidate against baseline."""
        return float(self.candidate.mean() - self.baseline.mean())

    @property
    def own_variation(self) -> AaVariation | None:
        """By how much the baseline's runs differ; None: one run does not show it."""
        if len(self.baseline) < MIN_VARIATION_RUNS:
            return None
        return AaVariation(float(self.baseline.std(ddof=1)), len(self.baseline))

    def at(self, place: int) -> MetricScores:
        """The scores of one level, by its place in `keys`."""
        if self.by_level is None:
            raise ValueError("the scores of the single levels are not known")
        first, second = self.by_level
        return MetricScores(self.metric, first[:, place], second[:, place], (self.keys[place],), ())


def score_runs(
    metric: ComparedMetric, baseline: Sequence[ComparedRun], candidate: Sequence[ComparedRun], keys: Sequence[LevelKey]
) -> MetricScores:
    """The scores of all runs over the levels `keys`, which every run has."""
    sides = [[(run.name, run.by_key()) for run in side] for side in (baseline, candidate)]
    runs = (*sides[0], *sides[1])
    gaps = {key: found for key in keys if (found := list(_gaps(metric, runs, key)))}
    kept = tuple(key for key in keys if key not in gaps)
    lost = tuple(_stopped(metric, sides[0], sides[1], gaps))
    regained = tuple(_stopped(metric, sides[1], sides[0], gaps))
    unknown = {key: found for key, found in gaps.items() if key not in (*lost, *regained)}
    first, second = (np.array([_scores(metric, levels, kept) for _, levels in side]) for side in sides)
    return MetricScores(
        metric,
        _means(first),
        _means(second),
        kept,
        left_out=tuple(f"{key[0]:g} users: {found[0]}" for key, found in unknown.items() if len(found) < len(runs)),
        no_data=tuple(_of_no_run(key, runs) for key, found in unknown.items() if len(found) == len(runs)),
        lost=lost,
        regained=regained,
        by_level=(first, second),
    )


def _stopped(metric: ComparedMetric, before: Side, after: Side, keys: Iterable[LevelKey]) -> Iterator[LevelKey]:
    """The levels where all runs `before` have throughput, and those `after` have none."""
    if metric.name != THROUGHPUT or not after:
        return
    for key in keys:
        longest = _longest([*before, *after], key)
        if any(_is_cut(levels[key], longest) for _, levels in (*before, *after)):
            continue
        values, later = ([levels[key].values.get(THROUGHPUT) for _, levels in side] for side in (before, after))
        # None is no zero: nothing is known of such a level.
        if all(value is not None and value > 0 for value in values) and all(value == 0 for value in later):
            yield key


def _gaps(metric: ComparedMetric, runs: Side, key: LevelKey) -> Iterator[str]:
    """Why runs have no score at a level, one text for each of them."""
    longest = _longest(runs, key)
    for name, levels in runs:
        if _is_cut(levels[key], longest):
            yield f"{name} ended after {levels[key].duration_s:g} s of {longest:g} s"
            continue
        value = levels[key].values.get(metric.name)
        if metric.score(value) is None:
            reason = levels[key].reason
            missing = f"no value ({reason})" if reason else "no value"
            yield f"{name} has {missing if value is None else f'{value:g}, which has no ratio'}"


def _longest(runs: Side, key: LevelKey) -> float:
    return max((levels[key].duration_s or 0.0 for _, levels in runs), default=0.0)


def _is_cut(level: ComparedLevel, longest: float) -> bool:
    return level.duration_s is not None and level.duration_s < WHOLE * longest


def _of_no_run(key: LevelKey, runs: Side) -> str:
    reasons = ", ".join(dict.fromkeys(reason for _, levels in runs if (reason := levels[key].reason)))
    return f"{key[0]:g} users: no run has a value{f' ({reasons})' if reasons else ''}"


def _scores(metric: ComparedMetric, levels: Levels, keys: Sequence[LevelKey]) -> list[float]:
    scores = [metric.score(levels[key].values.get(metric.name)) for key in keys]
    return [score for score in scores if score is not None]


def _means(by_level: Float64) -> Float64:
    """Of each run; empty if there are no runs or no levels."""
    return np.asarray(by_level.mean(axis=1)) if by_level.size else np.array([])
