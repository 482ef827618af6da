"""An objective over a piece of a level, as the two sums whose ratio it limits (`analysis.capacity.measure`)."""

from __future__ import annotations

from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.values.metrics import NS_PER_STEP
from gradual_common.protocol.batch import ITERATION
from gradual_master.analysis.capacity.measure import CapacityMeasure
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.observing import MEASURE_OF
from gradual_master.results.measures.metrics import MetricValues
from gradual_master.results.measures.totals import Totals


def sums_of(objective: Objective, measure: CapacityMeasure, totals: Totals) -> tuple[float, float]:
    """Numerator and denominator of the measure over these totals."""
    if measure.kind == "rate":
        return _count(objective, totals), totals.seconds(totals.within_phases(objective.selection).phases)
    if measure.kind == "share" and objective.rule.quantile is None:
        samples, failures = totals.requests_and_failures(objective.selection)
        return failures, samples
    histogram, unit = _values(objective, totals)
    if measure.kind == "share":
        return histogram.count_above(objective.rule.limit / unit), histogram.count
    return histogram.sum * unit, histogram.count


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
