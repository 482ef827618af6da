"""The value of a rule's left side, from merged totals."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import OK
from gradual_common.protocol.batch import CONNECT, EXCHANGE, ITERATION, RESPONSE_TIME, TTFB
from gradual_common.rules import Rule
from gradual_master.results.measures.totals import Selection, Totals

MEASURE_OF = {"": RESPONSE_TIME, "exchange": EXCHANGE, "ttfb": TTFB, "connect": CONNECT, "iteration": ITERATION}


@dataclass(frozen=True, slots=True)
class Observation:
    """A value in the rule's unit, None without data, and the number of samples behind it."""

    value: float | None
    samples: int


def observe(rule: Rule, selection: Selection, totals: Totals) -> Observation:
    """What the rule's statistic is over these samples."""
    if rule.unit == "ns" or (rule.series and rule.statistic == "count"):
        return _of_times(rule, totals.histogram(MEASURE_OF[rule.series], selection))
    if rule.series == "iteration":
        return _of_iterations(selection, totals)
    return _of_requests(rule.statistic, selection, totals)


def _of_times(rule: Rule, histogram: Histogram) -> Observation:
    samples = histogram.count
    values: dict[str, float | None] = {
        "mean": histogram.mean,
        "min": histogram.min,
        "max": histogram.max,
        "count": samples,
    }
    value = histogram.quantile(rule.quantile) if rule.quantile is not None else values[rule.statistic]
    return Observation(value, samples)


def _of_iterations(selection: Selection, totals: Totals) -> Observation:
    """Iterations a second."""
    within = totals.within_phases(selection)
    count = totals.histogram(ITERATION, within).count
    return Observation(_rate(count, totals.seconds(within.phases)), count)


def _of_requests(statistic: str, selection: Selection, totals: Totals) -> Observation:
    samples = totals.requests(selection)
    match statistic:
        case "count":
            return Observation(samples, samples)
        case "interrupted":
            return Observation(totals.counter("interrupted", selection), samples)
        case "failures":
            return Observation(_count(totals, selection, totals.kinds[1:]), samples)
        case "error_rate":
            return Observation(_share(_count(totals, selection, totals.kinds[1:]), samples), samples)
        case "success_rate":
            return Observation(_share(_count(totals, selection, (OK,)), samples), samples)
    within = totals.within_phases(selection)
    kinds = (OK,) if statistic == "throughput" else totals.kinds
    count = _count(totals, within, kinds)
    return Observation(_rate(count, totals.seconds(within.phases)), count)


def _count(totals: Totals, selection: Selection, kinds: tuple[int, ...]) -> int:
    """Samples of the selection that are also of these kinds."""
    if selection.kinds is not None:
        kinds = tuple(kind for kind in kinds if kind in selection.kinds)
    return totals.requests(replace(selection, kinds=kinds))


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds else None
