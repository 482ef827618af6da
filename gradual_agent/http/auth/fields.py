"""Authentication that is one header field, which goes into the head of a request when its action is compiled."""

from __future__ import annotations

from gradual_agent.http.auth.basic import compile_basic
from gradual_common.errors import TemplateError
from gradual_common.kinds.http.auth.auth import Auth
from gradual_common.templates.compiled import Compiled, Literal, Marks, Scope
from gradual_common.templates.templates import compile_template

FIELD = "Authorization"


class BearerToken(Compiled):
    """The value of the Authorization field for a token of which a part is a template (RFC 6750, 2.1)."""

    __slots__ = ("_token", "names")

    def __init__(self, token: Compiled) -> None:
        self._token = token
        self.names = token.names

    def render(self, scope: Scope) -> str:
        """The value in `scope`; TemplateError for a token that is empty."""
        return bearer_value(self._token.render_text(scope))

    def marked(self, marks: Marks) -> str:
        """The value with marks."""
        return bearer_value(self._token.marked_text(marks))


def compile_bearer(token: str) -> Compiled:
    """The value of the Authorization field."""
    compiled = compile_template(token)
    return Literal(bearer_value(compiled.render_text({}))) if compiled.is_static else BearerToken(compiled)


def bearer_value(token: str) -> str:
    """The value for this token."""
    if not token.strip():
        raise TemplateError("the bearer token is empty: no token was extracted or given before this request")
    return f"Bearer {token}"


def auth_fields(auth: Auth | None) -> list[tuple[str, Compiled]]:
    """The header fields of every request, before templates are rendered; none for a scheme that needs more."""
    if auth is None:
        return []
    if auth.basic is not None:
        return [(FIELD, compile_basic(auth.basic))]
    if auth.bearer is not None:
        return [(FIELD, compile_bearer(auth.bearer))]
    return []
