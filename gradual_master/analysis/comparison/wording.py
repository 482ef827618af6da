"""The words of a comparison, for people: one sentence per metric, and one for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.verdicts import (
    BETTER,
    EQUIVALENT,
    FULL_RUNS,
    INCONCLUSIVE,
    MAX_RUNS_NAMED,
    WORSE,
    MetricComparison,
)

_TITLES = {metric.name: metric.title for metric in METRICS}
_RELATIVE = {metric.name: metric.relative for metric in METRICS}

NO_VARIATION = (
    f"with fewer than {FULL_RUNS} runs a side it takes the baseline's A/A variation, of 2 runs or more; "
    "without it nobody knows how much two runs of the same system differ"
)
NO_BLOCKS = "a level has too few blocks of 10 s with a value: 30 s are needed"
NO_LEVEL = "no level has a value in every run"


def metric_sentence(found: MetricComparison) -> str:
    """What was found for a metric."""
    parts = [f"{_TITLES[found.metric]}: {found.verdict}{' (provisional)' if found.provisional else ''}"]
    parts += level_sentences(found)
    if found.change is not None:
        where = "over all levels " if found.decided_at else ""
        parts.append(f"{where}{_change(found, found.change)}{_interval(found)}")
    if found.verdict == INCONCLUSIVE:
        parts.append(found.reason or _needed(found))
    if found.verdict == EQUIVALENT:
        parts.append(f"no change of {_amount(found, found.max_same)} or more")
    if found.left_out or found.no_data:
        parts.append(f"left out: {'; '.join((*found.left_out, *found.no_data))}")
    return "; ".join(parts)


def level_sentences(found: MetricComparison) -> Iterator[str]:
    """The levels that decide though the mean does not, as parts of a sentence."""
    if found.lost:
        yield f"at {_users(found.lost)} nothing was answered"
    if found.regained:
        yield f"at {_users(found.regained)} only the baseline answered nothing"
    for level in found.decided_at:
        ends = f"{_number(found, level.low)} to {_change(found, level.high)}"
        yield f"at {_users((level.target,))} {_change(found, level.change)} (interval {ends})"


def _users(targets: Sequence[float]) -> str:
    return f"{', '.join(f'{target:g}' for target in targets)} users"


def _needed(found: MetricComparison) -> str:
    if found.left_out:
        return "a level without values cannot be judged"
    if found.is_between:
        return (
            f"the change lies between {_amount(found, found.max_same)} and {_amount(found, found.min_change)}: "
            "while runs differ so much, no number of them decides"
        )
    if found.runs_needed is None:
        return f"more than {MAX_RUNS_NAMED} runs a side would be needed to decide"
    return f"about {found.runs_needed} runs a side would decide it"


def _interval(found: MetricComparison) -> str:
    if found.low is None or found.high is None:
        return ""
    return f" (95 % interval {_number(found, found.low)} to {_change(found, found.high)})"


def _change(found: MetricComparison, change: float) -> str:
    return f"{_number(found, change)} {'%' if _RELATIVE[found.metric] else 'percentage points'}"


def _number(found: MetricComparison, change: float) -> str:
    return f"{100 * change:+.1f}" if _RELATIVE[found.metric] else f"{100 * change:+.2f}"


def _amount(found: MetricComparison, change: float) -> str:
    return _change(found, change).lstrip("+")


def overall_verdict(found: Sequence[MetricComparison]) -> str:
    """Worse if any metric is; else inconclusive if any is; else better if any is; else equivalent."""
    verdicts = {metric.verdict for metric in found}
    return next((verdict for verdict in (WORSE, INCONCLUSIVE, BETTER) if verdict in verdicts), EQUIVALENT)


def overall_sentence(
    found: Sequence[MetricComparison], baseline_runs: int, candidate_runs: int, unmatched: Sequence[float]
) -> str:
    """The verdict over all metrics, and what it is from; `unmatched`: levels that only some runs have."""
    verdict = overall_verdict(found)
    names = [_TITLES[metric.metric] for metric in found if metric.verdict == verdict]
    runs = f"{baseline_runs} against {candidate_runs} run{'s' if candidate_runs > 1 else ''}"
    provisional = ", provisional" if any(metric.provisional for metric in found) else ""
    whose = "all metrics" if len(names) == len(found) else ", ".join(names)
    missing = "".join(f"; not in all runs: {target:g} users" for target in unmatched)
    return f"{verdict}: {whose} ({runs}{provisional}){missing}"
