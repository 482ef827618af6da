"""`xpath: {"//title": Bank}`, `css: {"div.total": "> 3"}`: a value in a body that is HTML or XML.

`subject`: the expression; `expected`: a text or a number. A value that is compared with a number is read as one.
Nothing that is found fulfils no condition, `!=` neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gradual_common.kinds.assertions.assertion import (
    COMPARE,
    Assertion,
    AssertionKind,
    Find,
    Hide,
    Measured,
    Predicate,
    show,
)
from gradual_common.kinds.assertions.operators import alike, read_expectation, read_value
from gradual_common.kinds.content import Content
from gradual_common.kinds.values.lookups import LOOKUPS
from gradual_common.language.model import Fragment
from gradual_common.templates.compiled import Compiled

_COOKIES: Mapping[str, str] = {}


class CssValue(AssertionKind):
    """The text of the first element that a CSS selector finds, or an attribute of it: `input::attr(value)`."""

    name = "css"
    schema: ClassVar[Fragment] = {"type": ["string", "object"], "examples": [{"div.total": "> 3"}, "form#login"]}
    reads = "body"
    example = 'write {"div.total": "> 3"}, or the selector alone'

    def read(self, value: Any) -> dict[str, Any]:
        """`"div.total"` (exists), {div.total: "> 3"}, {div.total: {contains: a}} or {path: div.total, contains: a}."""
        if isinstance(value, str):
            subject, comparison = value, {"op": "exists"}
        elif isinstance(value, dict) and isinstance(value.get("path"), str):
            subject, comparison = value["path"], read_expectation(value, "path")
        elif isinstance(value, dict) and len(value) == 1:
            ((subject, expected),) = value.items()
            comparison = read_value(expected)
        else:
            raise ValueError(self.example)
        LOOKUPS[self.name].check(subject)
        return {"subject": subject, **comparison}

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """Compare texts with texts, and numbers with numbers."""
        if assertion.op in ("exists", "matches"):
            return super().compile(assertion, expected)
        find, compare = self.finder(assertion), COMPARE[assertion.op]

        def holds(sample: Measured, content: Content, scope: Any) -> bool:
            found = find(sample, content)
            return found is not None and compare(*alike(found, expected.render(scope)))

        return holds

    def finder(self, assertion: Assertion) -> Find:
        """The value; QueryError in a body that is no document."""
        look_up = LOOKUPS[self.name].compile(assertion.subject)
        return lambda sample, content: look_up(content, _COOKIES.get)

    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """The value, or the start of a body that is no document."""
        if content.markup is None:
            return show(content.text, hide)
        return super().found(assertion, sample, content, hide)


class XPathValue(CssValue):
    """The first value of an XPath 1.0 expression: a text, a number, true or false."""

    name = "xpath"
    schema: ClassVar[Fragment] = {"type": ["string", "object"], "examples": [{"//title": "Bank"}, "count(//tr) > 3"]}
    example = 'write {"//title": Bank}, or the expression alone'

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """An expression alone is read as a condition: `count(//tr) > 3` may be false, and is found all the same."""
        if assertion.op != "exists":
            return super().compile(assertion, expected)
        from gradual_common.kinds.values.markup import XPathQuery  # noqa: PLC0415 - heavy

        holds = XPathQuery(assertion.subject).holds
        return lambda sample, content, scope: holds(content.markup)
