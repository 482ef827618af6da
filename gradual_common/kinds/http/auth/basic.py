"""The scheme Basic (RFC 7617): a user name and a password with every request."""

from __future__ import annotations

from gradual_common.kinds.http.auth.credentials import Credential, CredentialOrNothing
from gradual_common.language.model import Model


class BasicAuth(Model):
    """`{basic: {username, password}}`."""

    username: Credential
    """The user name, without a colon; templates are allowed."""

    password: CredentialOrNothing
    """The password; templates are allowed."""
