"""A request of the plan, made into the engine's Request: URL, query, headers, body (PLAN.md, 'Actions')."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from gradual_agent.http.request import Request, build_request
from gradual_common.errors import RequestError, TemplateError
from gradual_common.plan.model import ActionSpec, Config
from gradual_common.plan.tls_settings import merge_tls
from gradual_common.templates import Compiled, Scope, as_text, compile_value

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Made once: `json.dumps` makes an encoder for each call that is not given its defaults."""

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")


class RequestTemplate:
    """Everything of a request that is known when the plan is compiled. `is_static`: nothing else is needed."""

    __slots__ = (
        "_base",
        "_body",
        "_fixed_headers",
        "_form",
        "_has_body",
        "_has_content_type",
        "_headers",
        "_method",
        "_query",
        "_settings",
        "_url",
    )

    def __init__(
        self,
        config: Config,
        spec: ActionSpec,
        literals: Collection[str] = (),
        path: str = "",
        *,
        wants_headers: bool = False,
        wants_body: bool = False,
    ) -> None:
        self._method = spec.method
        self._base = compile_value(config.base_url or "", literals, "config.base_url")
        self._url = compile_value(spec.url, literals, f"{path}.url")
        self._query = compile_value(spec.query, literals, f"{path}.query")
        self._headers = _compile_headers(config, spec, literals, path)
        are_fixed = all(value.is_static for _, value in self._headers)
        self._fixed_headers = self._render_headers({}) if are_fixed else []
        self._has_content_type = any(name.lower() == "content-type" for name, _ in self._headers)
        self._has_body = spec.body is not None
        self._body = compile_value(spec.body, literals, f"{path}.body")
        self._form = compile_value(spec.form, literals, f"{path}.form")
        self._settings: dict[str, Any] = {
            "timeout": _first(spec.timeout, config.timeout),
            "connect_timeout": _first(spec.connect_timeout, config.connect_timeout),
            "follow_redirects": _first(spec.follow_redirects, config.follow_redirects),
            "tls": merge_tls(config.tls, spec.tls),
            "wants_headers": wants_headers,
            "wants_body": wants_body,
            "max_body": spec.max_body,
        }

    @property
    def is_static(self) -> bool:
        """Whether it is the same request for everybody."""
        parts = [self._base, self._url, self._query, self._body, self._form, *(value for _, value in self._headers)]
        return all(part.is_static for part in parts)

    def build(self, scope: Scope) -> Request:
        """The request in `scope`; raises TemplateError or RequestError."""
        headers = self._fixed_headers or self._render_headers(scope)
        body, content_type = self._build_body(scope)
        if content_type and not self._has_content_type:
            headers = [*headers, ("Content-Type", content_type)]
        return build_request(self._method, self._build_url(scope), headers, body, **self._settings)

    def _render_headers(self, scope: Scope) -> list[tuple[str, str]]:
        return [(name, as_text(value.render(scope))) for name, value in self._headers]

    def _build_url(self, scope: Scope) -> str:
        url = join_base(as_text(self._base.render(scope)), as_text(self._url.render(scope)))
        query = self._query.render(scope)
        return add_query(url, encode_pairs(query, plus=False)) if query else url

    def _build_body(self, scope: Scope) -> tuple[bytes, str]:
        """The body and the content type that it brings along, if any."""
        form = self._form.render(scope)
        if form is not None:
            return encode_pairs(form, plus=True).encode(), FORM_TYPE
        if not self._has_body:
            return b"", ""
        body = self._body.render(scope)
        if isinstance(body, Mapping | list):
            return encode_json(body), JSON_TYPE
        return as_text(body).encode("utf-8", "surrogatepass"), ""


def _compile_headers(
    config: Config, spec: ActionSpec, literals: Collection[str], path: str
) -> tuple[tuple[str, Compiled], ...]:
    """The plan's headers under the action's; names are compared without case, and written as they were last."""
    merged: dict[str, tuple[str, Compiled]] = {}
    for owner, headers in (("config", config.headers), (path, spec.headers)):
        for name, value in headers.items():
            merged[name.lower()] = (name, compile_value(value, literals, f"{owner}.headers.{name}"))
    return tuple(merged.values())


def _first(given: int | None, default: int) -> int:
    return default if given is None else given


def join_base(base: str, url: str) -> str:
    """An absolute URL as it is; anything else is a path behind the base URL."""
    if _ABSOLUTE.match(url):
        return url
    if not base:
        raise RequestError(f"{url!r} needs a base URL; set config.base_url, or write http://HOST/…")
    return base.rstrip("/") + (url if url.startswith("/") else f"/{url}")


def add_query(url: str, query: str) -> str:
    """`query` behind what the URL has of one, before its fragment."""
    url, mark, fragment = url.partition("#")
    separator = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{separator}{query}{mark}{fragment}"


def encode_pairs(pairs: Any, *, plus: bool) -> str:
    """A mapping as `name=value&…`; lists repeat; `plus`: blanks as in forms."""
    if not isinstance(pairs, Mapping):
        raise TemplateError(f"a mapping is expected, found {pairs!r}")
    flat = [
        (str(name), as_text(value))
        for name, entry in pairs.items()
        for value in (entry if isinstance(entry, list | tuple) else (entry,))
    ]
    return urlencode(flat, quote_via=quote_plus if plus else quote, safe="")


def encode_json(value: Any) -> bytes:
    """JSON as UTF-8; raises TemplateError for a value that JSON does not know."""
    try:
        return _ENCODE(value).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError) as error:
        raise TemplateError(f"the body cannot be written as JSON: {error}") from error
