"""Assertions on a value that is looked up in the response, and how values compare."""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from gradual_common.kinds.checks.check import Assertion, Check, Hide, Measured, Predicate, show
from gradual_common.kinds.content import Content
from gradual_common.kinds.failure import LONGEST_NAME
from gradual_common.kinds.patterns import Pattern
from gradual_common.templates.templates import Compiled, Literal, as_text, is_template

Comparison = Callable[[Any, Any], bool]
Find = Callable[[Content], Any]


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


COMPARE: Mapping[str, Comparison] = {
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


class ValueCheck(Check):
    """A value that is looked up in the response."""

    @abstractmethod
    def finder(self, assertion: Assertion) -> Find:
        """What looks it up; None for one that is not there."""

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """The value compared with a fixed value, or with what a template comes to."""
        find = self.finder(assertion)
        if assertion.op == "exists":
            return lambda sample, content, scope: find(content) is not None
        if assertion.op == "matches" and isinstance(assertion.expected, str) and not is_template(assertion.expected):
            return _matching(find, Pattern(assertion.expected))
        compare = COMPARE[assertion.op]
        if not isinstance(expected, Literal):
            return lambda sample, content, scope: compare(find(content), expected.render(scope))
        value = expected.value
        return lambda sample, content, scope: compare(find(content), value)

    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """The value; nothing where it cannot be looked up, and the error stands beside it."""
        try:
            return show(self.finder(assertion)(content), hide)
        except Exception:
            return "nothing"

    def label_for(self, assertion: Assertion) -> str:
        """`json data.id not as asserted`."""
        if not assertion.subject:
            return super().label_for(assertion)
        return f"{self.name} {assertion.subject[:LONGEST_NAME]} not as asserted"


def _matching(find: Find, pattern: Pattern) -> Predicate:
    def matches(sample: Measured, content: Content, scope: object) -> bool:
        value = find(content)
        return value is not None and pattern.is_in(as_text(value))

    return matches
