"""`body_contains: text`: the body contains this text, which may be a template."""

from __future__ import annotations

from typing import Any, ClassVar

from gradual_common.kinds.assertions.assertion import Assertion, AssertionKind, Find
from gradual_common.language.notation import Fragment
from gradual_common.language.wording import kind_of


class BodyContains(AssertionKind):
    """A text within the body."""

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
