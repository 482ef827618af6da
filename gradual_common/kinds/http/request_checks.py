"""Finds requests that can never be sent, before a run: URLs, headers, bodies (by `net.urls` and `net.header_fields`).

In a text with templates the parts between them are checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gradual_common.errors import Problem, RequestError, TemplateError
from gradual_common.kinds.http.body_checks import check_bodies
from gradual_common.kinds.http.event_streams import check_event_streams
from gradual_common.kinds.http.graphql import check_graphql
from gradual_common.language.document import Document, Path, mapping_at, texts_in
from gradual_common.language.plan_view import PlanView
from gradual_common.language.wording import NO_CHARACTER, nearest
from gradual_common.net.header_fields import check_name, check_value, why_refused
from gradual_common.net.urls import check_characters, read_authority, split_authority
from gradual_common.secrecy.quoting import quoted, shorten
from gradual_common.templates.compiled import as_text
from gradual_common.templates.templates import compile_template
from gradual_common.templates.trees import is_template, static_pieces

HOLE = "…"
"""Shown instead of a template; it cannot be part of a host."""

STAND_IN = "x"
"""Replaces a template while a host is checked."""

_ABSOLUTE = re.compile(r"(?i)https?://")

Pieces = list[str | None]
"""A text in pieces; None for each template."""


def check_requests(view: PlanView) -> None:
    """Report every part of a request that can never be sent."""
    check_services(view)
    check_base_urls(view)
    check_urls(view)
    check_headers(view)
    check_traces(view)
    check_bodies(view)
    check_graphql(view)
    check_event_streams(view)
    check_texts(view.document)


def check_services(view: PlanView) -> None:
    """Every service that an action names has an entry."""
    for name, action in view.actions_of("http").items():
        service = action.get("service")
        if isinstance(service, str) and service and service not in view.services:
            entry = f'add it under services: {shorten(service)}: {{base_url: "https://…"}}'
            hint = "; ".join(part for part in (nearest(service, view.services), entry) if part)
            view.document.report(("actions", name, "service"), f"there is no service {service!r}", hint)


def check_base_urls(view: PlanView) -> None:
    """Those of the config and of services: http or https, with a host, and without query or fragment."""
    for path, owner in [(("config",), view.config), *((("services", name), s) for name, s in view.services.items())]:
        _check_base_url(view, (*path, "base_url"), owner.get("base_url"))


def _check_base_url(view: PlanView, path: Path, base: Any) -> None:
    pieces = pieces_of(base) if isinstance(base, str) else None
    if pieces is None or pieces[:1] == [None]:
        return
    text = _joined(pieces)
    try:
        check_absolute(pieces)
        if any(character.isspace() for character in text):
            raise RequestError(f"{quoted(text)} is not a URL: it holds a blank")
    except RequestError as error:
        view.document.report(path, str(error), "write http://host:port or https://host")
    else:
        if "?" in text or "#" in text:
            message = f"{quoted(text)} has a query or fragment; paths are put after the base URL"
            view.document.report(path, message)


def check_urls(view: PlanView) -> None:
    """URLs are absolute, or begin with / and there is a base URL."""
    relative = [name for name, action in view.actions_of("http").items() if _check_url(view.document, name, action)]
    without_base: dict[Path, str] = {}
    for name in relative:
        _, *outer = view.layers_of(name)
        has_base = any(_has_base(view, path, owner) for path, owner in outer)
        if not has_base and not view.document.is_reported(("actions", name, "service")):
            without_base.setdefault(outer[0][0], name)
    for path, name in without_base.items():
        place = ".".join(map(str, path))
        option = ", or pass --base-url" if path == ("config",) else ""
        message = f"base_url is missing: the url of {name!r} is {quoted(view.actions[name]['url'])}"
        view.document.report(path, message, f'add under {place}: base_url: "https://…"{option}')


def _has_base(view: PlanView, path: Path, owner: dict[str, Any]) -> bool:
    return owner.get("base_url") is not None or view.document.is_reported((*path, "base_url"))


def uses_base_url(view: PlanView) -> bool:
    """Whether any action may go to the address in `config`: one without an absolute URL, or of another kind."""
    for name, action in view.actions.items():
        if name not in view.actions_of("http"):
            return True
        service = view.service_of(action)
        has_own = service is not None and service[1].get("base_url") is not None
        if not has_own and not is_absolute(str(action.get("url"))):
            return True
    return False


def is_absolute(url: str) -> bool:
    """Whether a URL as written has its own address, so that no base URL is put before it."""
    return _ABSOLUTE.match(url) is not None


def _check_url(document: Document, name: str, action: dict[str, Any]) -> bool:
    """Check the URL of an action; return whether it needs a base URL."""
    path: Path = ("actions", name, "url")
    url = action.get("url")
    pieces = pieces_of(url) if isinstance(url, str) and url else None
    if pieces is None:
        return False
    start = pieces[0] or ""
    try:
        if _ABSOLUTE.match(start):
            check_absolute(pieces)
        elif start and not start.startswith("/"):
            raise RequestError(
                f"{quoted(_joined(pieces))} is not a URL; it begins with / (after base_url) or with http:// or https://"
            )
        else:
            check_between(pieces)
    except RequestError as error:
        document.report(path, str(error))
    return start.startswith("/")


def check_absolute(pieces: Pieces) -> None:
    """RequestError for an absolute URL that is wrong for every value of its templates."""
    check_between(pieces)
    scheme, authority, _ = split_authority(_joined(pieces))
    if HOLE not in authority:
        read_authority(scheme, authority)
        return
    before, colon, port = authority.rpartition(":")
    if colon and HOLE in port and "]" not in port:
        authority = before
    if "[" in authority or "%" in authority:
        return  # A template may complete an address in brackets, or an escape after a percent sign.
    read_authority(scheme, authority.replace(HOLE, STAND_IN) or STAND_IN)


def check_between(pieces: Pieces) -> None:
    """RequestError for characters that a URL may not contain."""
    for piece in pieces:
        check_characters(piece or "")


def pieces_of(text: str) -> Pieces | None:
    """A text in pieces; None when its templates cannot be read, which another check reports."""
    try:
        compiled = compile_template(text)
        return [compiled.render_text({})] if compiled.is_static else static_pieces(text)
    except TemplateError:
        return None


def _joined(pieces: Pieces) -> str:
    return "".join(HOLE if piece is None else piece for piece in pieces)


def check_headers(view: PlanView) -> None:
    """Names are tokens, no value ends its line, and none is the engine's own."""
    for path, owner in view.http_settings:
        for name, value in mapping_at(owner, "headers").items():
            if view.document.is_reported((*path, "headers", name)):
                continue
            try:
                check_name(name)
                check_value(name, _static_text(value))
            except RequestError as error:
                view.document.report((*path, "headers", name), str(error))
    view.document.problems += [problem for _, problem in headers_of_the_engine(view)]


