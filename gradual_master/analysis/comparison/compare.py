"""The comparison of two sets of runs: levels matched, metrics judged, words found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradual_master.analysis.comparison import wording
from gradual_master.analysis.comparison.bootstrap import bootstrap, estimate_level
from gradual_master.analysis.comparison.estimates import adjust, welch
from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.permutation import permutation_p
from gradual_master.analysis.comparison.runs import AaVariation, ComparedRun, match_levels
from gradual_master.analysis.comparison.scores import MetricScores, score_runs
from gradual_master.analysis.comparison.single_levels import LevelEffect, level_effects
from gradual_master.analysis.comparison.verdicts import FULL_RUNS, WORSE, MetricComparison, MetricEvidence
from gradual_master.results.section import Section


@dataclass(frozen=True, slots=True)
class RunComparison(Section):
    """Two sets of runs compared."""

    verdict: str
    regression: bool
    """Whether a metric is worse."""
    provisional: bool
    """There are fewer than five runs on a side."""
    baseline_runs: tuple[str, ...]
    candidate_runs: tuple[str, ...]
    levels: tuple[float, ...]
    """The targets of the levels that all runs have."""
    unmatched: tuple[float, ...]
    """The targets of the levels that only some have."""
    metrics: tuple[MetricComparison, ...]
    summary: str
    sentences: tuple[str, ...]
    """One per metric."""


def compare_runs(
    baseline: Sequence[ComparedRun],
    candidate: Sequence[ComparedRun],
    variations: Mapping[str, AaVariation] | None = None,
    seed: int = 0,
) -> RunComparison:
    """Compare a candidate's runs with a baseline's.

    `variations`: the A/A variation per metric, for a baseline of one run. Two runs or more show it themselves, over the
    levels that are compared: the mean of twelve levels varies less than that of the one level that a candidate has.
    `seed` is for the draws of the bootstrap: the same runs give the same result. ValueError: no run on a side, or no
    level that all runs have (`refusals` says so in words).
    """
    if not baseline or not candidate:
        raise ValueError("a side has no runs; each needs at least one")
    keys, others = match_levels((*baseline, *candidate))
    if not keys:
        raise ValueError("no level is in all runs; runs of the same plan have the same levels")
    found = []
    for metric in METRICS:
        scores = score_runs(metric, baseline, candidate, keys)
        found.append(_evidence(scores, baseline, candidate, (variations or {}).get(metric.name), seed))
    judged = _judge(found)
    return RunComparison(
        verdict=wording.overall_verdict(judged),
        regression=any(metric.verdict == WORSE for metric in judged),
        provisional=not _is_full(baseline, candidate),
        baseline_runs=tuple(run.name for run in baseline),
        candidate_runs=tuple(run.name for run in candidate),
        levels=tuple(target for target, _ in keys),
        unmatched=tuple(target for target, _ in others),
        metrics=judged,
        summary=wording.overall_sentence(judged, len(baseline), len(candidate), [target for target, _ in others]),
        sentences=tuple(wording.metric_sentence(metric) for metric in judged),
    )


def _is_full(baseline: Sequence[ComparedRun], candidate: Sequence[ComparedRun]) -> bool:
    return min(len(baseline), len(candidate)) >= FULL_RUNS


def _judge(found: Sequence[MetricEvidence]) -> tuple[MetricComparison, ...]:
    """Each metric's verdict, with p-values corrected over those that have one."""
    adjusted = iter(adjust([evidence.estimate.p for evidence in found if evidence.estimate is not None]))
    return tuple(evidence.compare(None if evidence.estimate is None else next(adjusted)) for evidence in found)


def _evidence(
    scores: MetricScores,
    baseline: Sequence[ComparedRun],
    candidate: Sequence[ComparedRun],
    variation: AaVariation | None,
    seed: int,
) -> MetricEvidence:
    stored, variation = variation, scores.own_variation or variation
    deviation = None if variation is None else variation.standard_deviation
    if not scores.keys:
        return MetricEvidence(scores, None, None, deviation, None, reason=wording.NO_LEVEL)
    if _is_full(baseline, candidate):
        by_levels = tuple(
            level_effects(scores, stored, lambda one, _, share: welch(one.baseline, one.candidate, share))
        )
        return _full_evidence(scores, deviation, by_levels)
    if variation is None:
        return MetricEvidence(scores, None, None, None, None, reason=wording.NO_VARIATION)
    variances = variation.standard_deviation**2, variation.standard_deviation**2
    estimate = bootstrap(scores, baseline, candidate, variation, seed)
    if estimate is None:
        return MetricEvidence(scores, None, None, deviation, variances, reason=wording.NO_BLOCKS)
    by_levels = tuple(
        level_effects(
            scores, stored, lambda one, known, share: estimate_level(one, baseline, candidate, known, share, seed=seed)
        )
    )
    return MetricEvidence(scores, estimate, "bootstrap", deviation, variances, by_levels)


def _full_evidence(scores: MetricScores, deviation: float | None, by_levels: tuple[LevelEffect, ...]) -> MetricEvidence:
    """By Welch."""
    variances = float(scores.baseline.var(ddof=1)), float(scores.candidate.var(ddof=1))
    return MetricEvidence(
        scores,
        welch(scores.baseline, scores.candidate),
        "welch",
        deviation,
        variances,
        by_levels,
        permutation_p(scores.baseline, scores.candidate),
    )
