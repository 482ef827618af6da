"""The scheme Basic (RFC 7617)."""

from __future__ import annotations

from base64 import b64encode

from gradual_common.errors import TemplateError
from gradual_common.kinds.http.auth.basic import BasicAuth
from gradual_common.net.urls import encode_text
from gradual_common.templates.compiled import Compiled, Literal, Marks, Scope
from gradual_common.templates.direct.holes import UnexpectedError
from gradual_common.templates.templates import compile_value


class BasicCredentials(Compiled):
    """The value of the Authorization field, of which a part is a template."""

    __slots__ = ("_password", "_username", "names")

    def __init__(self, auth: BasicAuth) -> None:
        self._username, self._password = compile_value(auth.username), compile_value(auth.password)
        self.names = self._username.names | self._password.names

    def render(self, scope: Scope) -> str:
        """The value in `scope`; TemplateError for a user name with a colon."""
        return basic_value(self._username.render_text(scope), self._password.render_text(scope))

    def marked(self, marks: Marks) -> str:
        """A mark would be encoded with the rest."""
        raise UnexpectedError


def compile_basic(auth: BasicAuth) -> Compiled:
    """The value of the Authorization field."""
    credentials = BasicCredentials(auth)
    is_static = compile_value([auth.username, auth.password]).is_static
    return Literal(credentials.render({})) if is_static else credentials


def basic_value(username: str, password: str) -> str:
    """The value for these; as UTF-8 (RFC 7617, 2.1)."""
    if ":" in username:
        raise TemplateError("a user name of Basic holds no colon: what comes after it would be the password")
    return "Basic " + b64encode(encode_text(f"{username}:{password}")).decode("ascii")
