"""Builds the requests of Python actions: what the code gives, over the settings of a service and of `config`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from gradual_agent.http.auth.fields import auth_fields
from gradual_agent.http.auth.logins import compile_login
from gradual_agent.http.auth.signing import compile_signing
from gradual_agent.http.request import HttpRequest, build_request
from gradual_agent.kinds.http.encoding import FORM_TYPE, encode_json, encode_pairs
from gradual_agent.kinds.http.request_template import options_of
from gradual_common.clock import NS_PER_S
from gradual_common.errors import RequestError
from gradual_common.kinds.http.media_types import JSON_TYPE
from gradual_common.kinds.http.settings import HttpService, inherit, merge_headers
from gradual_common.language.wording import listed, nearest
from gradual_common.net.header_fields import why_refused
from gradual_common.net.urls import add_query, encode_text, join_base
from gradual_common.plan.model.plan import Plan
from gradual_common.templates.compiled import Scope, as_text
from gradual_common.templates.templates import compile_value

NOT_GIVEN = object()
"""The value of a body that is not given: None is JSON's `null`."""


class RequestOptions(TypedDict, total=False):
    """What a request may have besides its method and its URL."""

    service: str | None
    headers: Mapping[str, Any] | None
    query: Mapping[str, Any] | None
    json: Any
    form: Mapping[str, Any] | None
    body: str | bytes | None
    timeout: float | None
    """Seconds."""


class Requests:
    """Builds requests for the services of a plan. Texts that the code gives are no templates."""

    def __init__(self, plan: Plan) -> None:
        self._services: dict[str | None, _ServiceDefaults] = {None: _ServiceDefaults(plan.config)}
        self._services |= {name: _ServiceDefaults(inherit(plan.config, each)) for name, each in plan.services.items()}

    def build(self, scope: Scope, method: str, url: str, **options: Unpack[RequestOptions]) -> HttpRequest:
        """RequestError for a request that cannot be sent, TemplateError for a template of the plan that fails."""
        service, timeout = options.get("service"), options.get("timeout")
        if service not in self._services:
            known = [name for name in self._services if name is not None]
            hint = nearest(str(service), known) or f"services: {listed(known) or 'none'}"
            raise RequestError(f"there is no service {service!r}; {hint}")
        defaults = self._services[service]
        content, content_type = _encode(options.get("json", NOT_GIVEN), options.get("form"), options.get("body") or b"")
        own = dict(options.get("headers") or {})
        for name, value in own.items():
            if (refused := why_refused(name, as_text(value))) is not None:
                raise RequestError("; ".join(refused))
        merged = merge_headers(defaults.headers_in(scope), own)
        if content_type and not any(name.lower() == "content-type" for name in merged):
            merged["Content-Type"] = content_type
        address = join_base(as_text(defaults.base.render(scope)), url)
        if query := options.get("query"):
            address = add_query(address, encode_pairs(query, plus=False))
        settings = defaults.settings
        sending = options_of(settings, wants_headers=True, wants_body=True)
        if defaults.login is not None:
            sending["auth"] = defaults.login.render(scope)
        if timeout is not None:
            sending["timeout"] = round(timeout * NS_PER_S)
        request = build_request(
            method.upper(),
            address,
            {name: as_text(value) for name, value in merged.items()},
            content,
            tls=settings.tls,
            way=defaults.way,
            **sending,
        )
        return request if defaults.signing is None else defaults.signing.sign(request, scope)


class _ServiceDefaults:
    """The settings of a service, its templates compiled."""

    def __init__(self, settings: HttpService) -> None:
        self.settings = settings
        self.way = settings.way
        self.base = compile_value(settings.base_url or "")
        self._headers = {name: compile_value(value) for name, value in settings.headers.items()}
        self._headers |= auth_fields(settings.auth)
        self.login = compile_login(settings.auth)
        self.signing = compile_signing(settings.auth)

    def headers_in(self, scope: Scope) -> dict[str, Any]:
        """The headers of every request."""
        return {name: value.render(scope) for name, value in self._headers.items()}


def _encode(json: Any, form: Mapping[str, Any] | None, body: str | bytes) -> tuple[bytes, str]:
    """The body, and the content type that its form implies."""
    if (json is not NOT_GIVEN) + (form is not None) + bool(body) > 1:
        raise RequestError("a request has one body: json, form or body")
    if json is not NOT_GIVEN:
        return encode_json(json), JSON_TYPE
    if form is not None:
        return encode_pairs(form, plus=True).encode(), FORM_TYPE
    return body if isinstance(body, bytes) else encode_text(body), ""
