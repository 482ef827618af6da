"""The kind `http`, the default of an action: one request, and what is asserted of its response."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gradual_common.kinds.assertions.assertion import Assertion
from gradual_common.kinds.extraction import SOURCES, Extraction
from gradual_common.kinds.http import failures
from gradual_common.kinds.http.assertions import HTTP_ASSERTIONS
from gradual_common.kinds.http.auth.checks import check_auth
from gradual_common.kinds.http.auth.oauth2 import TOKEN
from gradual_common.kinds.http.event_streams import EventStream
from gradual_common.kinds.http.graphql import GraphQL
from gradual_common.kinds.http.multipart import Parts
from gradual_common.kinds.http.request_checks import check_requests
from gradual_common.kinds.http.settings import HttpSettings, inherit
from gradual_common.kinds.kind import ActionKind, ActionSpec, WrittenAssertions, WrittenExtraction, texts_in
from gradual_common.kinds.values.metrics import Metric, WrittenMetric
from gradual_common.language.model import Name, PositiveCount
from gradual_common.language.plan_view import PlanView


def read_method(value: Any) -> str:
    """An HTTP method, in capitals."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z-]*", value) and value.upper() != "CONNECT":
        return value.upper()
    raise ValueError(f"{value!r} is not an HTTP method; allowed: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, …")


class HttpActionSpec(ActionSpec, HttpSettings):
    """An entry of `actions:`: one HTTP request and the assertions on its response."""

    kind: Literal["http"] = "http"
    """The kind of the action; default: http."""

    method: Annotated[str, BeforeValidator(read_method)] = "GET"
    """The HTTP method; default: GET."""

    url: Annotated[str, Field(min_length=1)]
    """A path after base_url, or an absolute URL; templates are allowed."""

    service: Name | None = None
    """The entry of services that it goes to; default: the one that config describes."""

    query: dict[str, Any] = Field(default={})
    """Parameters that are encoded into the URL; a list repeats its name."""

    body: Any = None
    """A mapping or list is sent as JSON, a text as it is."""

    form: dict[str, Any] | None = None
    """Sent as application/x-www-form-urlencoded; a list repeats its name."""

    multipart: dict[Name, Parts] | None = None
    """Sent as multipart/form-data: values and files by the names of their parts."""

    body_file: Name | None = None
    """The path of a file that is the body, which the master reads; relative to the plan."""

    graphql: GraphQL | None = None
    """A GraphQL operation, sent as JSON by POST; errors in its response are failures."""

    assertions: Annotated[tuple[Assertion, ...], WrittenAssertions(HTTP_ASSERTIONS)] = ()
    """Conditions that the response must meet."""

    extract: dict[Name, Annotated[Extraction, WrittenExtraction(SOURCES)]] = Field(default={})
    """Variables from the response."""

    record: dict[Name, Annotated[Metric, WrittenMetric(SOURCES)]] = Field(default={})
    """Custom metrics: values of each success, by name."""

    max_body: PositiveCount | None = None
    """Maximum size of a response body, in bytes."""

    sse: EventStream | None = None
    """The response is an event stream, and how long it is read."""

    @model_validator(mode="before")
    @classmethod
    def _post_graphql(cls, action: Any) -> Any:
        """Its method is POST where none is written."""
        is_posted = isinstance(action, dict) and action.get("graphql") is not None and action.get("method") is None
        return {**action, "method": "POST"} if is_posted else action

    @property
    def address(self) -> str:
        """Its URL."""
        return self.url

    @property
    def service_name(self) -> str | None:
        """The service that it names."""
        return self.service

    def texts_for_display(self) -> Iterator[str]:
        """The service's name, too."""
        yield from super().texts_for_display()
        yield self.service or ""

    def for_display(self, hide: Callable[[str], str]) -> Self:
        """A copy without credentials, in the URL too."""
        service = None if self.service is None else hide(self.service)
        return super().for_display(hide).model_copy(update={"url": hide(self.url), "service": service})


class HttpKind(ActionKind):
    """One request, by HTTP/1.1."""

    name = "http"
    model = HttpActionSpec
    engine = "gradual_agent.kinds.http.engine:make_engine"
    failures = (failures.STATUS, *failures.ON_THE_WAY, failures.BODY_TOO_LARGE, TOKEN)
    assertions = HTTP_ASSERTIONS
    template_keys = ("url", "query", "headers", "body", "form", "multipart", "graphql", "assertions", "record")

    def check(self, view: PlanView) -> None:
        """Report URLs, headers and bodies that can never be sent, in actions, services and `config`."""
        check_requests(view)
        check_auth(view)

    def texts(self, config: Any, action: ActionSpec) -> Iterator[str]:
        """The texts of the action, of its authentication, and of the base URL and the headers in `config`."""
        yield from texts_in(config.base_url)
        yield from texts_in(config.headers)
        if isinstance(action, HttpActionSpec) and (auth := inherit(config, action).auth) is not None:
            yield from auth.texts()
        yield from super().texts(config, action)
        if isinstance(action, HttpActionSpec) and action.sse is not None and action.sse.until is not None:
            until = action.sse.until
            yield until if "{{" in until else f"{{{{ {until} }}}}"
