"""Reads a rule: splits it into tokens, then a recursive-descent parser reads them.

What a rule measures decides its unit; a limit in another unit is an error that says which one to write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple, cast, get_args

from gradual_common.errors import RuleError, UnitError
from gradual_common.kinds.failure import ASSERTION
from gradual_common.kinds.registry import known_failures
from gradual_common.rules.rule import (
    ANY,
    METRIC_SERIES,
    OF_METRICS,
    OUTCOMES,
    SHARES,
    STATISTICS,
    TAG,
    TIMES,
    Operator,
    Rule,
    Scope,
    ScopeItem,
    TargetLevel,
    Unit,
    Window,
    percentile_name,
    unit_of,
)
from gradual_common.units import read_bare_duration, read_duration

SERIES_STATISTICS = {
    "ttfb": (*TIMES, "count"),
    "exchange": (*TIMES, "count"),
    "connect": (*TIMES, "count"),
    "iteration": (*TIMES, "count", "throughput"),
    "transaction": tuple(name for name in STATISTICS if name != "interrupted"),
    METRIC_SERIES: (*TIMES, "count", *OF_METRICS),
    "": STATISTICS,
}
"""The statistics of each series besides percentiles. Only a whole action succeeds or fails."""

NAMED_SERIES = tuple(series for series in SERIES_STATISTICS if series)
HEALTH = ("cpu", "loop_lag", "start_lag")
DIMENSIONS = ("action", "step", "group", "transaction", METRIC_SERIES, "phase", "service", "kind")
ITERATION_DIMENSIONS = ("group", "phase")
TRANSACTION_DIMENSIONS = ("transaction", "group", "phase", "kind")

QUANTILE = re.compile(r"p(\d+)")
NUMBER = re.compile(r"\d+(?:\.\d+)?")

UNITS: dict[Unit, tuple[str, str, str]] = {
    "ns": ("a time", "with its unit", "ms"),
    "%": ("a share", "with its unit", "%"),
    "/s": ("a rate", "with its unit", "/s"),
    "": ("a count", "without a unit", ""),
}
"""What a unit measures, how a limit in it is written, and the ending of an example."""


TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
      | (?P<amount> \d[\d.]* (?: \s*% | \s*/\s*s\b | [a-zµ]+ (?:\d[\d.]*[a-zµ]+)* )? )
      | (?P<word> [^\W\d]\w* )
      | (?P<operator> <= | >= | == | < | > )
      | (?P<mark> [().,*=] )
    )""",
    re.VERBOSE,
)


def parse_rule(text: str) -> Rule:
    """Parse one rule; RuleError says what was found and what is allowed."""
    return _Parser(text).rule()


@dataclass(frozen=True, slots=True)
class Token:
    """A word, name, number or mark of a rule."""

    kind: str | None
    """The name of its group in `TOKEN`, or "end"."""

    text: str
    """As written, with its quotes: so a quoted name never equals a keyword or a mark."""

    def __str__(self) -> str:
        return "the end of the rule" if self.kind == "end" else repr(self.text)

    @property
    def name(self) -> str:
        """A name, without its quotes if it has them."""
        return re.sub(r"\\(.)", r"\1", self.text[1:-1]) if self.kind == "quoted" else self.text


def split_rule(text: str) -> list[Token]:
    """All tokens of a rule, then a token for its end; RuleError for a character that starts no token."""
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            rest, hint = text[position:end].lstrip(), ""
            if rest[0] in "\"'":
                hint = "; the quote is never closed"
            elif text.count("(", 0, position) > text.count(")", 0, position):
                hint = '; a name that is not a plain identifier is quoted: p95("sign in") < 1s'
            raise RuleError(text, f"cannot read {rest!r}{hint}")
        written = match[match.lastgroup or 0]
        # `10 %` and `100 / s` may be written with blanks; without them an amount has one spelling for the parser.
        tokens.append(Token(match.lastgroup, "".join(written.split()) if match.lastgroup == "amount" else written))
        position = match.end()
    return [*tokens, Token("end", "")]


