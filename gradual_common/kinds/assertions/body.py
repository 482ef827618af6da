"""The assertions on the decoded body: `body_contains: text`, `body_matches: a+`, `body_size: "< 10KB"`."""

from __future__ import annotations

from typing import Any, ClassVar

from gradual_common.kinds.assertions.assertion import Assertion, AssertionKind, Find, LimitAssertion
from gradual_common.kinds.assertions.operators import read_limit
from gradual_common.kinds.expressions import check_regex
from gradual_common.language.model import Fragment
from gradual_common.language.wording import kind_of
from gradual_common.units import read_size


class BodyContains(AssertionKind):
    """The body contains this text, which may be a template."""

    name = "body_contains"
    schema: ClassVar[Fragment] = {"type": "string"}
    label = "body lacks the asserted text"
    reads = "body"

    def read(self, value: Any) -> dict[str, Any]:
        """A text."""
        if not isinstance(value, str) or not value:
            raise ValueError(f"a text is expected; found {kind_of(value)}")
        return {"op": "contains", "expected": value}

    def finder(self, assertion: Assertion) -> Find:
        """The body."""
        return lambda sample, content: content.text


class BodyMatches(BodyContains):
    """A regular expression (RE2) is found in the body."""

    name = "body_matches"
    schema: ClassVar[Fragment] = {"type": "string", "format": "regex"}
    label = "body does not match"

    def read(self, value: Any) -> dict[str, Any]:
        """A regular expression; it cannot be a template."""
        return {"op": "matches", "expected": check_regex(value)}


class BodySize(LimitAssertion):
    """How large the body is, in bytes."""

    name = "body_size"
    schema: ClassVar[Fragment] = {"type": ["string", "object", "integer"], "examples": ["> 100", "< 10KB"]}
    label = "body size outside of its limits"
    noun = "body size"
    reads = "body"

    def read(self, value: Any) -> dict[str, Any]:
        """A comparison with a size; a number alone is the size."""
        if isinstance(value, int) and not isinstance(value, bool):
            return {"op": "==", "expected": read_size(value)}
        return read_limit(value, 'write "< 10KB"', read_size)

    def finder(self, assertion: Assertion) -> Find:
        """Bytes."""
        return lambda sample, content: len(content.body)

    def show_limit(self, limit: int) -> str:
        """`2,000 bytes`."""
        return f"{limit:,} bytes"
