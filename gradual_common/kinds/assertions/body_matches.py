"""`body_matches: a+`: a regular expression (RE2) is found in the body."""

from __future__ import annotations

from typing import Any, ClassVar

from gradual_common.kinds.assertions.assertion import Assertion, AssertionKind, Find
from gradual_common.kinds.expressions import check_regex
from gradual_common.language.notation import Fragment


class BodyMatches(AssertionKind):
    """A pattern within the body."""

    name = "body_matches"
    schema: ClassVar[Fragment] = {"type": "string", "format": "regex"}
    label = "body does not match"
    reads = "body"

    def read(self, value: Any) -> dict[str, Any]:
        """A regular expression; it cannot be a template."""
        return {"op": "matches", "expected": check_regex(value)}

    def finder(self, assertion: Assertion) -> Find:
        """The body."""
        return lambda sample, content: content.text
