"""`json_schema: schemas/order.json`: the body is JSON that a JSON Schema describes.

`expected`: the schema as JSON text, `{{` escaped, as a schema is no template. The master puts the content of a file
into the plan (`plan.reading.schema_files`), so that agents need no file.

The validator is jsonschema-rs, which evaluates a schema and makes no code of it. Nothing is fetched: a `$ref` leads
into the schema itself. Regular expressions are those of Rust's crate `regex`, linear in the text as RE2 is.
"""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from gradual_common.kinds.assertions.assertion import (
    MAX_READ_CHARACTERS,
    Assertion,
    AssertionKind,
    Find,
    Hide,
    Measured,
    Predicate,
    show,
)
from gradual_common.kinds.content import NOT_JSON, Content
from gradual_common.language.model import Fragment
from gradual_common.language.wording import kind_of
from gradual_common.secrecy.field_names import is_sensitive
from gradual_common.secrecy.quoting import shorten
from gradual_common.templates.compiled import Compiled

COMMENT = "$comment"
"""A keyword that JSON Schema ignores; here it holds the path of a file, for messages."""

_REMOTE = re.compile(r"not present in a registry|retrieving it failed")


class JsonSchema(AssertionKind):
    """The body is described by a JSON Schema."""

    name = "json_schema"
    schema: ClassVar[Fragment] = {"type": ["string", "object"], "examples": ["schemas/order.json"]}
    label = "body is not as its schema says"
    reads = "body"

    def read(self, value: Any) -> dict[str, Any]:
        """A schema."""
        if not isinstance(value, dict):
            raise ValueError(f"a JSON Schema or the path of its file is expected; found {kind_of(value)}")
        check_schema(value)
        # Two braces are side by side only within texts of JSON, where one of them may be escaped.
        text = json.dumps(value, separators=(",", ":")).replace("{{", "\\u007b{").replace("{%", "\\u007b%")
        shown = {"text": f"{self.name}: {value[COMMENT]}"} if isinstance(value.get(COMMENT), str) else {}
        return {"op": "==", "expected": text.replace("{#", "\\u007b#"), **shown}

    def compile(self, assertion: Assertion, expected: Compiled) -> Predicate:
        """Validate; the validator is made once."""
        is_valid = make_validator(json.loads(assertion.expected)).is_valid
        return lambda sample, content, scope: content.json is not NOT_JSON and is_valid(content.json)

    def finder(self, assertion: Assertion) -> Find:
        """The document."""
        return lambda sample, content: content.json

    def found(self, assertion: Assertion, sample: Measured, content: Content, hide: Hide) -> str:
        """The first thing in the body that the schema does not allow."""
        if content.json is NOT_JSON:
            return f"a body that is not JSON: {show(content.text, hide)}"
        validator = make_validator(json.loads(assertion.expected))
        try:
            error = next(validator.iter_errors(content.json), None)
        except ValueError as unreadable:
            return shorten(hide(str(unreadable)[:MAX_READ_CHARACTERS]))
        if error is None:
            return "nothing that it forbids"
        place = ".".join(map(str, error.instance_path)) or "the top"
        if any(is_sensitive(str(part)) for part in error.instance_path):
            return f"another value at {shorten(place)}"
        return f"{shorten(hide(error.message[:MAX_READ_CHARACTERS]))} at {shorten(hide(place))}"

    def label_for(self, assertion: Assertion) -> str:
        """The same for all: a schema has no short name."""
        return self.failure.label


def make_validator(schema: Any) -> Any:
    """The validator of a schema; ValueError for one that is wrong."""
    import jsonschema_rs  # noqa: PLC0415 - heavy

    return jsonschema_rs.validator_for(schema, retriever=_refuse, pattern_options=jsonschema_rs.RegexOptions())


def check_schema(schema: Any) -> None:
    """ValueError for a schema that is wrong, or that refers to another document."""
    try:
        make_validator(schema)
    except ValueError as error:
        message = str(getattr(error, "message", error))
        if _REMOTE.search(message):
            raise ValueError(
                f"{shorten(message)}; a $ref leads into the schema itself, such as #/$defs/order: nothing is fetched"
            ) from None
        parts = [str(part) for part in getattr(error, "instance_path", ())]
        place = f" at {shorten('.'.join(parts))}" if parts else ""
        raise ValueError(f"not a JSON Schema: {shorten(message)}{place}") from None


def _refuse(uri: str) -> Any:
    raise ValueError("nothing is fetched")
