"""Credentials of a request whose scheme needs more than one header field: with templates, and rendered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gradual_common.kinds.http.auth.auth import Auth
from gradual_common.templates.compiled import Compiled, Literal, Marks, Scope
from gradual_common.templates.direct.holes import UnexpectedError
from gradual_common.templates.templates import compile_template


class DigestLogin(NamedTuple):
    """User name and password of Digest."""

    username: str
    password: str


class OAuth2Login(NamedTuple):
    """A client of a token endpoint, and what it asks for."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str
    per: str
    metric: str
    """Of the times of its fetches."""


Login = DigestLogin | OAuth2Login
"""What `RequestSettings.auth` holds: what `client.AuthenticatingClient` makes the Authorization field of."""


class LoginTemplate(Compiled):
    """A login of which a part is a template."""

    __slots__ = ("_texts", "_type", "names")

    def __init__(self, type_: type[DigestLogin] | type[OAuth2Login], texts: Sequence[str]) -> None:
        self._type = type_
        self._texts = [compile_template(text) for text in texts]
        self.names = frozenset().union(*(text.names for text in self._texts))

    def render(self, scope: Scope) -> Login:
        """The login in `scope`; raises TemplateError."""
        return self._type(*(text.render_text(scope) for text in self._texts))

    @property
    def is_the_same(self) -> bool:
        """Whether nothing in it is a template."""
        return all(text.is_static for text in self._texts)

    def marked(self, marks: Marks) -> Login:
        """A login is no part of the message: a request with a mark in it cannot be prepared."""
        raise UnexpectedError


def compile_login(auth: Auth | None) -> Compiled | None:
    """The login of a scheme that needs one; None for others."""
    if auth is not None and auth.digest is not None:
        return _compiled(LoginTemplate(DigestLogin, [auth.digest.username, auth.digest.password]))
    if auth is not None and (given := auth.oauth2) is not None:
        texts = [given.token_url, given.client_id, given.client_secret, given.scope, given.per, given.metric or ""]
        return _compiled(LoginTemplate(OAuth2Login, texts))
    return None


def _compiled(login: LoginTemplate) -> Compiled:
    return Literal(login.render({})) if login.is_the_same else login
