"""A comparison as people read it: one row of texts per metric, and the sentences around the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradual_master.analysis.comparison.compare import RunComparison
from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.verdicts import EQUIVALENT, INCONCLUSIVE, MAX_RUNS_NAMED, MetricComparison
from gradual_master.analysis.comparison.wording import level_sentences
from gradual_master.comparing.summaries import SummaryComparison
from gradual_master.reporting.text.formatting import NO_DATA, show_number, show_percent
from gradual_master.results.summary.comparison import BaselineComparison

TITLES = {
    "throughput": "throughput",
    "mean": "mean response",
    "p50": "p50 response",
    "p95": "p95 response",
    "p99": "p99 response",
    "error_rate": "error rate",
}
COLUMNS = ("metric", "baseline", "candidate", "change", "95 % interval", "verdict", "runs to decide")

NO_NUMBER = "no number"
"""Of runs decides while they vary so much."""

_RELATIVE = {metric.name: metric.relative for metric in METRICS}


@dataclass(frozen=True, slots=True)
class ShownMetric:
    """One row, in the order of `COLUMNS`."""

    metric: str
    baseline: str
    candidate: str
    change: str
    interval: str
    verdict: str
    needed: str

    def cells(self) -> tuple[str, ...]:
        """The texts of the row."""
        return (
            *(self.metric, self.baseline, self.candidate, self.change),
            *(self.interval, self.verdict, self.needed),
        )


def shown_metrics(result: RunComparison) -> tuple[ShownMetric, ...]:
    """The rows of the table."""
    return tuple(map(_shown, result.metrics))


def _shown(found: MetricComparison) -> ShownMetric:
    return ShownMetric(
        metric=TITLES[found.metric],
        baseline=show_metric(found.metric, found.baseline),
        candidate=show_metric(found.metric, found.candidate),
        change=show_change(found.metric, found.change),
        interval=_interval(found),
        verdict=found.verdict,
        needed=_needed(found),
    )


def show_metric(metric: str, value: float | None) -> str:
    """A value with its unit."""
    if value is None:
        return NO_DATA
    if metric == "error_rate":
        return show_percent(value).replace("%", " %")
    return f"{show_number(value)}{'/s' if metric == 'throughput' else ' ms'}"


def _number(metric: str, change: float) -> str:
    return f"{100 * change:+.1f}" if _RELATIVE[metric] else f"{100 * change:+.2f}"


def _unit(metric: str) -> str:
    return "%" if _RELATIVE[metric] else "pp"


def show_change(metric: str, change: float | None) -> str:
    """A change with its sign: relative, of the error rate in percentage points."""
    return NO_DATA if change is None else f"{_number(metric, change)} {_unit(metric)}"


def _interval(found: MetricComparison) -> str:
    if found.low is None or found.high is None:
        return NO_DATA
    return f"{_number(found.metric, found.low)} to {show_change(found.metric, found.high)}"


def _needed(found: MetricComparison) -> str:
    """How many runs a side would decide an inconclusive metric."""
    if found.verdict != INCONCLUSIVE:
        return ""
    if found.runs_needed is not None:
        return f"about {found.runs_needed}"
    if found.is_between:
        return NO_NUMBER
    return "" if found.left_out or found.reason else f"over {MAX_RUNS_NAMED}"


def headline(result: RunComparison) -> str:
    """The verdict over all metrics, and what it is from."""
    return result.summary[:1].upper() + result.summary[1:]


def remarks(found: SummaryComparison | BaselineComparison) -> tuple[str, ...]:
    """What must be known beside the table, as sentences; without a result nothing."""
    return () if found.result is None else (*_remarks_on(found.result), *found.notes)


def warnings(found: SummaryComparison) -> tuple[str, ...]:
    """Why the runs should not have been compared, but were."""
    return tuple(f"Compared all the same: {refusal}" for refusal in found.refusals)


def _remarks_on(result: RunComparison) -> Iterator[str]:
    levels = ", ".join(f"{target:g}" for target in result.levels)
    yield f"Compared at {levels} users: {', '.join(result.baseline_runs)} against {', '.join(result.candidate_runs)}."
    if result.provisional:
        yield "Provisional: with fewer than 5 runs a side the variation between runs is only guessed at."
    yield from _reasons(result)
    yield from _left_out(result)
    yield from _widths(result)


def _reasons(result: RunComparison) -> Iterator[str]:
    """Why metrics have no interval, each reason once."""
    for reason in dict.fromkeys(metric.reason for metric in result.metrics if metric.reason):
        names = [TITLES[metric.metric] for metric in result.metrics if metric.reason == reason]
        whose = "No metric has an interval" if len(names) == len(result.metrics) else f"No interval: {', '.join(names)}"
        yield f"{whose}: {reason}."


def _left_out(result: RunComparison) -> Iterator[str]:
    for metric in result.metrics:
        yield from (f"{TITLES[metric.metric]}: {metric.verdict} {text}." for text in level_sentences(metric))
    for text in dict.fromkeys(text for metric in result.metrics for text in (*metric.left_out, *metric.no_data)):
        names = [TITLES[metric.metric] for metric in result.metrics if text in (*metric.left_out, *metric.no_data)]
        yield f"Left out of {', '.join(names)}: {text}."


def _widths(result: RunComparison) -> Iterator[str]:
    """What the words mean in this comparison."""
    noisy = [metric for metric in result.metrics if metric.min_change > metric.max_same]
    for metric in noisy:
        least, same = (show_change(metric.metric, end).lstrip("+") for end in (metric.min_change, metric.max_same))
        yield (
            f"Runs of the baseline differ so much that {TITLES[metric.metric]} is worse or better only beyond {least}."
            f"{f' Its change lies between {same} and that: no number of runs decides.' if metric.is_between else ''}"
        )
    if any(metric.verdict == EQUIVALENT for metric in result.metrics):
        yield "Equivalent: over all levels a change of 5 % (error rate: 0.5 percentage points) is ruled out."
