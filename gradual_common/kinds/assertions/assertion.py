"""What an assertion is: its normal form, and the base class of all kinds of assertions.

An assertion looks up a value in the sample or in the response, and compares it. A new kind is a subclass of
`AssertionKind` (of `LimitAssertion` if it compares a number), and an instance at the end of `SHARED_ASSERTIONS`, or of
`HTTP_ASSERTIONS` when it needs an HTTP response.
"""

from __future__ import annotations

import json
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Protocol

from gradual_common.kinds.content import Content
from gradual_common.kinds.expressions import Pattern
from gradual_common.kinds.failure import ASSERTION, MAX_LABEL_PART, FailureKind
from gradual_common.language.model import Fragment, Model
from gradual_common.secrecy.quoting import shorten
from gradual_common.templates.compiled import Compiled, Scope, as_text
from gradual_common.templates.compiled import Literal as Fixed
from gradual_common.templates.trees import is_template

MAX_READ_CHARACTERS = 64 * 1024
"""Characters of a found value that are masked before its first part is shown."""

Hide = Callable[[str], str]


class Assertion(Model):
    """One assertion in normal form; each kind documents its own fields."""

    check: str
    """The name of its kind."""
    subject: str = ""
    """What to look up: the name of a header, a JMESPath expression."""
    op: Literal["==", "!=", "<", "<=", ">", ">=", "in", "between", "contains", "matches", "exists"]
    expected: Any = None
    """What it is compared with; a text may be a template."""
    text: str = ""
    """The assertion as the plan writes it, for messages."""


class Measured(Protocol):
    """What an assertion may read of a sample; instants in ns."""

    started: int
    ended: int
    status_code: int


Find = Callable[[Measured, Content], Any]
"""Finds the value that an assertion compares; None for a value that is not there."""

Predicate = Callable[[Measured, Content, Scope], bool]
"""Whether an assertion is true for a sample and its response; the scope holds the variables of templates."""


def is_equal(found: Any, expected: Any) -> bool:
    """Equality as in JSON: unlike in Python, true does not equal 1."""
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


COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": is_equal,
    "!=": lambda found, expected: not is_equal(found, expected),
    "contains": does_contain,
    "matches": does_match,
    "in": lambda found, expected: any(is_equal(found, item) for item in expected),
    "between": lambda found, expected: expected[0] <= found <= expected[1],
}


class AssertionKind(ABC):
    """One kind of assertion. Its only instance serves all assertions of this kind, and has no state."""

    name: ClassVar[str]
    """The key in a plan."""

    schema: ClassVar[Fragment]
    """The JSON schema of its value in a plan, for editors."""

    label: ClassVar[str] = ""
    """The label of its failures in reports, if it is not more specific."""

    reads: ClassVar[Literal["", "headers", "body"]] = ""
    """The part of the response that must be kept for it."""

    by_status: ClassVar[bool] = False
    """Whether reports divide its failures by status code."""

    @property
    def failure(self) -> FailureKind:
        """The failure kind of a sample for which the assertion fails."""
        label = self.label or f"{self.name} not as asserted"
        return FailureKind(f"{ASSERTION}:{self.name}", label, True, self.by_status)

    @abstractmethod
    def read(self, value: Any) -> dict[str, Any]:
        """Read a plan's value into `op`, `expected` and `subject`; ValueError says what is allowed."""

    @abstractmethod
    def finder(self, assertion: Assertion) -> Find:
        """Return the function that finds the value to compare."""

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """Return the predicate of an assertion."""
        # It is compiled once per action and called per sample, so each case gets a function without further decisions.
        find = self.finder(assertion)
        if assertion.op == "exists":
            return lambda sample, content, scope: find(sample, content) is not None
        if assertion.op == "matches" and isinstance(assertion.expected, str) and not is_template(assertion.expected):
            return _matching(find, Pattern(assertion.expected))
        compare = COMPARE[assertion.op]
        if not isinstance(expected, Fixed):
            return lambda sample, content, scope: compare(find(sample, content), expected.render(scope))
        value = expected.value
        return lambda sample, content, scope: compare(find(sample, content), value)

    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """What was found instead, as text, masked and then shortened.

        "nothing" when it cannot be looked up; the message then also has the error.
        """
        try:
            return show(self.finder(assertion)(sample, content), hide)
        except Exception:
            return "nothing"

    def label_for(self, assertion: Assertion) -> str:
        """The label of its failure; without the expected value of a body or a header, which may be secret."""
        subject = assertion.subject[:MAX_LABEL_PART]
        return f"{self.name} {subject} not as asserted" if subject else self.failure.label


class LimitAssertion(AssertionKind):
    """A number that is compared with a limit."""

    noun: ClassVar[str]
    """The name of the number in labels."""

    @abstractmethod
    def show_limit(self, limit: int) -> str:
        """A limit as text."""

    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """The number as text."""
        return self.show_limit(self.finder(assertion)(sample, content))

    def label_for(self, assertion: Assertion) -> str:
        """`response time above 500 ms`."""
        if assertion.op == "between":
            return f"{self.noun} outside of {' to '.join(map(self.show_limit, assertion.expected))}"
        return f"{self.noun} {SIDES[assertion.op]} {self.show_limit(assertion.expected)}"


SIDES = {"<": "above", "<=": "above", ">": "below", ">=": "below", "==": "other than", "!=": "of"}
"""By operator, on which side of its limit a failed sample is. A value exactly on the limit is rare."""


def _matching(find: Find, pattern: Pattern) -> Predicate:
    """A predicate that searches a compiled pattern in the value, if there is one."""

    def matches(sample: Measured, content: Content, scope: object) -> bool:
        value = find(sample, content)
        return value is not None and pattern.is_in(as_text(value))

    return matches


def show(value: Any, hide: Hide) -> str:
    """The first part of a value as JSON; `nothing` for a value that is not there."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return json.dumps(shorten(hide(value[:MAX_READ_CHARACTERS])), ensure_ascii=False)
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return shorten(hide(text[:MAX_READ_CHARACTERS]))
