"""What an assertion is: `check: …` in a plan, its normal form, and the class that knows everything of one check.

Each looks up a value in what was measured, or in the response, and compares it. An assertion of a kind of its own is
one file with a subclass of `Check` (of `LimitCheck` where it compares a number), and a line in `written.CHECKS`.
"""

from __future__ import annotations

import json
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Protocol

from gradual_common.kinds.content import Content
from gradual_common.kinds.failure import ASSERTION, LONGEST_NAME, FailureKind
from gradual_common.kinds.patterns import Pattern
from gradual_common.language.forms import Fragment
from gradual_common.language.model import Model
from gradual_common.secrecy.quoting import shorten
from gradual_common.templates.templates import Compiled, Scope, as_text, is_template
from gradual_common.templates.templates import Literal as Fixed

MOST_READ = 64 * 1024
"""Characters of what was found that are masked before the begin of it is shown."""

Hide = Callable[[str], str]


class Assertion(Model):
    """One assertion, normalised: what each check makes of it stands in its file."""

    check: str
    subject: str = ""
    """What is looked up: the name of a header, a JMESPath expression."""
    op: Literal["==", "!=", "<", "<=", ">", ">=", "in", "contains", "matches", "exists"]
    expected: Any = None
    """What it is compared with; a text may be a template."""
    text: str = ""
    """As written, for messages."""


class Measured(Protocol):
    """What an assertion may ask of a sample; instants in ns."""

    started: int
    ended: int
    status_code: int


Find = Callable[[Measured, Content], Any]
"""What an assertion looks up of a sample and its response; None for a value that is not there."""

Predicate = Callable[[Measured, Content, Scope], bool]
"""Whether an assertion holds of a sample and its response; the scope is what templates read."""


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
}


class Check(ABC):
    """One kind of assertion. Its instance knows nothing of a single assertion, which it is given."""

    name: ClassVar[str]
    """The key in a plan."""

    schema: ClassVar[Fragment]
    """How its value is written, for editors."""

    label: ClassVar[str] = ""
    """What people call a failure of it where nothing more is known."""

    reads: ClassVar[Literal["", "headers", "body"]] = ""
    """What of the response must be kept for it."""

    is_shared: ClassVar[bool] = True
    """Whether every kind of action has it: any response has a time and a body."""

    by_status: ClassVar[bool] = False
    """Whether its failures differ by status codes."""

    @property
    def failure(self) -> FailureKind:
        """How samples fail that it does not hold of."""
        label = self.label or f"{self.name} not as asserted"
        return FailureKind(f"{ASSERTION}:{self.name}", label, True, self.by_status)

    @abstractmethod
    def read(self, value: Any) -> dict[str, Any]:
        """From what people write to `op`, `expected` and `subject`; ValueError says what is allowed."""

    @abstractmethod
    def finder(self, assertion: Assertion) -> Find:
        """What looks up the value that is compared."""

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """When one holds: the value compared with a fixed value, or with what a template comes to."""
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
        """What was found instead, in words, masked and then cut.

        Nothing where it cannot be looked up, and the error stands beside it.
        """
        try:
            return show(self.finder(assertion)(sample, content), hide)
        except Exception:
            return "nothing"

    def label_for(self, assertion: Assertion) -> str:
        """What people call a failure of this one; without what a body or a header should be, which may be secret."""
        subject = assertion.subject[:LONGEST_NAME]
        return f"{self.name} {subject} not as asserted" if subject else self.failure.label


class LimitCheck(Check):
    """A number compared with a whole number that is its limit."""

    noun: ClassVar[str]
    """What the number is called in labels."""

    @abstractmethod
    def show_limit(self, limit: int) -> str:
        """A limit in words."""

    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """The number."""
        return self.show_limit(self.finder(assertion)(sample, content))

    def label_for(self, assertion: Assertion) -> str:
        """`response time above 500 ms`."""
        return f"{self.noun} {SIDES[assertion.op]} {self.show_limit(assertion.expected)}"


SIDES = {"<": "above", "<=": "above", ">": "below", ">=": "below", "==": "other than", "!=": "of"}
"""By the operator, on which side of its limit a sample was that failed; hardly one meets the edge itself."""


def _matching(find: Find, pattern: Pattern) -> Predicate:
    """The pattern is compiled once, and searched for in what is there."""

    def matches(sample: Measured, content: Content, scope: object) -> bool:
        value = find(sample, content)
        return value is not None and pattern.is_in(as_text(value))

    return matches


def show(value: Any, hide: Hide) -> str:
    """The begin of a value as JSON; `nothing` for one that is not there."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return json.dumps(shorten(hide(value[:MOST_READ])), ensure_ascii=False)
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return shorten(hide(text[:MOST_READ]))
