"""Rules that nothing can meet together, as `p95 < 1s` and `p95 > 2s`.

Both are about the same samples. What the first measures is then never above what the second measures: it is the same
statistic, or a lower percentile, a minimum beside a mean, failures beside all requests. So they contradict each other
if the least value that the first allows is above the greatest that the second allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import ceil, floor, inf

from gradual_common.rules.rule import CAPACITY, COUNTS, SHARES, WATCH, Operator, Rule
from gradual_common.units import format_duration

NEVER_ABOVE = {("min", "mean"), ("mean", "max"), ("throughput", "request_rate"), ("failures", "count")}
"""Statistics of which the first is never above the second; percentiles are in order beside them."""

MIRRORED: dict[Operator, Operator] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
OF_AGENTS = {"cpu": 0.95}
"""The percentile that is judged of an agent's health if a rule names none; of its lags it is p99."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two rules of a list, by their numbers in it."""

    low: int
    """The one that allows only small values."""
    high: int
    """The one that allows only great ones."""
    least: str
    """What the one would have to allow for the other's sake, in words: `more than 2s`."""


@dataclass(frozen=True, slots=True)
class _Range:
    """The values that a rule allows; of shares those of the failures."""

    low: float = -inf
    high: float = inf
    without_low: bool = False
    without_high: bool = False


def contradictions_in(rules: Sequence[Rule]) -> Iterator[Contradiction]:
    """Every pair that nothing can meet together."""
    alike: dict[object, list[int]] = {}
    for number, rule in enumerate(rules):
        alike.setdefault(_subject(rule), []).append(number)
    for numbers in alike.values():
        found = set()
        for first, second in permutations(numbers, 2):
            pair = frozenset((first, second))
            if pair not in found and _exclude(rules[first], rules[second]):
                found.add(pair)
                yield Contradiction(low=second, high=first, least=_least(rules[first]))


def _subject(rule: Rule) -> object:
    """What a rule is about, but for the statistic: only rules with the same can be compared."""
    scope = frozenset(rule.scope.items), frozenset(rule.scope.outcomes)
    name = rule.statistic if rule.series in ("agent", WATCH) else ""
    window = None if rule.window == "run" else rule.window
    return rule.series, name, scope, rule.at, window, rule.window_ns


def _exclude(first: Rule, second: Rule) -> bool:
    """Whether the first asks for more than the second allows, of what is never above the second."""
    if not _is_never_above(first, second):
        return False
    wanted, allowed = _range_of(first), _range_of(second)
    if wanted.low == allowed.high:
        return wanted.without_low or allowed.without_high
    return wanted.low > allowed.high


def _is_never_above(first: Rule, second: Rule) -> bool:
    one, other = _statistic(first), _statistic(second)
    if one == other or (one, other) in NEVER_ABOVE:
        return True
    place, above = _place(one), _place(other)
    return place is not None and above is not None and place <= above


def _statistic(rule: Rule) -> str | float:
    """A percentile as its share, any other statistic by its name; both shares are of the failures."""
    if rule.series == "agent" and not rule.of:
        return OF_AGENTS.get(rule.statistic, 0.99)
    word = rule.of if rule.series in ("agent", WATCH) else rule.statistic
    if word == "quantile" and rule.quantile is not None:
        return rule.quantile
    return "error_rate" if word in SHARES else word


def _place(statistic: str | float) -> float | None:
    """Among the percentiles, 0 … 1."""
    return {"min": 0.0, "max": 1.0}.get(statistic) if isinstance(statistic, str) else statistic


def _range_of(rule: Rule) -> _Range:
    op, limit = rule.op, rule.limit
    if rule.statistic == "success_rate":
        op, limit = MIRRORED[op], round(100 - limit, 9)
    if op == "==":
        return _Range(limit, limit)
    strict = "=" not in op
    if rule.series == CAPACITY or (rule.series != WATCH and rule.statistic in COUNTS):  # Whole numbers.
        whole = _Range(low=floor(limit) + 1 if strict else ceil(limit))
        return _Range(high=ceil(limit) - 1 if strict else floor(limit)) if op.startswith("<") else whole
    if op.startswith("<"):
        return _Range(high=limit, without_high=strict)
    return _Range(low=limit, without_low=strict)


def _least(rule: Rule) -> str:
    """The least value that a rule allows, in words."""
    allowed = _range_of(rule)
    amount = format_duration(int(allowed.low)) if rule.unit == "ns" else f"{allowed.low:.15g}{rule.unit}"
    failures = " failures" if rule.statistic in SHARES else ""
    return f"{'more than ' if allowed.without_low else ''}{amount}{failures}"
