"""`header: "X-Name: value"`: a field of the response's head. `subject`: its name; `expected`: text."""

from __future__ import annotations

from typing import Any, ClassVar

from gradual_common.kinds.checks.check import Assertion, Check, Find
from gradual_common.kinds.checks.operators import read_expectation
from gradual_common.kinds.http.fields import check_name
from gradual_common.language.forms import Fragment
from gradual_common.language.wording import kind_of


class HeaderField(Check):
    """A header field."""

    name = "header"
    schema: ClassVar[Fragment] = {
        "type": ["string", "object"],
        "examples": [{"name": "Content-Type", "contains": "json"}],
    }
    reads = "headers"
    is_shared = False

    def read(self, value: Any) -> dict[str, Any]:
        """`"X-Name"`, `"X-Name: value"`, {X-Name: value}, or {name: X-Name, contains: value}."""
        if isinstance(value, str):
            name, colon, expected = value.partition(":")
            comparison = {"op": "==", "expected": expected.strip()} if colon else {"op": "exists"}
        elif isinstance(value, dict) and "name" in value and isinstance(value["name"], str):
            name, comparison = value["name"], read_expectation(value, "name", is_header=True)
        elif isinstance(value, dict) and len(value) == 1:
            ((name, expected),) = value.items()
            comparison = (
                read_expectation(expected, "", is_header=True)
                if isinstance(expected, dict)
                else {"op": "==", "expected": expected}
            )
        else:
            raise ValueError('write "X-Name: value", {X-Name: value} or {name: X-Name, contains: value}')
        if not name.strip():
            raise ValueError("the name is empty")
        check_name(name.strip())
        return {"subject": name.strip(), **_as_texts(comparison)}

    def finder(self, assertion: Assertion) -> Find:
        """The field's value."""
        name = assertion.subject
        return lambda sample, content: content.headers.get(name)


def _as_texts(comparison: dict[str, Any]) -> dict[str, Any]:
    """Convert the expected value to text, as headers are text."""
    if comparison["op"] == "exists":
        return comparison
    expected = comparison["expected"]
    if expected is None or isinstance(expected, dict):
        raise ValueError(f"a text is expected; found {kind_of(expected)}")
    texts = [str(entry) for entry in expected] if isinstance(expected, list) else str(expected)
    return {**comparison, "expected": texts}
