"""The scheme OAuth 2.0 with client credentials (RFC 6749, 4.4): a token that a token endpoint gives."""

from __future__ import annotations

from typing import Literal

from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.http.auth.credentials import Credential
from gradual_common.language.document import EACH, Document, Path, places
from gradual_common.language.model import Model, Name

OWNERS = (("config",), ("services", EACH), ("actions", EACH))
"""Where `auth` may be."""

TOKEN = FailureKind(
    "token",
    "no token",
    False,
    causes=(
        ("no connection to", "token endpoint not reached"),
        ("cannot be resolved", "token endpoint not reached"),
        ("certificate", "token endpoint's certificate is not trusted"),
        ("tls handshake", "TLS with the token endpoint failed"),
        ("closed the connection", "token endpoint closed the connection"),
        ("connection broke", "token endpoint closed the connection"),
        ("proxy", "token endpoint not reached through the proxy"),
        ("no complete response", "token endpoint does not answer"),
        ("status 401", "token endpoint refuses the client"),
        ("invalid_client", "token endpoint refuses the client"),
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

    metric: Name | None = None
    """The custom metric of the times of its fetches, ms; default: NAME_token, of its service or action."""


def name_token_metrics(document: Document) -> None:
    """Write the metric of each login into it: what a plan records is known from the plan alone."""
    for owner in OWNERS:
        for path, login in places(document.root, *owner, "auth", "oauth2"):
            if isinstance(login, dict):
                login.setdefault("metric", f"{path[-3]}_token")


def token_metrics(document: Document) -> dict[str, Path]:
    """The metrics of the logins of a plan, and where one has it."""
    found = (place for owner in OWNERS for place in places(document.root, *owner, "auth", "oauth2", "metric"))
    return {name: path for path, name in found if isinstance(name, str)}
