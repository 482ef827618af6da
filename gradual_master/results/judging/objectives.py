"""Objectives: the plan's limits for a run, observed during the run and judged at its end.

An objective looks at the run so far. `first_failed_at_s` is the end of the first closed interval at which the run so
far broke it, `worst` its worst value at any of them; both leave out moments with too few samples for the statistic.
A count that must be reached is judged at the end alone.

No data fails an objective, with two exceptions that are reported but not judged (`passed` None): one that is made of a
`*`, and a step's `success_rate`. In a run that was cut short nothing is judged that lacks data, or has not reached
its count yet (docs/design/results.md, "Objectives").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from gradual_common.clock import NS_PER_MS
from gradual_common.plan.model.series import MetricSeries
from gradual_common.protocol.batch import CONNECT, EXCHANGE, ITERATION, RESPONSE_TIME, TRANSACTION, TTFB
from gradual_common.rules.rule import Rule, Unit, compare
from gradual_common.units import count
from gradual_master.results.measures.metrics import MetricValues, rate_of
from gradual_master.results.measures.totals import Selection, Totals
from gradual_master.results.section import Section

MEASURE_OF = {
    "": RESPONSE_TIME,
    "exchange": EXCHANGE,
    "ttfb": TTFB,
    "connect": CONNECT,
    "iteration": ITERATION,
    "transaction": TRANSACTION,
}

SHOWN_UNITS: dict[Unit, str] = {"ns": "ms", "%": "%", "/s": "/s", "": ""}


@dataclass(frozen=True, slots=True)
class Objective:
    """A rule made concrete."""

    name: str
    rule: Rule
    scope: str
    selection: Selection
    """The samples that it is about."""
    severity: str = "fail"
    needs_data: bool = True
    """No data fails it."""
    is_own: bool = True
    """It is written in the plan; False for a default."""
    advice: str = ""
    """What to do about it, after the reason."""
    metric: MetricSeries | None = None
    """The custom metric that it is about."""
    aborts_from_s: float | None = None
    """From when on it ends the run when it is broken, seconds since the schedule's start; None: never."""

    @property
    def enough(self) -> int:
        """The fewest samples for which the statistic is meaningful: the p99 of ten samples is their maximum."""
        # A p99 needs 100 samples, so that one of them lies above it; a p1 as many, below it. `round`, because 1 / (1 −
        # 0.99) is 99.99999999999991 and 1 / (1 − 0.9) is 10.000000000000002.
        q = self.rule.quantile
        return ceil(round(1 / min(q, 1 - q), 6)) if q is not None else 1

    @property
    def is_judged_live(self) -> bool:
        """Whether the run so far can break it for good: a count that is to be reached cannot."""
        return self.rule.can_be_broken_early


@dataclass(frozen=True, slots=True)
class ObjectiveRow(Section):
    """The judgement of one objective."""

    name: str
    rule: str
    scope: str
    observed: float | None
    limit: float
    unit: str
    """Of `observed`, `limit` and `worst`: "ms", "%", "/s" or "" for a count."""
    samples: int
    severity: str
    passed: bool | None
    """None: there is no data to judge."""
    first_failed_at_s: float | None
    worst: float | None
    reason: str | None
    """Why it did not pass; None when it did."""

    @property
    def without_judgement(self) -> str:
        """Why `passed` is None, in two words."""
        return "no data" if self.observed is None else "not judged"


