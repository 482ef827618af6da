"""`json: data.total > 5`: a value in the body. `subject`: its JMESPath expression; `expected`: any JSON value."""

from __future__ import annotations

from typing import Any, ClassVar

from gradual_common.kinds.assertions.assertion import Assertion, AssertionKind, Find, Hide, Measured, Predicate, show
from gradual_common.kinds.assertions.operators import check_expected, read_expectation, split_comparison
from gradual_common.kinds.content import NOT_JSON, Content
from gradual_common.kinds.expressions import Query, check_jmespath
from gradual_common.language.model import Fragment
from gradual_common.templates.compiled import Compiled


class JsonValue(AssertionKind):
    """A value in the body."""

    name = "json"
    schema: ClassVar[Fragment] = {"type": ["string", "object"], "examples": ["data.total > 5"]}
    reads = "body"

    def read(self, value: Any) -> dict[str, Any]:
        """`"data.total > 5"`, `"data.id"` (exists), {path: data.total, ">": 5}, or {data.total: 5}."""
        if isinstance(value, str):
            subject, op, expected = split_comparison(value)
            comparison = check_expected(op, expected) if op else {"op": "exists"}
        elif isinstance(value, dict) and isinstance(value.get("path"), str):
            subject, comparison = value["path"], read_expectation(value, "path")
        elif isinstance(value, dict) and len(value) == 1:
            ((subject, expected),) = value.items()
            comparison = {"op": "==", "expected": expected}
        else:
            raise ValueError('write "data.total > 5", {path: data.total, ">": 5} or {data.total: 5}')
        return {"subject": check_jmespath(subject), **comparison}

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """A body that is not JSON has no value, so that none can be told from another."""
        compare = super().compile(assertion, expected)
        if assertion.op != "!=":
            return compare
        return lambda sample, content, scope: content.json is not NOT_JSON and compare(sample, content, scope)

    def finder(self, assertion: Assertion) -> Find:
        """The value of the expression; None in a body that is not JSON."""
        search = Query(assertion.subject)
        return lambda sample, content: None if content.json is NOT_JSON else search(content.json)

    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """The value, or a body that is not JSON."""
        if content.json is NOT_JSON:
            return f"a body that is not JSON: {show(content.text, hide)}"
        return super().found(assertion, sample, content, hide)
