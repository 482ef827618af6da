"""The kind `http`, the default of an action: one request, and what is asserted of its response."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from gradual_common.kinds.assertions.assertion import Assertion
from gradual_common.kinds.extraction import SOURCES, Extraction
from gradual_common.kinds.http import failures
from gradual_common.kinds.http.assertions import HTTP_ASSERTIONS
from gradual_common.kinds.http.request_checks import check_requests
from gradual_common.kinds.kind import ActionKind, ActionSpec, WrittenAssertions, WrittenExtraction, texts_in
from gradual_common.language.model import Count, Name, PositiveCount, PositiveDuration
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import kind_of
from gradual_common.net.tls import Tls


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


class HttpActionSpec(ActionSpec):
    """An entry of `actions:`: one HTTP request and the assertions on its response."""

    kind: Literal["http"] = "http"
    """The kind of the action; default: http."""

    method: Annotated[str, BeforeValidator(read_method)] = "GET"
    """The HTTP method; default: GET."""

    url: Annotated[str, Field(min_length=1)]
    """A path after base_url, or an absolute URL; templates are allowed."""

    query: dict[str, Any] = Field(default={})
    """Parameters that are encoded into the URL; a list repeats its name."""

    headers: dict[str, HeaderValue] = Field(default={})
    """Headers by name; templates are allowed."""

    body: Any = None
    """A mapping or list is sent as JSON, a text as it is."""

    form: dict[str, Any] | None = None
    """Sent as application/x-www-form-urlencoded."""

    timeout: PositiveDuration | None = None
    """Timeout of the whole action, with a unit; default: 30s."""

    connect_timeout: PositiveDuration | None = None
    """Timeout of DNS, TCP and TLS together, with a unit; default: 10s."""

    follow_redirects: Count | None = None
    """How many redirects are followed; default: 10, 0 is off."""

    tls: Tls | None = None
    """TLS of the connections."""

    assertions: Annotated[tuple[Assertion, ...], WrittenAssertions(HTTP_ASSERTIONS)] = ()
    """Conditions that the response must meet."""

    extract: dict[Name, Annotated[Extraction, WrittenExtraction(SOURCES)]] = Field(default={})
    """Variables from the response."""

    max_body: PositiveCount | None = None
    """Maximum size of a response body, in bytes."""

    @property
    def address(self) -> str:
        """Its URL."""
        return self.url

    def for_display(self, hide: Callable[[str], str]) -> Self:
        """A copy without credentials, in the URL too."""
        return super().for_display(hide).model_copy(update={"url": hide(self.url)})


class HttpKind(ActionKind):
    """One request, by HTTP/1.1."""

    name = "http"
    model = HttpActionSpec
    engine = "gradual_agent.kinds.http.engine:make_engine"
    failures = (failures.STATUS, *failures.ON_THE_WAY, failures.BODY_TOO_LARGE)
    assertions = HTTP_ASSERTIONS
    template_keys = ("url", "query", "headers", "body", "form", "assertions")

    def check(self, view: PlanView) -> None:
        """Report URLs, headers and bodies that can never be sent, in the actions and in `config`."""
        check_requests(view)

    def texts(self, config: Any, action: ActionSpec) -> Iterator[str]:
        """The texts of the action, of the base URL and of the headers in `config`."""
        yield from texts_in(config.base_url)
        yield from texts_in(config.headers)
        yield from super().texts(config, action)
