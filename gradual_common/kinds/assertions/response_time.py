"""`response_time: "< 500ms"`: from the start of the action to the last byte. `expected` in ns."""

from __future__ import annotations

from typing import Any, ClassVar

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.kinds.assertions.assertion import (
    COMPARE,
    Assertion,
    Find,
    Hide,
    LimitAssertion,
    Measured,
    Predicate,
)
from gradual_common.kinds.assertions.operators import read_limit
from gradual_common.kinds.content import Content
from gradual_common.language.model import Fragment
from gradual_common.templates.compiled import Compiled
from gradual_common.units import read_duration


class ResponseTime(LimitAssertion):
    """How long the action took."""

    name = "response_time"
    schema: ClassVar[Fragment] = {"type": ["string", "object"], "examples": ["< 500ms"]}
    label = "response time outside of its limits"
    noun = "response time"

    def read(self, value: Any) -> dict[str, Any]:
        """A comparison with a duration."""
        return read_limit(value, 'write "< 500ms"', read_duration)

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """Compare directly, without `finder`: nearly every plan has it, and each call costs 0.05 µs per sample."""
        compare, limit = COMPARE[assertion.op], assertion.expected
        if assertion.op == "<":
            return lambda sample, content, scope: sample.ended - sample.started < limit
        return lambda sample, content, scope: compare(sample.ended - sample.started, limit)

    def finder(self, assertion: Assertion) -> Find:
        """Nanoseconds."""
        return lambda sample, content: sample.ended - sample.started

    def show_limit(self, limit: int) -> str:
        """`500 ms`, `1.5 s`."""
        return f"{limit / NS_PER_S:g} s" if limit >= NS_PER_S else f"{limit / NS_PER_MS:g} ms"

    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """`734.2 ms`."""
        return f"{(sample.ended - sample.started) / NS_PER_MS:,.1f} ms"
