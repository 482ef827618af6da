"""The settings of a request that `config`, a service and an action may each have, and which of them an action uses.

A setting of the action takes precedence over that of its service, and this one over that of `config`. A new setting is
a field of `HttpSettings`; `inherit` then finds it in all three places.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from gradual_common.kinds.http.auth.auth import WrittenAuth
from gradual_common.language.model import AlsoWritten, Count, Model, PositiveDuration, Share
from gradual_common.language.wording import kind_of
from gradual_common.net.dns import Dns
from gradual_common.net.line import Line
from gradual_common.net.proxies import DirectHosts, WrittenProxy, read_proxy
from gradual_common.net.sources import Sources
from gradual_common.net.tls import Tls, merge_tls
from gradual_common.net.ways import ANY_DNS, Way


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


class HttpSettings(Model):
    """How requests are sent: settings of an action, of a service, and of `config`, for all of its requests."""

    headers: dict[str, HeaderValue] = Field(default={})
    """Headers by name; templates are allowed."""

    timeout: PositiveDuration = 30_000_000_000
    """Timeout of the whole action, with a unit; default: 30s."""

    connect_timeout: PositiveDuration = 10_000_000_000
    """Timeout of DNS, TCP and TLS together, with a unit; default: 10s."""

    follow_redirects: Count = 10
    """How many redirects are followed; default: 10, 0 is off."""

    tls: Tls = Tls()
    """TLS of the connections."""

    dns: Dns | None = None
    """How names become addresses; default: the system's resolver, whose answers are used for 30s."""

    bind: Sources | None = None
    """Addresses of the agent that connections come from, in turn; default: the system chooses."""

    proxy: WrittenProxy | None = None
    """The HTTP proxy that requests go through: http://USER:PASSWORD@HOST:PORT; default: none."""

    no_proxy: DirectHosts | None = None
    """Hosts that are reached without the proxy."""

    network: Line | None = None
    """The user's line to the system: its latency and bandwidth; default: none."""

    auth: WrittenAuth = None
    """How requests authenticate, such as {bearer: "{{token}}"}; none turns off that of the service."""

    @property
    def way(self) -> Way:
        """How connections reach the system."""
        proxy = None if self.proxy is None else read_proxy(self.proxy)
        return Way(self.dns or ANY_DNS, self.bind or (), proxy, self.no_proxy or (), self.network)


class Trace(Model):
    """Trace contexts (W3C Trace Context) of requests."""

    sample: Share = 1.0
    """The share of requests that are marked as sampled; default: all."""


def read_trace(value: Any) -> Any:
    """`true` is a trace of everything, `false` none."""
    return {} if value is True else None if value is False else value


class HttpService(HttpSettings):
    """An entry of `services:`; `config` says the same of the service that no action needs to name."""

    base_url: str | None = None
    """Prefix of every url that begins with /."""

    trace: Annotated[Trace | None, BeforeValidator(read_trace), AlsoWritten(({"type": "boolean"},))] = None
    """Whether each request carries a W3C traceparent header: true, or {sample: 10%}; default: false."""


S = TypeVar("S", bound=HttpService)


def inherit(outer: S, inner: HttpSettings | None) -> S:
    """`outer`, with what `inner` sets over it: of a service over `config`, of an action over both.

    Headers are replaced one by one, their names compared without case; TLS settings one by one, too.
    """
    if inner is None:
        return outer
    given = {name: getattr(inner, name) for name in HttpService.model_fields if name in inner.model_fields_set}
    if "headers" in given:
        given["headers"] = merge_headers(outer.headers, inner.headers)
    if "tls" in given:
        given["tls"] = merge_tls(outer.tls, inner.tls)
    return outer.model_copy(update=given)


def merge_headers(outer: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """Headers replaced by others of the same name, whatever its case; one that is replaced keeps its place."""
    merged: dict[str, tuple[str, Any]] = {}
    for headers in (outer, inner):
        merged |= {name.lower(): (name, value) for name, value in headers.items()}
    return dict(merged.values())
