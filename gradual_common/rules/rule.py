"""A parsed objective, as frozen dataclasses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gradual_common.units import format_duration

Operator = Literal["<", "<=", ">", ">=", "=="]
Unit = Literal["ns", "%", "/s", "users", ""]
Window = Literal["run", "for", "levels"]

TIMES = ("mean", "min", "max")
COUNTS = ("count", "failures", "interrupted")
SHARES = ("error_rate", "success_rate")
RATES = ("throughput", "request_rate")
OF_METRICS = ("sum", "rate")
"""Statistics of custom metrics only."""
STATISTICS = (*TIMES, *COUNTS, *SHARES, *RATES)

OUTCOMES = ("ok", "failed")
ANY = "*"
METRIC_SERIES = "metric"
"""The values of custom metrics, and the dimension of their names."""
WATCH = "watch"
"""The series of the system's own metrics; a rule's `statistic` is then the name of one."""
CAPACITY = "capacity"
"""The series of what a search for capacity finds: one number of users."""
TAG = "tag."
"""Before the name of a tag, which is a dimension: `tag.team`."""

IDENTIFIER = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class ScopeItem:
    """One condition on a sample: its `dimension` is called `name`."""

    dimension: str
    name: str = ""

    any: bool = False
    """`*`: one verdict per name."""

    def __str__(self) -> str:
        return f"{write_dimension(self.dimension)}={ANY if self.any else quote_name(self.name)}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which samples: names of one dimension widen it, other dimensions narrow it. No outcomes: all of them."""

    items: tuple[ScopeItem, ...] = ()
    outcomes: tuple[str, ...] = ()

    def names(self, dimension: str) -> tuple[str, ...]:
        """The names asked for in one dimension; empty when it does not matter, or every name is asked for."""
        return tuple(item.name for item in self.items if item.dimension == dimension and not item.any)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions that matter, each once."""
        return tuple(dict.fromkeys(item.dimension for item in self.items))

    @property
    def starred(self) -> tuple[str, ...]:
        """The dimensions in which every name gets a verdict of its own."""
        return tuple(item.dimension for item in self.items if item.any)

    def __str__(self) -> str:
        return ", ".join([*map(str, self.items), *self.outcomes])


@dataclass(frozen=True, slots=True)
class TargetLevel:
    """`at [<=] users users`."""

    users: int
    up_to: bool = False

    def includes(self, target: float) -> bool:
        """Whether a level with this number of users is meant."""
        return target <= self.users if self.up_to else target == self.users

    def __str__(self) -> str:
        return f"{'<= ' if self.up_to else ''}{self.users}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule."""

    text: str
    """As written."""

    series: str
    """`""` is the response time, "agent" an agent's health."""

    statistic: str
    """Of an agent its measure, of a watch its name; "quantile" comes with `quantile`."""

    op: Operator

    limit: float
    """In `unit`."""

    unit: Unit
    """`ns`, `%` (0 … 100), `/s`, `users`, or nothing for a count."""

    quantile: float | None = None
    """In (0, 1)."""

    of: str = ""
    """What is asked of an agent's measure or a watch: "mean", "min", "max", "quantile" or ""."""

    scope: Scope = Scope()
    at: TargetLevel | None = None
    window: Window | None = None

    window_ns: int = 0
    """The duration after `for`."""

    @property
    def value(self) -> str:
        """The left side without its scope: `p95`, `ttfb.mean`, `agent.cpu.p95`."""
        name = quote_name(self.statistic) if self.series == WATCH else self.statistic
        words = (self.series, name, self.of)
        return ".".join(percentile_name(self.quantile) if word == "quantile" else word for word in words if word)

    def holds(self, observed: float) -> bool:
        """Whether `observed`, in the rule's unit, meets the limit."""
        return compare(observed, self.op, self.limit)

    @property
    def can_be_broken_early(self) -> bool:
        """Whether it can be broken for good before the end: a count that is to be reached in the run cannot."""
        if self.series == CAPACITY:
            return False
        is_count = self.series != WATCH and self.statistic in (*COUNTS, "sum")
        return self.window in ("for", "levels") or not is_count or self.op.startswith("<")


def compare(observed: float, op: Operator, limit: float) -> bool:
    """`observed op limit`."""
    if observed == limit:
        return op in ("<=", ">=", "==")
    return (op in ("<", "<=")) if observed < limit else (op in (">", ">="))


def unit_of(statistic: str, series: str = "") -> Unit:
    """The unit in which the limit of a statistic is written; those of custom metrics are plain numbers."""
    if series == METRIC_SERIES:
        return "/s" if statistic == "rate" else ""
    if statistic in SHARES:
        return "%"
    if statistic in RATES:
        return "/s"
    return "" if statistic in COUNTS else "ns"


def percentile_name(quantile: float | None) -> str:
    """0.999 → `p99.9`."""
    return f"p{(quantile or 0) * 100:.10g}"


def write_rule(rule: Rule) -> str:
    """The rule in its canonical form, which parses to the same rule."""
    scope = f"({rule.scope})" if str(rule.scope) else ""
    unit = f" {rule.unit}" if rule.unit == "users" else rule.unit
    limit = format_duration(int(rule.limit)) if rule.unit == "ns" else f"{rule.limit:.15g}{unit}"
    words = [f"{rule.value}{scope}", rule.op, limit]
    if rule.at is not None:
        words.append(f"at {rule.at} users")
    if rule.window is not None:
        words.append(f"for {format_duration(rule.window_ns)}" if rule.window == "for" else f"over {rule.window}")
    return " ".join(words)


def write_dimension(dimension: str) -> str:
    """A dimension as a rule writes it."""
    return TAG + quote_name(dimension.removeprefix(TAG)) if dimension.startswith(TAG) else dimension


def quote_name(name: str) -> str:
    """A name as a rule writes it: plain if it is an identifier, else in quotes."""
    if IDENTIFIER.fullmatch(name) and name not in OUTCOMES:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
