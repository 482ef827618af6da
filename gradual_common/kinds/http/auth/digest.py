"""The scheme Digest (RFC 7616): a password that is never sent, but proved by a hash of it and of the server's nonce."""

from __future__ import annotations

from gradual_common.kinds.http.auth.credentials import Credential, CredentialOrNothing
from gradual_common.language.model import Model


class DigestAuth(Model):
    """`{digest: {username, password}}`."""

    username: Credential
    """The user name; templates are allowed."""

    password: CredentialOrNothing
    """The password; templates are allowed."""
