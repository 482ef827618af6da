"""Builds an HttpRequest from an action of the plan: URL, query, headers, body.

See docs/design/plan_language.md, "Actions". Text becomes bytes as UTF-8 (`gradual_common.net.urls.encode_text`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import methodcaller
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from gradual_agent.http.request import HttpRequest, Options, build_request
from gradual_agent.kinds.http.prepared_request import IN_FORM, IN_JSON, IN_TEXT, Render, prepare
from gradual_common.errors import TemplateError
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.kinds.http.settings import HttpService, inherit
from gradual_common.net.urls import add_query, encode_text, join_base
from gradual_common.templates.templates import Scope, as_text, compile_value

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
"""Made once: `json.dumps` makes a new encoder for each call with options that are not the default."""


class RequestTemplate:
    """Everything of a request that is known when the plan is compiled."""

    __slots__ = ("_base", "_body", "_fixed_headers", "_form", "_has_body", "_has_content_type", "_headers", "_method",
                 "_options", "_prepared", "_query", "_tls", "_url", "_way")  # fmt: skip

    def __init__(
        self, service: HttpService, spec: HttpActionSpec, *, wants_headers: bool = False, wants_body: bool = False
    ) -> None:
        settings = inherit(service, spec)
        self._method = spec.method
        self._base = compile_value(settings.base_url or "")
        self._url = compile_value(spec.url)
        self._query = compile_value(spec.query)
        self._headers = [(name, compile_value(value)) for name, value in settings.headers.items()]
        are_fixed = all(value.is_static for _, value in self._headers)
        self._fixed_headers = self._render_headers(methodcaller("render", {})) if are_fixed else []
        self._has_content_type = any(name.lower() == "content-type" for name, _ in self._headers)
        self._has_body = spec.body is not None
        self._body = compile_value(spec.body)
        self._form = compile_value(spec.form)
        self._tls = settings.tls
        self._way = settings.way
        self._options = options_of(settings, wants_headers=wants_headers, wants_body=wants_body)
        self._options["max_body"] = spec.max_body
        # What goes into a body as it is depends on how the body is written.
        in_body = IN_JSON if isinstance(spec.body, Mapping | list) else IN_FORM if spec.form is not None else IN_TEXT
        self._prepared = None if self.is_static else prepare(self._build, in_body)

    @property
    def is_static(self) -> bool:
        """Whether nothing in it is a template, so that all users send the same request."""
        parts = [self._base, self._url, self._query, self._body, self._form, *(value for _, value in self._headers)]
        return all(part.is_static for part in parts)

    def build(self, scope: Scope) -> HttpRequest:
        """The request in `scope`; raises TemplateError or RequestError."""
        if self._prepared is not None:
            try:
                return self._prepared(scope)
            except Exception:  # noqa: S110  What is unusual is built, and what is wrong is found there.
                pass
        return self._build(methodcaller("render", scope))

    def _build(self, render: Render) -> HttpRequest:
        headers = self._fixed_headers or self._render_headers(render)
        body, content_type = self._build_body(render)
        if content_type and not self._has_content_type:
            headers = [*headers, ("Content-Type", content_type)]
        url = join_base(as_text(render(self._base)), as_text(render(self._url)))
        if query := render(self._query):
            url = add_query(url, encode_pairs(query, plus=False))
        return build_request(self._method, url, headers, body, tls=self._tls, way=self._way, **self._options)

    def _render_headers(self, render: Render) -> list[tuple[str, str]]:
        return [(name, as_text(render(value))) for name, value in self._headers]

    def _build_body(self, render: Render) -> tuple[bytes, str]:
        """The body, and the content type that its form implies ("" if none)."""
        form = render(self._form)
        if form is not None:
            return encode_pairs(form, plus=True).encode(), FORM_TYPE
        if not self._has_body:
            return b"", ""
        body = render(self._body)
        if isinstance(body, Mapping | list):
            return encode_json(body), JSON_TYPE
        return encode_text(as_text(body)), ""


def options_of(settings: HttpService, *, wants_headers: bool, wants_body: bool) -> Options:
    """What `build_request` needs of the settings of a service, besides `tls` and `way`."""
    return {
        "timeout": settings.timeout,
        "connect_timeout": settings.connect_timeout,
        "follow_redirects": settings.follow_redirects,
        "wants_headers": wants_headers,
        "wants_body": wants_body,
        "trace": None if settings.trace is None else settings.trace.sample,
    }


def encode_json(value: Any) -> bytes:
    """JSON as UTF-8. TemplateError for a value that JSON does not know."""
    try:
        # UTF-8 cannot encode half a surrogate pair, but JSON can escape it: `backslashreplace` writes it as `\ud800`,
        # which is JSON's own escape.
        return _ENCODE(value).encode("utf-8", "backslashreplace")
    except (TypeError, ValueError, RecursionError) as error:
        raise TemplateError(f"the body cannot be written as JSON: {error}") from error


def encode_pairs(pairs: Any, *, plus: bool) -> str:
    """A mapping as `name=value&…`; a list repeats its name. `plus`: a blank becomes `+`, as in forms."""
    if not isinstance(pairs, Mapping):
        raise TemplateError(f"a mapping is expected, found {type(pairs).__name__}")
    flat = [
        (encode_text(str(name)), encode_text(as_text(value)))
        for name, entry in pairs.items()
        for value in (entry if isinstance(entry, list | tuple) else (entry,))
    ]
    return urlencode(flat, quote_via=quote_plus if plus else quote, safe="")
