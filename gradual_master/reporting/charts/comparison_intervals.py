"""The intervals of a comparison as drawings (SVG), placed in per cent of a common scale.

Zero is in the middle, so that better and worse are seen at once. The band is what counts as no change. An interval that
leaves the drawing ends at its edge, where it is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradual_master.analysis.comparison.compare import RunComparison
from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.analysis.comparison.verdicts import MetricComparison
from gradual_master.reporting.text.shown_comparison import ShownMetric, shown_metrics

STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
"""Ends of the scale, times a power of ten."""

MAX_REACH = 2.0
"""The scale ends at a change of 200 % at most: a wide interval must not press the others together."""

_RELATIVE = {metric.name: metric.relative for metric in METRICS}


@dataclass(frozen=True, slots=True)
class IntervalPlot:
    """One metric. Places are per cent of the width; None: not known."""

    row: ShownMetric
    reach: str
    """What the ends of the scale mean, without a sign."""
    same_low: float
    same_high: float
    change: float | None
    low: float | None
    high: float | None
    is_open_low: bool
    is_open_high: bool
    describes: str
    """For those who do not see it."""


def interval_plots(result: RunComparison) -> tuple[IntervalPlot, ...]:
    """A drawing per metric; the relative ones have one scale, the error rate its own."""
    reaches = {
        is_relative: _reach([metric for metric in result.metrics if _RELATIVE[metric.metric] is is_relative])
        for is_relative in (True, False)
    }
    pairs = zip(result.metrics, shown_metrics(result), strict=True)
    return tuple(_plot(metric, row, reaches[_RELATIVE[metric.metric]]) for metric, row in pairs)


def _reach(metrics: Sequence[MetricComparison]) -> float:
    """The change at both ends of the scale: a round number that takes in all intervals, and twice the band."""
    ends = [abs(end) for metric in metrics for end in (metric.low, metric.high, metric.change) if end is not None]
    wanted = min(MAX_REACH, max([*ends, *(2 * metric.max_same for metric in metrics)], default=0.1))
    power = 10.0
    while power > wanted:
        power /= 10
    return next(step * power for step in STEPS if step * power >= wanted * (1 - 1e-9))


def _plot(metric: MetricComparison, row: ShownMetric, reach: float) -> IntervalPlot:
    def place(change: float) -> float:
        return round(50 * (1 + max(-1.0, min(1.0, change / reach))), 2)

    low, high, change = metric.low, metric.high, metric.change
    return IntervalPlot(
        row=row,
        reach=f"{100 * reach:g} {'%' if _RELATIVE[metric.metric] else 'pp'}",
        same_low=place(-metric.max_same),
        same_high=place(metric.max_same),
        change=None if change is None else place(change),
        low=None if low is None else place(low),
        high=None if high is None else place(high),
        is_open_low=low is not None and low < -reach,
        is_open_high=high is not None and high > reach,
        describes=f"{row.metric}: {row.verdict}, {row.change}, 95 % interval {row.interval}",
    )
