"""Builds an HttpRequest from an action of the plan: URL, query, headers, body.

See docs/design/plan_language.md, "Actions". Text becomes bytes as UTF-8 (`gradual_common.net.urls.encode_text`).
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import methodcaller
from typing import Any

from gradual_agent.http.auth.fields import auth_fields
from gradual_agent.http.auth.logins import compile_login
from gradual_agent.http.long_bytes import Wire, join_pieces
from gradual_agent.http.reading.stream_reader import STREAM_TYPE
from gradual_agent.http.request import HttpRequest, Options, build_request
from gradual_agent.kinds.http.encoding import FORM_TYPE, encode_json, encode_pairs
from gradual_agent.kinds.http.graphql import ACCEPT, compile_operation
from gradual_agent.kinds.http.multipart import MULTIPART_TYPE, MultipartTemplate
from gradual_agent.kinds.http.prepared_request import IN_FORM, IN_JSON, IN_TEXT, Render, prepare
from gradual_common.errors import TemplateError
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.kinds.http.media_types import JSON_TYPE, media_type_of
from gradual_common.kinds.http.settings import HttpService, inherit
from gradual_common.net.tls import Assets
from gradual_common.net.urls import add_query, encode_text, join_base
from gradual_common.templates.compiled import Scope, as_text
from gradual_common.templates.templates import compile_value

NO_ASSETS: Assets = {}


class RequestTemplate:
    """Everything of a request that is known when the plan is compiled."""

    __slots__ = ("_base", "_body", "_file", "_file_type", "_fixed_headers", "_form", "_has_body", "_has_content_type",
                 "_headers", "_login", "_method", "_multipart", "_options", "_prepared", "_query", "_tls", "_url",
                 "_way")  # fmt: skip

    def __init__(
        self,
        service: HttpService,
        spec: HttpActionSpec,
        assets: Assets = NO_ASSETS,
        *,
        wants_headers: bool = False,
        wants_body: bool = False,
    ) -> None:
        settings = inherit(service, spec)
        self._method = spec.method
        self._base = compile_value(settings.base_url or "")
        self._url = compile_value(spec.url)
        self._query = compile_value(spec.query)
        accept = STREAM_TYPE if spec.sse is not None else ACCEPT if spec.graphql is not None else ""
        headers = with_accept(settings.headers, accept) if accept else settings.headers
        self._headers = [(name, compile_value(value)) for name, value in headers.items()]
        self._headers += auth_fields(settings.auth)
        are_fixed = all(value.is_static for _, value in self._headers)
        self._fixed_headers = self._render_headers(methodcaller("render", {})) if are_fixed else []
        self._has_content_type = any(name.lower() == "content-type" for name, _ in self._headers)
        self._has_body = spec.body is not None or spec.graphql is not None
        self._body = compile_value(spec.body) if spec.graphql is None else compile_operation(spec.graphql)
        self._form = compile_value(spec.form)
        self._multipart = None if spec.multipart is None else MultipartTemplate(spec.multipart, assets)
        self._file = None if spec.body_file is None else join_pieces((assets[spec.body_file],))
        self._file_type = "" if spec.body_file is None else media_type_of(spec.body_file)
        self._tls = settings.tls
        self._way = settings.way
        self._options = options_of(settings, wants_headers=wants_headers, wants_body=wants_body)
        self._options["max_body"] = spec.max_body
        self._options["streams"] = spec.sse is not None
        login = compile_login(settings.auth)
        self._login = None if login is None or login.is_static else login
        if login is not None and login.is_static:
            self._options["auth"] = login.render({})
        # What goes into a body as it is depends on how the body is written.
        is_json = spec.graphql is not None or isinstance(spec.body, Mapping | list)
        in_body = IN_JSON if is_json else IN_FORM if spec.form is not None else IN_TEXT
        can_prepare = not self.is_static and self._multipart is None and self._file is None
        self._prepared = prepare(self._build, in_body) if can_prepare else None

    @property
    def is_static(self) -> bool:
        """Whether nothing in it is a template, so that all users send the same request."""
        parts = [self._base, self._url, self._query, self._body, self._form, *(value for _, value in self._headers)]
        return (
            all(part.is_static for part in parts)
            and self._login is None
            and (self._multipart is None or self._multipart.is_static)
        )

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
        elif content_type.startswith(MULTIPART_TYPE):
            # One for all actions, in the config or the service, cannot name the boundary.
            others = [pair for pair in headers if pair[0].lower() != "content-type"]
            headers = [*others, ("Content-Type", content_type)]
        url = join_base(_text_in("URL", render(self._base)), _text_in("URL", render(self._url)))
        if query := render(self._query):
            url = add_query(url, encode_pairs(query, plus=False))
        options = self._options
        if self._login is not None:
            login: Any = render(self._login)
            options = {**options, "auth": login}
        return build_request(self._method, url, headers, body, tls=self._tls, way=self._way, **options)

    def _render_headers(self, render: Render) -> list[tuple[str, str]]:
        return [(name, _text_in(name, render(value))) for name, value in self._headers]

    def _build_body(self, render: Render) -> tuple[Wire, str]:
        """The body, and the content type that its form implies ("" if none)."""
        if self._multipart is not None:
            return self._multipart.build(render)
        if self._file is not None:
            return self._file, self._file_type
        form = render(self._form)
        if form is not None:
            return encode_pairs(form, plus=True).encode(), FORM_TYPE
        if not self._has_body:
            return b"", ""
        body = render(self._body)
        if isinstance(body, Mapping | list):
            return encode_json(body), JSON_TYPE
        return encode_text(as_text(body)), ""


def _text_in(place: str, value: object) -> str:
    """The text of a URL or a header field. TemplateError for none, which would be sent as an empty one."""
    if value is None:
        raise TemplateError(f"{place}: its value is none (null), which cannot be sent")
    return as_text(value)


def with_accept(headers: Mapping[str, Any], accept: str) -> dict[str, Any]:
    """The headers with this Accept, unless the plan has one."""
    return {**({} if any(name.lower() == "accept" for name in headers) else {"Accept": accept}), **headers}


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
