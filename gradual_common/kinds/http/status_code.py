"""`status_code: 200`: of the last hop's response. `expected`: inclusive ranges."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from gradual_common.kinds.checks.check import Assertion, Check, Find, Predicate
from gradual_common.language.forms import Fragment
from gradual_common.templates.templates import Compiled

_STATUS_CLASS = re.compile(r"([1-9])xx", re.IGNORECASE)
_STATUS_RANGE = re.compile(r"([1-9][0-9]{2})\s*-\s*([1-9][0-9]{2})")
_STATUS = re.compile(r"[1-9][0-9]{2}")
"""Any three digits (RFC 9110, 15): some systems answer with 600 and above."""


class StatusCode(Check):
    """The status code of the response."""

    name = "status_code"
    schema: ClassVar[Fragment] = {"type": ["integer", "string", "array"], "examples": [200, [200, 201], "2xx"]}
    label = "status code not as asserted"
    is_shared = False
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
