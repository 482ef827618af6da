"""The assertions that need the head of an HTTP response: `status_code: 200`, `header: "X-Name: value"`."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from gradual_common.kinds.assertions.assertion import COMPARE, Assertion, AssertionKind, Find, Predicate
from gradual_common.kinds.assertions.operators import ORDERING, alike, read_expectation
from gradual_common.kinds.assertions.parsing import SHARED_ASSERTIONS
from gradual_common.kinds.values.numerals import is_number
from gradual_common.language.model import Fragment
from gradual_common.language.wording import kind_of
from gradual_common.net.header_fields import check_name
from gradual_common.templates.compiled import Compiled

_STATUS_CLASS = re.compile(r"([1-9])xx", re.IGNORECASE)
_STATUS_RANGE = re.compile(r"([1-9][0-9]{2})\s*-\s*([1-9][0-9]{2})")
_STATUS = re.compile(r"[1-9][0-9]{2}")
"""Any three digits (RFC 9110, 15): some systems answer with 600 and above."""


class StatusCode(AssertionKind):
    """The status code of the last hop's response. `expected`: inclusive ranges."""

    name = "status_code"
    schema: ClassVar[Fragment] = {"type": ["integer", "string", "array"], "examples": [200, [200, 201], "2xx"]}
    label = "status code not as asserted"
    by_status = True

    def read(self, value: Any) -> dict[str, Any]:
        """200, "2xx", "200-299", or a list of them → inclusive ranges."""
        entries = value if isinstance(value, list) else str(value).split(",") if isinstance(value, str) else [value]
        if not entries:
            raise ValueError("the list is empty; write 200, [200, 201] or 2xx")
        return {"op": "in", "expected": tuple(_status_range(entry) for entry in entries)}

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """Compare by a set of all allowed codes: one look-up per sample."""
        ranges = assertion.expected
        allowed = frozenset(code for low, high in ranges for code in range(low, high + 1))
        return lambda sample, content, scope: sample.status_code in allowed

    def finder(self, assertion: Assertion) -> Find:
        """The code."""
        return lambda sample, content: sample.status_code


def _status_range(entry: Any) -> tuple[int, int]:
    text = str(entry).strip()
    if match := _STATUS_CLASS.fullmatch(text):
        return int(match[1]) * 100, int(match[1]) * 100 + 99
    if (match := _STATUS_RANGE.fullmatch(text)) and match[1] <= match[2]:
        return int(match[1]), int(match[2])
    if _STATUS.fullmatch(text):
        return int(text), int(text)
    raise ValueError(f"{entry!r} is not a status code; write 100 to 999, a list such as [200, 201], 2xx or 200-299")


class HeaderField(AssertionKind):
    """A header field of the response. `subject`: its name; `expected`: text."""

    name = "header"
    schema: ClassVar[Fragment] = {
        "type": ["string", "object"],
        "examples": [{"name": "Content-Type", "contains": "json"}],
    }
    reads = "headers"

    def read(self, value: Any) -> dict[str, Any]:
        """`"X-Name"`, `"X-Name: value"`, {X-Name: value}, or {name: X-Name, contains: value}."""
        if isinstance(value, str):
            name, colon, expected = value.partition(":")
            comparison = {"op": "==", "expected": expected.strip()} if colon else {"op": "exists"}
        elif isinstance(value, dict) and "name" in value and isinstance(value["name"], str):
            name, comparison = value["name"], read_expectation(value, "name")
        elif isinstance(value, dict) and len(value) == 1:
            ((name, expected),) = value.items()
            written = expected if isinstance(expected, dict) else {"==": expected}
            comparison = read_expectation(written, "")
        else:
            raise ValueError('write "X-Name: value", {X-Name: value} or {name: X-Name, contains: value}')
        if not name.strip():
            raise ValueError("the name is empty")
        check_name(name.strip())
        return {"subject": name.strip(), **_as_texts(comparison)}

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """A field is text: to be compared with a number it is read as one."""
        if assertion.op not in ORDERING:
            return super().compile(assertion, expected)
        find, compare = self.finder(assertion), COMPARE[assertion.op]
        return lambda sample, content, scope: compare(*alike(find(sample, content), expected.render(scope)))

    def finder(self, assertion: Assertion) -> Find:
        """The field's value."""
        name = assertion.subject
        return lambda sample, content: content.headers.get(name)


def _as_texts(comparison: dict[str, Any]) -> dict[str, Any]:
    """Convert the expected value to text, as headers are text, but for those operators that compare numbers."""
    if comparison["op"] == "exists":
        return comparison
    expected = comparison["expected"]
    if comparison["op"] in ORDERING:
        if not isinstance(expected, list) and not is_number(expected) and "{{" not in str(expected):
            raise ValueError(f"{comparison['op']} compares numbers; found {kind_of(expected)}")
        return comparison
    if expected is None or isinstance(expected, dict):
        raise ValueError(f"a text is expected; found {kind_of(expected)}")
    texts = [str(entry) for entry in expected] if isinstance(expected, list) else str(expected)
    return {**comparison, "expected": texts}


HTTP_ASSERTIONS: dict[str, AssertionKind] = {
    kind.name: kind
    for kind in (StatusCode(), SHARED_ASSERTIONS["response_time"], HeaderField(), *SHARED_ASSERTIONS.values())
}
"""By name. A new one goes to the end: the failures have numbers on the wire, which must not change."""
