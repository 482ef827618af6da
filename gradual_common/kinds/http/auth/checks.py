"""Finds authentication that cannot be sent, before a run: in texts with templates the parts between them."""

from __future__ import annotations

import re
from typing import Any

from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.http.auth.sigv4_checks import check_sigv4, check_sigv4_headers
from gradual_common.kinds.http.request_checks import check_absolute
from gradual_common.language.document import Path, mapping_at
from gradual_common.language.plan_view import PlanView
from gradual_common.templates.trees import static_pieces

FIELD = "authorization"
_ABSOLUTE = re.compile(r"(?i)https?://")
_USER_INFORMATION = re.compile(r"(?i)https?://[^/?#]*@")
_SEPARATE = "leave one of them out, or write auth: none for the action"


def check_auth(view: PlanView) -> None:
    """Report every part of `auth` that can never be sent, and actions with credentials in two places."""
    for path, owner in view.http_settings:
        auth = mapping_at(owner, "auth")
        place = (*path, "auth")
        _check_username(view, (*place, "basic", "username"), mapping_at(auth, "basic").get("username"))
        _check_token_url(view, (*place, "oauth2", "token_url"), mapping_at(auth, "oauth2").get("token_url"))
        _check_token(view, (*place, "bearer"), auth.get("bearer"))
        check_sigv4(view, (*place, "sigv4"), mapping_at(auth, "sigv4"))
    for name in view.actions_of("http"):
        if (used := view.auth_of(name)) is not None:
            _check_clashes(view, name)
            if "sigv4" in used[1]:
                check_sigv4_headers(view, name)


def _check_username(view: PlanView, path: Path, username: Any) -> None:
    """No colon: it would end the name (RFC 7617, 2)."""
    if ":" in _static_text(username):
        view.document.report(path, "a user name of Basic holds no colon: what comes after it would be the password")


def _check_token_url(view: PlanView, path: Path, url: Any) -> None:
    """Absolute, unless a template comes first; the client authenticates by its id and secret alone."""
    pieces = _pieces(url)
    if not pieces or pieces[0] is None:
        return
    if not _ABSOLUTE.match(pieces[0]):
        view.document.report(path, "the address of a token endpoint is absolute", "write https://HOST/PATH")
    elif _USER_INFORMATION.match(pieces[0]):
        message = "the address of a token endpoint has a user name in it"
        view.document.report(path, message, "leave it out: client_id and client_secret are sent by Basic")
    else:
        try:
            check_absolute(pieces)
        except RequestError as error:
            view.document.report(path, str(error))


def _check_token(view: PlanView, path: Path, token: Any) -> None:
    """No blank (RFC 6750, 2.1): most often the word `Bearer` is written, too."""
    if any(character.isspace() for character in _static_text(token)):
        view.document.report(path, "a token holds no blank", "write the token alone; `Bearer` is put before it")


def _check_clashes(view: PlanView, action: str) -> None:
    """Credentials of an action are in one place: `auth`, a header, or its URL."""
    for path, owner in view.layers_of(action):
        for header in mapping_at(owner, "headers"):
            if header.lower() == FIELD:
                message = f"{action!r} has auth, which writes this header"
                _report_once(view, (*path, "headers", header), message)
        for key in ("url", "base_url"):
            if isinstance(url := owner.get(key), str) and _USER_INFORMATION.match(url):
                _report_once(view, (*path, key), f"{action!r} has auth, and a user name in its URL")


def _report_once(view: PlanView, path: Path, message: str) -> None:
    if not view.document.is_reported(path):
        view.document.report(path, message, _SEPARATE)


def _static_text(value: Any) -> str:
    """The parts of a text between its templates; none of one that cannot be read, which another check reports."""
    return "".join(piece or "" for piece in _pieces(value))


def _pieces(value: Any) -> list[str | None]:
    if not isinstance(value, str):
        return []
    try:
        return static_pieces(value)
    except TemplateError:
        return []
