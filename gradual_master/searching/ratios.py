"""An objective over a piece of a level, as the two sums whose ratio it limits (`analysis.capacity.measure`).

A request that took longer than its level has been in force began in the level before: after an overload, its users wait
for it while the next level runs. Such samples are left out, so that no level is judged by what another one did.
"""

from __future__ import annotations

from dataclasses import replace

from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import OK
from gradual_common.kinds.values.metrics import NS_PER_STEP
from gradual_common.protocol.batch import ITERATION
from gradual_master.analysis.capacity.measure import CapacityMeasure
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.observing import MEASURE_OF
from gradual_master.results.measures.metrics import MetricValues
from gradual_master.results.measures.totals import Totals

BEYOND_DOUBT = 1.01
"""A histogram's times are within 0.55 %: only what is longer by more than that began before."""


def sums_of(objective: Objective, measure: CapacityMeasure, totals: Totals, elapsed: int) -> tuple[float, float]:
    """Numerator and denominator of the measure over these totals, `elapsed` ns after their level began."""
    longest = elapsed * BEYOND_DOUBT
    if measure.kind == "rate":
        return _count(objective, totals), totals.seconds(totals.within_phases(objective.selection).phases)
    if measure.kind == "share" and objective.rule.quantile is None:
        return _failures(objective, totals, longest)
    histogram, unit = _values(objective, totals)
    # The values of a metric are no times.
    old = 0 if objective.metric is not None else histogram.count_above(longest)
    if measure.kind == "share":
        return max(0, histogram.count_above(objective.rule.limit / unit) - old), histogram.count - old
    total = histogram.sum - histogram.sum_above(longest) if old else histogram.sum
    return total * unit, histogram.count - old


def _failures(objective: Objective, totals: Totals, longest: float) -> tuple[float, float]:
    """Failures and samples, less those that took too long to be of this level."""
    selection = objective.selection
    samples, failures = totals.requests_and_failures(selection)
    times = MEASURE_OF[objective.rule.series]
    old = totals.histogram(times, selection).count_above(longest)
    has_ok = old and (selection.kinds is None or OK in selection.kinds)
    old_ok = totals.histogram(times, replace(selection, kinds=(OK,))).count_above(longest) if has_ok else 0
    return failures - (old - old_ok), samples - old


def _values(objective: Objective, totals: Totals) -> tuple[Histogram, float]:
    """The values, and the rule's unit in those of the histogram (ns, or 1,000 for a step of a metric's resolution)."""
    if objective.metric is not None:
        values = MetricValues(objective.metric, objective.selection.phases, totals)
        return values.histogram, objective.metric.resolution / NS_PER_STEP
    return totals.histogram(MEASURE_OF[objective.rule.series], objective.selection), 1.0


def _count(objective: Objective, totals: Totals) -> float:
    """What a rate counts: iterations, requests, successes, or the sum of a metric."""
    within = totals.within_phases(objective.selection)
    if objective.metric is not None:
        return MetricValues(objective.metric, within.phases, totals).sum or 0.0
    if objective.rule.series == "iteration":
        return totals.histogram(ITERATION, within).count
    samples, failures = totals.requests_and_failures(within)
    return samples if objective.rule.statistic == "request_rate" else samples - failures
