"""`body_size: "< 10KB"`: bytes of the decoded body."""

from __future__ import annotations

from typing import Any, ClassVar

from gradual_common.kinds.assertions.assertion import Assertion, Find, LimitAssertion
from gradual_common.kinds.assertions.operators import read_comparison
from gradual_common.language.notation import Fragment
from gradual_common.units import read_size


class BodySize(LimitAssertion):
    """How large the body is."""

    name = "body_size"
    schema: ClassVar[Fragment] = {"type": ["string", "object", "integer"], "examples": ["> 100", "< 10KB"]}
    label = "body size outside of its limits"
    noun = "body size"
    reads = "body"

    def read(self, value: Any) -> dict[str, Any]:
        """A comparison with a size; a number alone is the size."""
        if isinstance(value, int) and not isinstance(value, bool):
            return {"op": "==", "expected": read_size(value)}
        op, limit = read_comparison(value, 'write "< 10KB"')
        return {"op": op, "expected": read_size(limit)}

    def finder(self, assertion: Assertion) -> Find:
        """Bytes."""
        return lambda sample, content: len(content.body)

    def show_limit(self, limit: int) -> str:
        """`2,000 bytes`."""
        return f"{limit:,} bytes"
