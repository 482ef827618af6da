"""What the statistic of a rule is over measurements: of a run so far, of a window, or of levels."""

from __future__ import annotations

from dataclasses import dataclass

from gradual_common.plan.model.series import MetricSeries
from gradual_common.protocol.batch import CONNECT, EXCHANGE, ITERATION, RESPONSE_TIME, TRANSACTION, TTFB
from gradual_common.rules.rule import Rule
from gradual_master.results.judging.objectives.objective import Objective, is_worse
from gradual_master.results.measures.metrics import MetricValues, rate_of
from gradual_master.results.measures.totals import Selection, Totals

MEASURE_OF = {
    "": RESPONSE_TIME,
    "exchange": EXCHANGE,
    "ttfb": TTFB,
    "connect": CONNECT,
    "iteration": ITERATION,
    "transaction": TRANSACTION,
}


@dataclass(frozen=True, slots=True)
class Observation:
    """A value in the rule's unit, None without data, and the number of samples that it is made of."""

    value: float | None
    samples: int
    where: str = ""
    """Which part of the run it is of: ` from 12 s to 22 s`, ` at 200 users`; empty if it is all of it."""


NOTHING = Observation(None, 0)


def observe(objective: Objective, totals: Totals) -> Observation:
    """What the statistic of an objective is over these totals."""
    if objective.metric is not None:
        return observe_metric(objective.rule, objective.metric, objective.selection, totals)
    return observe_samples(objective.rule, objective.selection, totals)


def worse_of(rule: Rule, one: Observation, other: Observation) -> Observation:
    """The one that is further on the wrong side of the limit; the first of equals; data rather than none."""
    if one.value is None or other.value is None:
        return other if one.value is None else one
    return other if is_worse(rule, other.value, one.value) else one


def observe_samples(rule: Rule, selection: Selection, totals: Totals) -> Observation:
    """What the rule's statistic is over these samples."""
    if rule.unit == "ns" or (rule.series and rule.statistic == "count"):
        histogram = totals.histogram(MEASURE_OF[rule.series], selection)
        # Every other statistic of times is a property of the histogram: mean, min, max or count.
        value = getattr(histogram, rule.statistic) if rule.quantile is None else histogram.quantile(rule.quantile)
        return Observation(value, histogram.count)
    if rule.series == "iteration":  # Iterations per second.
        within = totals.within_phases(selection)
        samples = totals.histogram(ITERATION, within).count
        return Observation(_rate(samples, totals.seconds(within.phases)), samples)
    return _of_requests(rule.statistic, selection, totals)


def observe_metric(rule: Rule, series: MetricSeries, selection: Selection, totals: Totals) -> Observation:
    """What the rule's statistic is over the values of a custom metric."""
    values = MetricValues(series, selection.phases, totals)
    if rule.statistic == "rate":
        phases = totals.within_phases(selection).phases
        return Observation(rate_of(series, phases, totals), MetricValues(series, phases, totals).count)
    value = getattr(values, rule.statistic) if rule.quantile is None else values.quantile(rule.quantile)
    return Observation(value, values.count)


def _of_requests(statistic: str, selection: Selection, totals: Totals) -> Observation:
    samples, failures = totals.requests_and_failures(selection)
    value: float | None
    match statistic:
        case "count":
            value = samples
        case "interrupted":
            value = totals.counter("interrupted", selection)
        case "failures":
            value = failures
        case "error_rate":
            value = _share(failures, samples)
        case "success_rate":
            value = _share(samples - failures, samples)
        case "throughput" | "request_rate":
            within = totals.within_phases(selection)
            samples, failures = totals.requests_and_failures(within)
            samples -= failures if statistic == "throughput" else 0
            value = _rate(samples, totals.seconds(within.phases))
        case _:
            raise ValueError(f"the statistic {statistic} has no value here")
    return Observation(value, samples)


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds else None
