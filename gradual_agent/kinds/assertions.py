"""Assertions: predicates over one response, compiled once per action.

All assertions of an action are evaluated; the failure kind is that of the first one that failed. If no assertion checks
the status code, "below 400" is implied: it comes first, and its failure kind is `status`.

A status code and a response time together cost 0.15 µs. The body is read, and parsed as JSON, only for an assertion
that needs it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import UndefinedError

from gradual_agent.runtime.sample import Sample
from gradual_common.errors import GradualError
from gradual_common.kinds.assertions.assertion import Assertion, Hide, Predicate, show
from gradual_common.kinds.content import Content
from gradual_common.kinds.failures import KIND
from gradual_common.kinds.registry import assertion_called
from gradual_common.secrecy.field_names import is_sensitive
from gradual_common.secrecy.quoting import MAX_QUOTE_LENGTH, shorten
from gradual_common.templates.compiled import Compiled, Scope
from gradual_common.templates.compiled import Literal as Fixed
from gradual_common.templates.templates import compile_value

_WORD = re.compile(r"[\w-]+")

OK_BELOW = 400

UNEVALUABLE = (GradualError, UndefinedError, TypeError, ValueError, RecursionError)
"""What an assertion raises that cannot be evaluated: a template, query or pattern that fails on this response, values
that cannot be compared, numbers with too many digits, an undefined name in a list, too deep nesting."""


class Assertions:
    """The compiled assertions of one action.

    `is_plain`: there is nothing but the implied "below 400". `judge` sets the sample's kind, and bit n of
    `failed_assertions` for each assertion n that failed. `names`: the variables of the scope that the expected values
    read.
    """

    __slots__ = ("_failures", "_implied", "_predicates", "_specs", "count", "is_plain", "names", "wants_body",
                 "wants_headers")  # fmt: skip

    def __init__(self, specs: Sequence[Assertion]) -> None:
        expected = [compile_value(spec.expected) for spec in specs]
        self.count = len(specs)
        self.is_plain = not specs
        self.names: frozenset[str] = frozenset().union(*(value.names for value in expected))
        kinds = [assertion_called(spec.check) for spec in specs]
        self.wants_headers = any(kind.reads == "headers" for kind in kinds)
        self.wants_body = any(kind.reads == "body" for kind in kinds)
        self._implied = all(spec.check != "status_code" for spec in specs)
        self._specs = tuple(zip(specs, expected, strict=True))
        self._predicates = tuple(
            kind.compile(spec, value) for kind, spec, value in zip(kinds, specs, expected, strict=True)
        )
        self._failures = tuple(KIND[kind.failure.name] for kind in kinds)

    def judge(self, sample: Sample, content: Content, scope: Scope) -> None:
        """Judge a complete response."""
        # First only "do all hold?", which is true for nearly all samples and needs no list of outcomes. Only if one
        # fails are all evaluated again, to know which.
        if not self._implied or sample.status_code < OK_BELOW:
            try:
                for holds in self._predicates:
                    if not holds(sample, content, scope):
                        break
                else:
                    return
            except UNEVALUABLE:
                pass
        self._judge_each(sample, content, scope)

    def _judge_each(self, sample: Sample, content: Content, scope: Scope) -> None:
        kind = KIND["status"] if self._implied and sample.status_code >= OK_BELOW else 0
        failed = 0
        failures = []
        for number, (failure, predicate) in enumerate(zip(self._failures, self._predicates, strict=True)):
            passes, error = _try(predicate, sample, content, scope)
            if not passes:
                failed |= 1 << number
                kind = kind or failure
                failures.append(FailedAssertion(*self._specs[number], content, scope, error))
        sample.kind = kind
        sample.failed_assertions = failed
        if failures:
            sample.detail = FailedAssertions(failures)


def _try(check: Predicate, sample: Sample, content: Content, scope: Scope) -> tuple[bool, Exception | None]:
    """Whether the assertion holds, and the error if it could not be evaluated, which counts as failed."""
    try:
        return check(sample, content, scope), None
    except UNEVALUABLE as error:
        return False, error


@dataclass(slots=True, eq=False)
class FailedAssertion:
    """One assertion that failed, and the error if it could not be evaluated."""

    # The text is made only when a report shows the failure: of many failures only a few are ever shown.

    spec: Assertion
    expected: Compiled
    content: Content
    scope: Scope
    error: Exception | None

    def explain(self, sample: Sample, hide: Hide) -> str:
        """`expected response_time: < 500ms, found 734.2 ms`."""
        spec = self.spec
        if any(map(is_sensitive, _WORD.findall(spec.subject))):
            # By its name the value is a credential (`data.token`, `Authorization`), so it is not shown.
            return f"expected another value of {spec.check} {spec.subject}"
        written = shorten(hide(spec.text or spec.check))
        if not isinstance(self.expected, Fixed):
            # Add the value of the template. If it cannot be rendered, that is the error, which follows in brackets.
            with contextlib.suppress(Exception):
                written += f" (= {show(self.expected.render(self.scope), hide)})"
        text = f"expected {written}, found {assertion_called(spec.check).found(spec, sample, self.content, hide)}"
        return text if self.error is None else f"{text} ({shorten(hide(str(self.error)), 4 * MAX_QUOTE_LENGTH)})"


@dataclass(slots=True, eq=False)
class FailedAssertions:
    """All failed assertions of a sample, in the order of the plan."""

    failures: Sequence[FailedAssertion]

    def explain(self, sample: Sample, hide: Hide) -> str:
        """Their explanations, joined by `; `."""
        return "; ".join(failed.explain(sample, hide) for failed in self.failures)
