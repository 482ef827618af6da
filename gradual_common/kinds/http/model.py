"""The HTTP action as it stands in a plan: one request, and what is asserted of its response."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from gradual_common.kinds.http.assertions import read_assertion, read_extraction, spread_assertions
from gradual_common.language.forms import Fragment
from gradual_common.language.model import Count, Model, Name, PositiveCount, PositiveDuration
from gradual_common.language.wording import kind_of
from gradual_common.net.tls_settings import Tls

ASSERTION: Fragment = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        "status_code": {"type": ["integer", "string", "array"], "examples": [200, [200, 201], "2xx"]},
        "response_time": {"type": ["string", "object"], "examples": ["< 500ms"]},
        "header": {"type": ["string", "object"], "examples": [{"name": "Content-Type", "contains": "json"}]},
        "body_contains": {"type": "string"},
        "body_matches": {"type": "string", "format": "regex"},
        "json": {"type": ["string", "object"], "examples": ["data.total > 5"]},
        "body_size": {"type": ["string", "object", "integer"], "examples": ["> 100", "< 10KB"]},
    },
}
"""How an assertion is written."""

SOURCE: Fragment = {"type": "string", "pattern": "^(json|regex|header|cookie):"}

EXTRACTION: Fragment = {
    "anyOf": [
        SOURCE,
        {
            "type": "object",
            "properties": {"from": SOURCE, "default": {}},
            "required": ["from"],
            "additionalProperties": False,
        },
    ]
}
"""How an extraction is written."""


def read_method(value: Any) -> str:
    """An HTTP method, in capitals."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z-]*", value) and value.upper() != "CONNECT":
        return value.upper()
    raise ValueError(f"{value!r} is not an HTTP method; allowed: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, …")


def check_header_value(value: Any) -> Any:
    """A header's value is one text, number or boolean."""
    if value is None or isinstance(value, dict | list):
        raise ValueError(f"a header's value is text; found {kind_of(value)}")
    if isinstance(value, str) and any(character in value for character in "\r\n\0"):
        raise ValueError("a header's value holds no line end")
    return value


HeaderValue = Annotated[
    Any, AfterValidator(check_header_value), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
"""A text, which may be a template, or a number or boolean."""


class Assertion(Model):
    """One assertion, normalised.

    ============== =============== ======================== ==========================================
    check          subject         op                       expected
    ============== =============== ======================== ==========================================
    status_code                    in                       tuple of inclusive (low, high) pairs
    response_time                  < <= > >= == !=          nanoseconds
    header         header name     exists == != contains …  text, may be a template
    body_contains                  contains                 text, may be a template
    body_matches                   matches                  regular expression
    json           JMESPath        exists == != < <= > >= … any JSON value; a text may be a template
    body_size                      < <= > >= == !=          bytes
    ============== =============== ======================== ==========================================

    `contains`, `matches` and `in` are allowed for header and json too; `in` expects a list.
    """

    check: Literal["status_code", "response_time", "header", "body_contains", "body_matches", "json", "body_size"]
    subject: str = ""
    op: Literal["==", "!=", "<", "<=", ">", ">=", "in", "contains", "matches", "exists"]
    expected: Any = None
    text: str = ""
    """As written, for messages."""


class Extraction(Model):
    """`name: "json: data.token"`, or {from, default}."""

    source: Literal["json", "regex", "header", "cookie"]
    expression: str
    default: Any = None
    has_default: bool = False


class ActionSpec(Model):
    """An entry of `actions:`: one HTTP request and what is asserted of its response."""

    method: Annotated[str, BeforeValidator(read_method)] = "GET"
    """GET unless said."""

    url: Annotated[str, Field(min_length=1)]
    """A path after base_url, or an absolute URL; templates are allowed."""

    query: dict[str, Any] = Field(default={})
    """Encoded into the URL; lists repeat."""

    headers: dict[str, HeaderValue] = Field(default={})
    """Headers by name; templates are allowed."""

    body: Any = None
    """A mapping or list is sent as JSON, a text as it is."""

    form: dict[str, Any] | None = None
    """Sent as application/x-www-form-urlencoded."""

    timeout: PositiveDuration | None = None
    """For the whole action, with a unit; 30s unless said."""

    connect_timeout: PositiveDuration | None = None
    """For DNS, TCP and TLS, with a unit; 10s unless said."""

    follow_redirects: Count | None = None
    """How many redirects are followed; 10 unless said, 0 is off."""

    tls: Tls | None = None
    """TLS of the connections."""

    assertions: Annotated[
        tuple[Annotated[Assertion, BeforeValidator(read_assertion)], ...],
        BeforeValidator(spread_assertions),
        WithJsonSchema({"anyOf": [{"type": "array", "items": ASSERTION}, ASSERTION]}),
    ] = ()
    """What must hold of the response."""

    extract: dict[Name, Annotated[Extraction, BeforeValidator(read_extraction), WithJsonSchema(EXTRACTION)]] = Field(
        default={}
    )
    """Variables from the response."""

    max_body: PositiveCount | None = None
    """The most bytes of a response body."""
