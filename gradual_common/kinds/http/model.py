"""The HTTP action as it stands in a plan: one request, and what is asserted of its response."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from gradual_common.kinds.http.assertions import read_assertion, read_extraction, spread_assertions
from gradual_common.language.model import Count, Model, Name, PositiveCount, PositiveDuration
from gradual_common.language.wording import kind_of
from gradual_common.net.tls_settings import Tls


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


HeaderValue = Annotated[Any, AfterValidator(check_header_value)]
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
    url: Annotated[str, Field(min_length=1)]
    query: dict[str, Any] = Field(default={})
    headers: dict[str, HeaderValue] = Field(default={})
    body: Any = None
    form: dict[str, Any] | None = None
    timeout: PositiveDuration | None = None
    connect_timeout: PositiveDuration | None = None
    follow_redirects: Count | None = None
    tls: Tls | None = None
    assertions: Annotated[
        tuple[Annotated[Assertion, BeforeValidator(read_assertion)], ...], BeforeValidator(spread_assertions)
    ] = ()
    extract: dict[Name, Annotated[Extraction, BeforeValidator(read_extraction)]] = Field(default={})
    max_body: PositiveCount | None = None
