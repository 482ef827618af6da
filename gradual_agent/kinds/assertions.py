"""Assertions: predicates over one response, compiled once per action.

All of an action's assertions are evaluated; the failure kind is that of the first that failed. Unless a status code is
asserted, "below 400" is implied, comes first, and fails as kind `status`.

A status code and a response time cost 0.35 µs; the body is read, and parsed as JSON, only when an assertion asks.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import UndefinedError

from gradual_agent.kinds.content import NOT_JSON, Content
from gradual_agent.kinds.findings import Find, Finding, Findings, Judged
from gradual_agent.kinds.query import Query
from gradual_agent.runtime.sample import Sample
from gradual_common.errors import GradualError
from gradual_common.kinds.failures import KIND
from gradual_common.kinds.model import Assertion
from gradual_common.kinds.patterns import Pattern
from gradual_common.templates.templates import Compiled, Literal, Scope, as_text, compile_value, is_template

OK_BELOW = 400

Check = Callable[[Sample, Content, Scope], bool]
Comparison = Callable[[Any, Any], bool]

ORDERINGS: Mapping[str, Comparison] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

UNEVALUABLE = (GradualError, UndefinedError, TypeError, ValueError, RecursionError)
"""An assertion that raises one of these cannot be evaluated: a template, a query or a pattern that is no good here,
values that cannot be compared, numbers of too many digits, an undefined name in a list, too deep nesting."""

FROM_BODY = frozenset({"body_contains", "body_matches", "json", "body_size"})


def is_equal(found: Any, expected: Any) -> bool:
    """Equality of JSON: unlike in Python, true is not 1."""
    return bool(found == expected) and isinstance(found, bool) is isinstance(expected, bool)


def does_contain(found: Any, expected: Any) -> bool:
    """A part of a text, an item of a list or a key of a mapping."""
    if isinstance(found, str):
        return str(expected) in found
    if isinstance(found, Mapping):
        return expected in found
    return isinstance(found, list) and any(is_equal(item, expected) for item in found)


def does_match(found: Any, expected: Any) -> bool:
    """Whether the regular expression is found anywhere in the text."""
    return found is not None and Pattern(as_text(expected)).is_in(as_text(found))


def is_in(found: Any, expected: Any) -> bool:
    """One of the values."""
    return any(is_equal(found, item) for item in expected)


COMPARISONS: Mapping[str, Comparison] = {
    **ORDERINGS,
    "==": is_equal,
    "!=": lambda found, expected: not is_equal(found, expected),
    "contains": does_contain,
    "matches": does_match,
    "in": is_in,
}


class Assertions:
    """The compiled assertions of one action.

    `judge(sample, content, scope)` sets the sample's kind, and in `failed_assertions` bit n for assertion n that
    failed. `names`: what the expected values read from the scope.
    """

    __slots__ = ("_checks", "_implied", "_told", "count", "names", "wants_body", "wants_headers")

    def __init__(self, specs: Sequence[Assertion]) -> None:
        expected = [compile_value(spec.expected) for spec in specs]
        self.count = len(specs)
        self.names: frozenset[str] = frozenset().union(*(value.names for value in expected))
        self.wants_headers = any(spec.check == "header" for spec in specs)
        self.wants_body = any(spec.check in FROM_BODY for spec in specs)
        self._implied = all(spec.check != "status_code" for spec in specs)
        finds = [_FINDERS[spec.check](spec) if spec.check in _FINDERS else None for spec in specs]
        self._told: tuple[Judged, ...] = tuple(zip(specs, finds, expected, strict=True))
        self._checks = tuple((KIND[f"assertion:{told[0].check}"], _compile(*told)) for told in self._told)

    def judge(self, sample: Sample, content: Content, scope: Scope) -> None:
        """Judge a response that arrived whole."""
        if not self._all_hold(sample, content, scope):
            self._judge_each(sample, content, scope)

    def _all_hold(self, sample: Sample, content: Content, scope: Scope) -> bool:
        """The way of nearly all samples, without a look at each single outcome."""
        if self._implied and sample.status_code >= OK_BELOW:
            return False
        try:
            for _, check in self._checks:
                if not check(sample, content, scope):
                    return False
        except UNEVALUABLE:
            return False
        return True

    def _judge_each(self, sample: Sample, content: Content, scope: Scope) -> None:
        kind = KIND["status"] if self._implied and sample.status_code >= OK_BELOW else 0
        failed = 0
        findings = []
        for number, (failure, check) in enumerate(self._checks):
            passes, error = _try(check, sample, content, scope)
            if not passes:
                failed |= 1 << number
                kind = kind or failure
                findings.append(Finding(self._told[number], content, scope, error))
        sample.kind = kind
        sample.failed_assertions = failed
        if findings:
            sample.detail = Findings(findings)


def _try(check: Check, sample: Sample, content: Content, scope: Scope) -> tuple[bool, Exception | None]:
    """Whether it holds; one that cannot be evaluated does not, and this is why."""
    try:
        return check(sample, content, scope), None
    except UNEVALUABLE as error:
        return False, error


def _compile(spec: Assertion, found: Find | None, expected: Compiled) -> Check:
    """The predicate of one assertion; `found` looks up what is compared, `expected` is its compiled expected value."""
    if spec.check == "status_code":
        return _status_check(spec.expected)
    if spec.check == "response_time":
        return _time_check(COMPARISONS[spec.op], spec.expected)
    if spec.check == "body_size":
        return _size_check(COMPARISONS[spec.op], spec.expected)
    assert found is not None, "what is left is looked up in the response"
    if spec.op == "exists":
        return lambda sample, content, scope: found(content) is not None
    if spec.op == "matches" and isinstance(spec.expected, str) and not is_template(spec.expected):
        return _pattern_check(found, Pattern(spec.expected))
    return _comparing_check(found, spec.op, expected)


def _status_check(ranges: Sequence[Sequence[int]]) -> Check:
    allowed = frozenset(code for low, high in ranges for code in range(low, high + 1))
    return lambda sample, content, scope: sample.status_code in allowed


def _time_check(compare: Comparison, limit: int) -> Check:
    return lambda sample, content, scope: compare(sample.ended - sample.started, limit)


def _size_check(compare: Comparison, limit: int) -> Check:
    return lambda sample, content, scope: compare(len(content.body), limit)


def _comparing_check(found: Find, op: str, expected: Compiled) -> Check:
    compare = COMPARISONS[op]
    if not isinstance(expected, Literal):
        return lambda sample, content, scope: compare(found(content), expected.render(scope))
    value = expected.value
    return lambda sample, content, scope: compare(found(content), value)


def _pattern_check(found: Find, pattern: Pattern) -> Check:
    def matches(sample: Sample, content: Content, scope: Scope) -> bool:
        value = found(content)
        return value is not None and pattern.is_in(as_text(value))

    return matches


def _header_finder(spec: Assertion) -> Find:
    name = spec.subject
    return lambda content: content.headers.get(name)


def _body_finder(spec: Assertion) -> Find:
    return lambda content: content.text


def _json_finder(spec: Assertion) -> Find:
    search = Query(spec.subject)
    return lambda content: None if content.json is NOT_JSON else search(content.json)


_FINDERS: Mapping[str, Callable[[Assertion], Find]] = {
    "header": _header_finder,
    "body_contains": _body_finder,
    "body_matches": _body_finder,
    "json": _json_finder,
}
