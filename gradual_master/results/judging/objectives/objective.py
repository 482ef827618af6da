"""An objective: a rule of the plan made concrete, and the row that judges it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from gradual_common.clock import NS_PER_MS
from gradual_common.plan.model.series import MetricSeries
from gradual_common.rules.rule import Rule, Unit, compare
from gradual_master.results.measures.totals import Selection
from gradual_master.results.section import Section

SHOWN_UNITS: dict[Unit, str] = {"ns": "ms", "%": "%", "/s": "/s", "users": "users", "": ""}


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


@dataclass(frozen=True, slots=True)
class ObjectiveRow(Section):
    """The judgement of one objective."""

    name: str
    rule: str
    scope: str
    observed: float | None
    limit: float
    unit: str
    """Of `observed`, `limit` and `worst`: "ms", "%", "/s", "users" or "" for a count."""
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


def is_worse(rule: Rule, value: float, than: float) -> bool:
    """Whether one value is further on the wrong side of the limit than another."""
    if rule.op == "==":
        return abs(value - rule.limit) > abs(than - rule.limit)
    return not compare(value, "<=" if rule.op.startswith("<") else ">=", than)


def in_report_unit(value: float | None, unit: Unit) -> float | None:
    """A value in the unit that reports use, rounded to a thousandth of it."""
    return None if value is None else round(value / NS_PER_MS if unit == "ns" else value, 3)


def describe(value: float, unit: Unit) -> str:
    """A value in words: `612 ms`, `2.5%`, `49.1/s`, `3`."""
    number = f"{in_report_unit(value, unit):,.6g}"
    return f"{number} {SHOWN_UNITS[unit]}" if unit in ("ns", "users") else f"{number}{SHOWN_UNITS[unit]}"


RELATIONS = {"<": "below", "<=": "of at most", ">": "above", ">=": "of at least", "==": "of"}


def words_of(rule: Rule) -> str:
    """What a rule asks for: `p95(login) below 500 ms`."""
    scope = f"({rule.scope})" if str(rule.scope) else ""
    return f"{rule.value}{scope} {RELATIONS[rule.op]} {describe(rule.limit, rule.unit)}"
