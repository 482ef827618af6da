"""Authentication that is one header field, which goes into the head of a request when its action is compiled."""

from __future__ import annotations

from gradual_agent.http.auth.basic import compile_basic
from gradual_common.kinds.http.auth.auth import Auth
from gradual_common.templates.compiled import Compiled
from gradual_common.templates.templates import compile_value

FIELD = "Authorization"


def auth_fields(auth: Auth | None) -> list[tuple[str, Compiled]]:
    """The header fields of every request, before templates are rendered; none for a scheme that needs more."""
    if auth is None:
        return []
    if auth.basic is not None:
        return [(FIELD, compile_basic(auth.basic))]
    if auth.bearer is not None:
        return [(FIELD, compile_value(f"Bearer {auth.bearer}"))]
    return []