class _Value(NamedTuple):
    """The left side of a rule without its scope: fields of `Rule`."""

    series: str
    statistic: str
    unit: Unit
    quantile: float | None = None
    of: str = ""

    @property
    def name(self) -> str:
        return percentile_name(self.quantile) if self.statistic == "quantile" else self.statistic


class _Parser:
    """Reads the tokens from left to right; `_next` is the token at the current position."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = split_rule(text)
        self._position = 0

    def rule(self) -> Rule:
        """The whole rule, to the end of the text."""
        if self._next.kind == "end":
            raise self._error("the rule is empty; write one such as p95(login) < 500ms")
        value = self._value()
        scope = self._scope(value)
        if "transaction" in scope.dimensions:
            value = value._replace(series="transaction")
        if METRIC_SERIES in scope.dimensions:
            value = value._replace(series=METRIC_SERIES, unit=unit_of(value.statistic, METRIC_SERIES))
        op = self._operator()
        limit = self._limit(value)
        at = self._at()
        window, window_ns = self._window()
        if self._next.kind != "end":
            hint = "; `at … users` is written before `for` and `over`" if self._next.text == "at" else ""
            raise self._error(f"the rule should end here, found {self._next}{hint}")
        measured = value._asdict()
        text = self._text.strip()
        return Rule(text, **measured, op=op, limit=limit, scope=scope, at=at, window=window, window_ns=window_ns)

    def _value(self) -> _Value:
        word = self._word("a statistic such as p95, mean or error_rate")
        if word == "agent":
            return self._health()
        if word in NAMED_SERIES:
            self._expect(".", f"`.` and a statistic after {word}, such as {word}.p95")
            return self._statistic(word, self._word(f"a statistic of {word}, such as p95"))
        if self._next.text == "." and QUANTILE.fullmatch(word) is None:
            raise self._unknown("series", word, (*NAMED_SERIES, "agent"))
        return self._statistic("", word)

    def _statistic(self, series: str, word: str) -> _Value:
        quantile = self._quantile(word)
        if quantile is not None:
            return _Value(series, "quantile", unit_of("quantile", series), quantile)
        if not series and word in OF_METRICS:  # Which metric is in the scope, which comes next.
            return _Value(METRIC_SERIES, word, unit_of(word, METRIC_SERIES))
        allowed = SERIES_STATISTICS[series]
        if word not in (*STATISTICS, *allowed):
            raise self._unknown("statistic", word, ("p95", *allowed))
        if word not in allowed:
            raise self._error(f"{series} has no {word}; allowed are percentiles such as p95, {', '.join(allowed)}")
        return _Value(series, word, unit_of(word, series))

    def _quantile(self, word: str) -> float | None:
        """The quantile of `p95` or `p99.9`, in (0, 1); None if the word is not a percentile."""
        # In `p99.9` the dot is a token, since a dot also separates a series from its statistic (`ttfb.p95`): so the
        # fraction is read here, as a second number after the dot.
        match = QUANTILE.fullmatch(word)
        if match is None:
            return None
        digits = match[1]
        if self._accept("."):
            fraction = self._advance()
            if not fraction.text.isdecimal():
                raise self._error(f"expected a number after `{word}.`, found {fraction}")
            digits = f"{digits}.{fraction.text}"
        if not 0 < float(digits) < 100:
            raise self._error(f"p{digits} is not a percentile between 0 and 100; use min or max instead of p0 and p100")
        return float(digits) / 100

    def _health(self) -> _Value:
        self._expect(".", "`.` and a measure after agent, such as agent.cpu")
        name = self._word("one of " + ", ".join(HEALTH))
        if name not in HEALTH:
            raise self._unknown("measure of agents", name, HEALTH)
        unit: Unit = "%" if name == "cpu" else "ns"
        if not self._accept("."):
            return _Value("agent", name, unit)
        word = self._word("mean, max or a percentile such as p95")
        quantile = self._quantile(word)
        if quantile is None and word not in ("mean", "max"):
            raise self._unknown("statistic of agents", word, ("mean", "max", "p95"))
        return _Value("agent", name, unit, quantile, word if quantile is None else "quantile")

    def _scope(self, value: _Value) -> Scope:
        if not self._accept("("):
            self._check_metric(value, Scope())
            return Scope()
        if value.series == "agent":
            raise self._error("the health of agents takes no scope: the worst agent is judged")
        items: list[ScopeItem] = []
        outcomes: list[str] = []
        while True:
            # `ok` is an outcome, but `ok=…` is a dimension that does not exist, and is reported as one.
            if self._next.text in OUTCOMES and self._tokens[self._position + 1].text != "=":
                outcomes.append(self._advance().text)
            else:
                items.append(self._item(value.series))
            if self._accept(")"):
                break
            if not self._accept(","):
                unquoted = self._next.kind in ("word", "amount", "mark")
                hint = "; a name that is not a plain identifier is quoted" if unquoted else ""
                raise self._error(f"expected `,` or `)` in the scope, found {self._next}{hint}")
        scope = Scope(tuple(dict.fromkeys(items)), tuple(dict.fromkeys(outcomes)))
        self._check_scope(value, scope)
        return scope

    def _item(self, series: str) -> ScopeItem:
        dimension, named = series if series in ("transaction", METRIC_SERIES) else "action", self._advance()
        if named.text == "tag" and self._accept("."):
            dimension, named = self._tag(), self._advance()
        elif self._accept("="):
            if named.kind != "word":
                raise self._error(f"expected a dimension such as group, found {named}")
            dimension, named = named.text, self._advance()
            if dimension not in DIMENSIONS:
                raise self._unknown("dimension", dimension, (*DIMENSIONS, f"{TAG}NAME"))
        if named.text == ANY:
            return ScopeItem(dimension, any=True)
        if named.kind not in ("word", "quoted"):
            hint = (
                f'; a name that is not a plain identifier is quoted: "{named.text}"' if named.kind == "amount" else ""
            )
            raise self._error(f"expected a name in the scope, found {named}{hint}")
        if dimension == "kind" and named.name not in (known := (*known_failures(), ASSERTION)):
            raise self._unknown("failure kind", named.name, known)  # `assertion` alone means all of them
        return ScopeItem(dimension, named.name)

    def _tag(self) -> str:
        """The dimension of a tag, after `tag.`."""
        name = self._advance()
        if name.kind not in ("word", "quoted"):
            raise self._error(f"expected the name of a tag after `tag.`, found {name}")
        self._expect("=", f"`=` and a value after {TAG}{name.text}, such as {TAG}{name.text}=payments")
        return f"{TAG}{name.name}"

    def _check_scope(self, value: _Value, scope: Scope) -> None:
        for dimension in scope.starred:
            if scope.names(dimension):
                raise self._error(f"{dimension}=* is one verdict per {dimension} already; leave its other names out")
        if value.series == "iteration" and (scope.outcomes or not set(scope.dimensions) <= set(ITERATION_DIMENSIONS)):
            raise self._error(
                "iterations are distinguished by group and phase only, such as iteration.p95(group=guest)"
            )
        self._check_transactions(value, scope)
        self._check_metric(value, scope)
        by_outcome = bool(scope.outcomes) or "kind" in scope.dimensions
        if by_outcome and value.statistic == "interrupted":
            raise self._error("an interrupted request has neither succeeded nor failed: leave ok, failed and kind out")
        if by_outcome and value.statistic in SHARES:
            raise self._error(f"{value.statistic} is a share of all requests: leave ok, failed and kind out")

    def _check_transactions(self, value: _Value, scope: Scope) -> None:
        if value.series != "transaction" and "transaction" not in scope.dimensions:
            return
        if value.series not in {"", "transaction"}:
            raise self._error(f"transactions have no {value.series}: leave the transaction, or {value.series}, out")
        if value.statistic == "interrupted":
            raise self._error("a transaction that a stop cuts off is not counted, so there is nothing to judge")
        if other := [name for name in scope.dimensions if name not in TRANSACTION_DIMENSIONS]:
            allowed = ", ".join(TRANSACTION_DIMENSIONS)
            raise self._error(f"transactions are not distinguished by {other[0]}, but by {allowed}")

    def _check_metric(self, value: _Value, scope: Scope) -> None:
        """A rule on a custom metric names one, as each has a unit of its own."""
        if value.series != METRIC_SERIES and METRIC_SERIES not in scope.dimensions:
            return
        allowed = SERIES_STATISTICS[METRIC_SERIES]
        if value.series not in {"", METRIC_SERIES}:
            raise self._error(f"metrics have no {value.series}: leave the metric, or {value.series}, out")
        if value.statistic not in ("quantile", *allowed):
            raise self._error(f"a metric has no {value.statistic}; allowed are p95, {', '.join(allowed)}")
        if METRIC_SERIES not in scope.starred and len(scope.names(METRIC_SERIES)) != 1:
            raise self._error(f"{value.name} is of one metric: write {value.name}(metric=NAME)")
        if scope.outcomes or not set(scope.dimensions) <= {METRIC_SERIES, "phase"}:
            raise self._error("metrics are distinguished by name and phase only, such as p95(metric=basket)")

    def _operator(self) -> Operator:
        token = self._advance()
        if token.kind == "operator":
            return cast(Operator, token.text)
        hint = "; equality is written ==" if token.text == "=" else ""
        raise self._error(f"expected one of {' '.join(get_args(Operator))}, found {token}{hint}")

    def _limit(self, value: _Value) -> float:
        token = self._advance()
        if token.kind != "amount":
            raise self._error(f"expected a limit, found {token}; {_describe_limit(value, '1')}")
        limit = _read_amount(token.text, value.unit)
        if limit is None:
            raise self._error(f"{_describe_limit(value, token.text)}; found {token}")
        if value.statistic in SHARES and limit > 100:
            raise self._error(f"{value.name} is a share of at most 100%, found {token}")
        return limit

    def _at(self) -> TargetLevel | None:
        if not self._accept("at"):
            return None
        up_to = self._accept("<=")
        number = self._advance()
        if not number.text.isdecimal() or int(number.text) == 0:
            raise self._error(f"expected a number of users after `at`, found {number}")
        if not self._accept("users"):
            raise self._error(f"write `users` after the number: at {number.text} users")
        return TargetLevel(int(number.text), up_to)

    def _window(self) -> tuple[Window | None, int]:
        if self._accept("for"):
            token = self._advance()
            try:
                return "for", read_bare_duration(token.text)
            except UnitError as error:
                raise self._error(f"expected a duration such as 30s after `for`, found {token}") from error
        if not self._accept("over"):
            return None, 0
        token = self._advance()
        if token.text not in ("run", "levels"):
            raise self._error(f"expected run or levels after `over`, found {token}")
        return cast(Window, token.text), 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _advance(self) -> Token:
        """Read the next token; after the last one it is the end again and again."""
        token = self._next
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token

    def _accept(self, text: str) -> bool:
        """Read the next token if it is this keyword or mark."""
        accepted = self._next.text == text
        if accepted:
            self._advance()
        return accepted

    def _expect(self, mark: str, expected: str) -> None:
        if not self._accept(mark):
            raise self._error(f"expected {expected}, found {self._next}")

    def _word(self, expected: str) -> str:
        token = self._advance()
        if token.kind != "word":
            raise self._error(f"expected {expected}, found {token}")
        return token.text

    def _unknown(self, what: str, word: str, allowed: Sequence[str]) -> RuleError:
        near = get_close_matches(word, allowed, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        return self._error(f"unknown {what} {word!r}; {hint}allowed are {', '.join(allowed)}")

    def _error(self, reason: str) -> RuleError:
        return RuleError(self._text, reason)


def _read_amount(text: str, unit: Unit) -> float | None:
    """A limit as a number of `unit`; None if it is written in another unit."""
    if unit == "ns":
        try:
            return float(read_duration(text))
        except UnitError:
            return None
    number = text.removesuffix(unit)
    return float(number) if text.endswith(unit) and NUMBER.fullmatch(number) else None


def _describe_limit(value: _Value, found: str) -> str:
    """Which unit a limit needs, with the number that was found as the example."""
    what, how, ending = UNITS[value.unit]
    if value.series == METRIC_SERIES and not value.unit:
        what = "a number of the metric's own unit"
    digits = NUMBER.match(found)
    number = digits[0] if digits else "1"
    if value.unit == "%" and float(number) < 1:
        number = f"{float(number) * 100:g}"
    return f"{value.name} is {what}: write the limit {how}, such as {number}{ending}"
