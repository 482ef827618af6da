"""Reads a rule: a recursive-descent parser of its tokens."""

from __future__ import annotations

import re
from typing import cast, get_args

from gradual_common.errors import UnitError
from gradual_common.kinds.failure import ASSERTION
from gradual_common.kinds.registry import known_failures
from gradual_common.rules.limits import describe_limit, read_amount, unit_of_watch
from gradual_common.rules.rule import (
    ANY,
    CAPACITY,
    METRIC_SERIES,
    OF_METRICS,
    OUTCOMES,
    SHARES,
    STATISTICS,
    TAG,
    TIMES,
    WATCH,
    Operator,
    Rule,
    Scope,
    ScopeItem,
    TargetLevel,
    Unit,
    Window,
    unit_of,
)
from gradual_common.rules.scope_checks import DIMENSIONS, mistake_of_health, mistakes_in
from gradual_common.rules.tokens import TokenReader
from gradual_common.rules.value import HEALTH, NAMED_SERIES, SERIES_STATISTICS, RuleValue
from gradual_common.units import read_bare_duration

QUANTILE = re.compile(r"p(\d+)")


def parse_rule(text: str) -> Rule:
    """Parse one rule; RuleError says what was found and what is allowed."""
    return _Parser(text).rule()


class _Parser(TokenReader):
    """Reads one part of the rule after the other."""

    def rule(self) -> Rule:
        """The whole rule, to the end of the text."""
        if self.is_done():
            raise self.error("the rule is empty; write one such as p95(login) < 500ms")
        value = self._value()
        scope = self._scope(value.series)
        if mistake := next(mistakes_in(value, scope), None):
            raise self.error(mistake)
        if "transaction" in scope.dimensions:
            value = value._replace(series="transaction")
        if METRIC_SERIES in scope.dimensions:
            value = value._replace(series=METRIC_SERIES, unit=unit_of(value.statistic, METRIC_SERIES))
        op = self._operator()
        if value.series == WATCH:
            value = value._replace(unit=unit_of_watch(self.next.text))
        limit = self._limit(value)
        if value.series != WATCH and value.statistic in SHARES and limit == {"<": 0, ">": 100}.get(op):
            raise self.error(f"{value.name} {op} {limit:g}% can never be met: write {op}= {limit:g}%")
        at = self._at()
        window, window_ns = self._window()
        if not self.is_done():
            hint = "; `at … users` is written before `for` and `over`" if self.next.text == "at" else ""
            raise self.error(f"the rule should end here, found {self.next}{hint}")
        if value.series == CAPACITY and (at is not None or window is not None):
            raise self.error("a capacity is what the whole search finds: leave `at`, `for` and `over` out")
        if value.series == "agent" and (mistake := mistake_of_health(value, at, window)):
            raise self.error(mistake)
        measured = value._asdict()
        text = self.text.strip()
        return Rule(text, **measured, op=op, limit=limit, scope=scope, at=at, window=window, window_ns=window_ns)

    def _value(self) -> RuleValue:
        word = self.word("a statistic such as p95, mean or error_rate")
        if word == "agent":
            return self._health()
        if word == WATCH:
            return self._watch()
        if word == CAPACITY:
            return RuleValue(CAPACITY, "", "users")
        if word in NAMED_SERIES:
            self.expect(".", f"`.` and a statistic after {word}, such as {word}.p95")
            return self._statistic(word, self.word(f"a statistic of {word}, such as p95"))
        if self.next.text == "." and QUANTILE.fullmatch(word) is None:
            raise self.unknown("series", word, (*NAMED_SERIES, "agent", WATCH))
        return self._statistic("", word)

    def _statistic(self, series: str, word: str) -> RuleValue:
        quantile = self._quantile(word)
        if quantile is not None:
            return RuleValue(series, "quantile", unit_of("quantile", series), quantile)
        if not series and word in OF_METRICS:  # Which metric is in the scope, which comes next.
            return RuleValue(METRIC_SERIES, word, unit_of(word, METRIC_SERIES))
        allowed = SERIES_STATISTICS[series]
        if word not in (*STATISTICS, *allowed):
            raise self.unknown("statistic", word, ("p95", *allowed))
        if word not in allowed:
            raise self.error(f"{series} has no {word}; allowed are percentiles such as p95, {', '.join(allowed)}")
        return RuleValue(series, word, unit_of(word, series))

    def _quantile(self, word: str) -> float | None:
        """The quantile of `p95` or `p99.9`, in (0, 1); None if the word is not a percentile."""
        # In `p99.9` the dot is a token, since a dot also separates a series from its statistic (`ttfb.p95`): so the
        # fraction is read here, as a second number after the dot.
        match = QUANTILE.fullmatch(word)
        if match is None:
            return None
        digits = match[1]
        if self.accept("."):
            fraction = self.advance()
            if not fraction.text.isdecimal():
                raise self.error(f"expected a number after `{word}.`, found {fraction}")
            digits = f"{digits}.{fraction.text}"
        if not 0 < float(digits) < 100:
            raise self.error(f"p{digits} is not a percentile between 0 and 100; use min or max instead of p0 and p100")
        return float(digits) / 100

    def _health(self) -> RuleValue:
        self.expect(".", "`.` and a measure after agent, such as agent.cpu")
        name = self.word("one of " + ", ".join(HEALTH))
        if name not in HEALTH:
            raise self.unknown("measure of agents", name, HEALTH)
        unit: Unit = "%" if name == "cpu" else "ns"
        if not self.accept("."):
            return RuleValue("agent", name, unit)
        word = self.word("mean, max or a percentile such as p95")
        quantile = self._quantile(word)
        if quantile is None and word not in ("mean", "max"):
            raise self.unknown("statistic of agents", word, ("mean", "max", "p95"))
        return RuleValue("agent", name, unit, quantile, word if quantile is None else "quantile")

    def _watch(self) -> RuleValue:
        """One of the system's own metrics; its limit says whether it is a share or a rate."""
        self.expect(".", "`.` and the name of a watch, such as watch.db_cpu")
        name = self.advance()
        if name.kind not in ("word", "quoted"):
            raise self.error(f"expected the name of a watch after `watch.`, found {name}")
        if not self.accept("."):
            return RuleValue(WATCH, name.name, "", of="")
        word = self.word("mean, min, max or a percentile such as p95")
        quantile = self._quantile(word)
        if quantile is None and word not in TIMES:
            raise self.unknown("statistic of watches", word, (*TIMES, "p95"))
        return RuleValue(WATCH, name.name, "", quantile, word if quantile is None else "quantile")

    def _scope(self, series: str) -> Scope:
        if not self.accept("("):
            return Scope()
        if series == "agent":
            raise self.error("the health of agents takes no scope: the worst agent is judged")
        if series == CAPACITY:
            raise self.error("a capacity takes no scope: it is of all users; the objectives of the search have scopes")
        if series == WATCH:
            raise self.error("a watch takes no scope: it is of the system, not of samples")
        items: list[ScopeItem] = []
        outcomes: list[str] = []
        while True:
            # `ok` is an outcome, but `ok=…` is a dimension that does not exist, and is reported as one.
            if self.next.text in OUTCOMES and self.after_next.text != "=":
                outcomes.append(self.advance().text)
            else:
                items.append(self._item(series))
            if self.accept(")"):
                break
            if not self.accept(","):
                unquoted = self.next.kind in ("word", "amount", "mark")
                hint = "; a name that is not a plain identifier is quoted" if unquoted else ""
                raise self.error(f"expected `,` or `)` in the scope, found {self.next}{hint}")
        return Scope(tuple(dict.fromkeys(items)), tuple(dict.fromkeys(outcomes)))

    def _item(self, series: str) -> ScopeItem:
        dimension, named = series if series in ("transaction", METRIC_SERIES) else "action", self.advance()
        if named.text == "tag" and self.accept("."):
            dimension, named = self._tag(), self.advance()
        elif self.accept("="):
            if named.kind != "word":
                raise self.error(f"expected a dimension such as group, found {named}")
            dimension, named = named.text, self.advance()
            if dimension not in DIMENSIONS:
                raise self.unknown("dimension", dimension, (*DIMENSIONS, f"{TAG}NAME"))
        if named.text == ANY:
            return ScopeItem(dimension, any=True)
        if named.kind not in ("word", "quoted"):
            hint = (
                f'; a name that is not a plain identifier is quoted: "{named.text}"' if named.kind == "amount" else ""
            )
            raise self.error(f"expected a name in the scope, found {named}{hint}")
        if dimension == "kind" and named.name not in (known := (*known_failures(), ASSERTION)):
            raise self.unknown("failure kind", named.name, known)  # `assertion` alone means all of them
        return ScopeItem(dimension, named.name)

    def _tag(self) -> str:
        """The dimension of a tag, after `tag.`."""
        name = self.advance()
        if name.kind not in ("word", "quoted"):
            raise self.error(f"expected the name of a tag after `tag.`, found {name}")
        self.expect("=", f"`=` and a value after {TAG}{name.text}, such as {TAG}{name.text}=payments")
        return f"{TAG}{name.name}"

    def _operator(self) -> Operator:
        token = self.advance()
        if token.kind == "operator":
            return cast(Operator, token.text)
        hint = "; equality is written ==" if token.text == "=" else ""
        raise self.error(f"expected one of {' '.join(get_args(Operator))}, found {token}{hint}")

    def _limit(self, value: RuleValue) -> float:
        token = self.advance()
        if token.kind != "amount":
            raise self.error(f"expected a limit, found {token}; {describe_limit(value, '1')}")
        if value.unit == "users":
            return self._users(value, token.text)
        limit = read_amount(token.text, value.unit)
        if limit is None:
            raise self.error(f"{describe_limit(value, token.text)}; found {token}")
        if value.series != WATCH and value.statistic in SHARES and limit > 100:
            raise self.error(f"{value.name} is a share of at most 100%, found {token}")
        return limit

    def _users(self, value: RuleValue, number: str) -> float:
        """A number of users, with the word after it."""
        if not number.isdecimal() or int(number) == 0 or not self.accept("users"):
            raise self.error(describe_limit(value, number if number.isdecimal() and int(number) else "100"))
        return float(number)

    def _at(self) -> TargetLevel | None:
        if not self.accept("at"):
            return None
        up_to = self.accept("<=")
        number = self.advance()
        if not number.text.isdecimal() or int(number.text) == 0:
            raise self.error(f"expected a number of users after `at`, found {number}")
        if not self.accept("users"):
            raise self.error(f"write `users` after the number: at {number.text} users")
        return TargetLevel(int(number.text), up_to)

    def _window(self) -> tuple[Window | None, int]:
        if self.accept("for"):
            token = self.advance()
            try:
                return "for", read_bare_duration(token.text)
            except UnitError as error:
                raise self.error(f"expected a duration such as 30s after `for`, found {token}") from error
        if not self.accept("over"):
            return None, 0
        token = self.advance()
        if token.text not in ("run", "levels"):
            raise self.error(f"expected run or levels after `over`, found {token}")
        return cast(Window, token.text), 0
