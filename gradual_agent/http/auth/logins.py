"""Credentials of a request whose scheme needs more than one header field: with templates, and rendered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gradual_common.kinds.http.auth.auth import Auth
from gradual_common.templates.direct import UnexpectedError
from gradual_common.templates.templates import Compiled, Literal, Marks, Scope, compile_template


class DigestLogin(NamedTuple):
    """User name and password of Digest."""

    username: str
    password: str


Login = DigestLogin
"""What `RequestSettings.auth` holds: what `client.AuthenticatingClient` makes the Authorization field of."""


class LoginTemplate(Compiled):
    """A login of which a part is a template."""

    __slots__ = ("_texts", "_type", "names")

    def __init__(self, type_: type[Login], texts: Sequence[str]) -> None:
        self._type = type_
        self._texts = [compile_template(text) for text in texts]
        self.names = frozenset().union(*(text.names for text in self._texts))

    def render(self, scope: Scope) -> Login:
        """The login in `scope`; raises TemplateError."""
        return self._type(*(text.render_text(scope) for text in self._texts))

    def marked(self, marks: Marks) -> Login:
        """A login is no part of the message: a request with a mark in it cannot be prepared."""
        raise UnexpectedError


def compile_login(auth: Auth | None) -> Compiled | None:
    """The login of a scheme that needs one; None for others."""
    if auth is None or auth.digest is None:
        return None
    login = LoginTemplate(DigestLogin, [auth.digest.username, auth.digest.password])
    return login if any(not text.is_static for text in login._texts) else Literal(login.render({}))