def headers_of_the_engine(view: PlanView) -> Iterator[tuple[Path, Problem]]:
    """Fields that only the engine can write: it would have to ignore what the plan says."""
    for path, owner in view.http_settings:
        for name, value in mapping_at(owner, "headers").items():
            if (refused := why_refused(name, _static_text(value))) is not None:
                place = (*path, "headers", name)
                yield place, view.document.problem(place, *refused)


def check_traces(view: PlanView) -> None:
    """A traced action has no traceparent of its own."""
    for action in view.actions_of("http"):
        layers = view.layers_of(action)
        traces = [owner["trace"] for _, owner in layers[1:] if "trace" in owner]
        if not traces or traces[0] in (False, None):
            continue
        for path, owner in layers:
            for name in mapping_at(owner, "headers"):
                place = (*path, "headers", name)
                if name.lower() == "traceparent" and not view.document.is_reported(place):
                    view.document.report(
                        place, f"{action!r} is traced, which writes this header; leave one of them out"
                    )


def _static_text(value: Any) -> str:
    """A value as it is sent; "" for one that depends on the user, or that another check reports."""
    if not isinstance(value, str):
        return "" if isinstance(value, dict | list) else as_text(value)
    pieces = pieces_of(value) or [None]
    return "" if None in pieces else _joined(pieces)


def check_texts(document: Document) -> None:
    """Report texts that cannot be sent."""
    # All texts are sent as UTF-8, which cannot encode half a surrogate pair. A JSON body can: it escapes it.
    for path, text in texts_in(document.root):
        key = path[2] if path[:1] == ("actions",) and len(path) > 2 else ""
        body = mapping_at(document.root, *path[:2]).get("body") if key == "body" else None
        is_json = key == "graphql" or isinstance(body, dict | list)
        if is_json or (text.isascii() and not is_template(text)):
            continue
        try:
            _joined([text, *(pieces_of(text) or ())]).encode("utf-8")
        except UnicodeEncodeError:
            document.report(path, NO_CHARACTER)
