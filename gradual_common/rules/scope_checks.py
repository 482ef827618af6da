"""What a scope, a level and a window may be, beside what the rule measures."""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common.rules.rule import METRIC_SERIES, SHARES, Scope, TargetLevel, Window
from gradual_common.rules.value import SERIES_STATISTICS, RuleValue

DIMENSIONS = ("action", "step", "group", "transaction", METRIC_SERIES, "phase", "service", "kind")
ITERATION_DIMENSIONS = ("group", "phase")
TRANSACTION_DIMENSIONS = ("transaction", "group", "phase", "kind")


def mistakes_in(value: RuleValue, scope: Scope) -> Iterator[str]:
    """What is wrong with a scope, as the reasons of errors."""
    for dimension in scope.starred:
        if scope.names(dimension):
            yield f"{dimension}=* is one verdict per {dimension} already; leave its other names out"
    if value.series == "iteration" and (scope.outcomes or not set(scope.dimensions) <= set(ITERATION_DIMENSIONS)):
        yield "iterations are distinguished by group and phase only, such as iteration.p95(group=guest)"
    if value.series == "transaction" or "transaction" in scope.dimensions:
        yield from _of_transactions(value, scope)
    if value.series == METRIC_SERIES or METRIC_SERIES in scope.dimensions:
        yield from _of_metrics(value, scope)
    if scope.outcomes or "kind" in scope.dimensions:
        yield from _of_outcomes(value)


def _of_transactions(value: RuleValue, scope: Scope) -> Iterator[str]:
    if value.series not in {"", "transaction"}:
        yield f"transactions have no {value.series}: leave the transaction, or {value.series}, out"
    if value.statistic == "interrupted":
        yield "a transaction that a stop cuts off is not counted, so there is nothing to judge"
    if other := [name for name in scope.dimensions if name not in TRANSACTION_DIMENSIONS]:
        allowed = ", ".join(TRANSACTION_DIMENSIONS)
        yield f"transactions are not distinguished by {other[0]}, but by {allowed}"


def _of_metrics(value: RuleValue, scope: Scope) -> Iterator[str]:
    """A rule on a custom metric names one, as each has a unit of its own."""
    allowed = SERIES_STATISTICS[METRIC_SERIES]
    if value.series not in {"", METRIC_SERIES}:
        yield f"metrics have no {value.series}: leave the metric, or {value.series}, out"
    if value.statistic not in ("quantile", *allowed):
        yield f"a metric has no {value.statistic}; allowed are p95, {', '.join(allowed)}"
    if METRIC_SERIES not in scope.starred and len(scope.names(METRIC_SERIES)) != 1:
        yield f"{value.name} is of one metric: write {value.name}(metric=NAME)"
    if scope.outcomes or not set(scope.dimensions) <= {METRIC_SERIES, "phase"}:
        yield "metrics are distinguished by name and phase only, such as p95(metric=basket)"


def _of_outcomes(value: RuleValue) -> Iterator[str]:
    if value.statistic == "interrupted":
        yield "an interrupted request has neither succeeded nor failed: leave ok, failed and kind out"
    if value.statistic in SHARES:
        yield f"{value.statistic} is a share of all requests: leave ok, failed and kind out"


def mistake_of_health(value: RuleValue, at: TargetLevel | None, window: Window | None) -> str | None:
    """What is wrong with the level or window of a rule on agents, as the reason of an error."""
    if at is not None or window == "levels":
        return "the health of agents is judged over the run, or `for` a duration: agents have no levels of their own"
    if window == "for" and value.statistic != "cpu" and value.of != "max":
        return f"of a window only the longest lag is known: write agent.{value.statistic}.max"
    return None
