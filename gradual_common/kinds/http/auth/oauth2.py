"""The scheme OAuth 2.0 with client credentials (RFC 6749, 4.4): a token that a token endpoint gives."""

from __future__ import annotations

from typing import Literal

from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.http.auth.credentials import Credential
from gradual_common.language.model import Model, Name

TOKEN = FailureKind(
    "token",
    "no token",
    False,
    causes=(
        ("refused", "token endpoint refuses the client"),
        ("no complete response", "token endpoint does not answer"),
        ("answered with status", "token endpoint answers with an error"),
        ("cannot be read", "token endpoint's answer cannot be read"),
    ),
)


class OAuth2Auth(Model):
    """`{oauth2: {token_url, client_id, client_secret, scope, per}}`."""

    token_url: Name
    """The address of the token endpoint, absolute; templates are allowed."""

    client_id: Credential
    """The client; templates are allowed."""

    client_secret: Credential
    """Its secret; templates are allowed."""

    scope: str = ""
    """What the token is for, names with blanks between them; default: what the endpoint chooses."""

    per: Literal["agent", "user"] = "agent"
    """Whether all users of an agent share a token, or each has its own; default: agent."""