@dataclass(slots=True)
class Watch:
    """One objective during the run."""

    objective: Objective
    first_failed_at_s: float | None = None
    worst: float | None = None
    abort_reason: str | None = None
    """Why it ended the run, if it did: it has failed then, whatever the last requests of the drain change."""
    _is_broken: bool = False
    """Whether the run so far broke it when it was last looked at."""

    def look(self, totals: Totals, at_s: float) -> ObjectiveRow:
        """Judge the run so far at the end of an interval."""
        seen = self._observe(totals)
        self._is_broken = False
        if seen.value is not None and seen.samples >= self.objective.enough and self.objective.is_judged_live:
            self._remember(seen.value)
            self._is_broken = not self.objective.rule.holds(seen.value)
            if self.first_failed_at_s is None and self._is_broken:
                self.first_failed_at_s = at_s
        return self._row(seen)

    def ends_run(self, totals: Totals, at_s: float) -> str | None:
        """Why the run ends at the end of this interval, at which the objective was looked at; None if it does not."""
        begin = self.objective.aborts_from_s
        if begin is not None and at_s >= begin and self._is_broken and self.abort_reason is None:
            seen = self._observe(totals)
            assert seen.value is not None, "without data nothing is broken"
            value, samples = describe(seen.value, self.objective.rule.unit), count(seen.samples, "sample")
            self.abort_reason = (
                f"stopped early: objective {self.objective.name}: observed {value} over {samples} at {at_s:g} s"
            )
        return self.abort_reason

    def judge(self, totals: Totals, *, is_cut_short: bool = False) -> ObjectiveRow:
        """Judge the whole run, or as much of it as there was."""
        seen = self._observe(totals)
        if seen.value is not None:
            self._remember(seen.value)
        row = self._row(seen)
        if not is_cut_short or not self._is_open(seen):
            return row
        value = "no data" if seen.value is None else describe(seen.value, self.objective.rule.unit)
        return replace(row, passed=None, reason=f"{self.objective.name}: {value} when the run was cut short")

    def _is_open(self, seen: Observation) -> bool:
        """Whether the rest of the run might still have met it."""
        objective = self.objective
        if self.abort_reason is not None:
            return False
        return seen.value is None or not (objective.is_judged_live or objective.rule.holds(seen.value))

    def _observe(self, totals: Totals) -> Observation:
        objective = self.objective
        if objective.metric is not None:
            return observe_metric(objective.rule, objective.metric, objective.selection, totals)
        return observe(objective.rule, objective.selection, totals)

    def _remember(self, value: float) -> None:
        if self.worst is None or self._is_worse(value, self.worst):
            self.worst = value

    def _is_worse(self, value: float, than: float) -> bool:
        rule = self.objective.rule
        if rule.op == "==":
            return abs(value - rule.limit) > abs(than - rule.limit)
        return not compare(value, "<=" if rule.op.startswith("<") else ">=", than)

    def _row(self, seen: Observation) -> ObjectiveRow:
        objective, rule = self.objective, self.objective.rule
        return ObjectiveRow(
            name=objective.name,
            rule=rule.text,
            scope=objective.scope,
            observed=in_report_unit(seen.value, rule.unit),
            limit=in_report_unit(rule.limit, rule.unit) or 0.0,
            unit=SHOWN_UNITS[rule.unit],
            samples=seen.samples,
            severity=objective.severity,
            passed=self._passed(seen),
            first_failed_at_s=self.first_failed_at_s,
            worst=in_report_unit(self.worst, rule.unit),
            reason=self._reason(seen),
        )

    def _passed(self, seen: Observation) -> bool | None:
        if self.abort_reason is not None:
            return False
        if seen.value is None:
            return False if self.objective.needs_data else None
        return self.objective.rule.holds(seen.value)

    def _reason(self, seen: Observation) -> str | None:
        if self.abort_reason is not None:
            return self.abort_reason
        if seen.value is None:
            return f"{self.objective.name}: no data"
        rule = self.objective.rule
        if rule.holds(seen.value):
            return None
        observed = describe(seen.value, rule.unit)
        since = f"; first broken at {self.first_failed_at_s:g} s" if self.first_failed_at_s is not None else ""
        return f"{self.objective.name}: {observed} over {count(seen.samples, 'sample')}{since}{self.objective.advice}"


def in_report_unit(value: float | None, unit: Unit) -> float | None:
    """A value in the unit that reports use, rounded to a thousandth of it."""
    return None if value is None else round(value / NS_PER_MS if unit == "ns" else value, 3)


def describe(value: float, unit: Unit) -> str:
    """A value in words: `612 ms`, `2.5%`, `49.1/s`, `3`."""
    number = f"{in_report_unit(value, unit):,.6g}"
    return f"{number} ms" if unit == "ns" else f"{number}{SHOWN_UNITS[unit]}"


@dataclass(frozen=True, slots=True)
class Observation:
    """A value in the rule's unit, None without data, and the number of samples that it is made of."""

    value: float | None
    samples: int


def observe(rule: Rule, selection: Selection, totals: Totals) -> Observation:
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
