"""The setting `auth`: how requests authenticate. A new scheme is a model in a module of its own, and a field of `Auth`.

Bearer tokens (RFC 6750, 2.1) have no settings, and so no module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, model_validator

from gradual_common.kinds.http.auth.basic import BasicAuth
from gradual_common.kinds.http.auth.credentials import Credential
from gradual_common.kinds.http.auth.digest import DigestAuth
from gradual_common.kinds.http.auth.oauth2 import OAuth2Auth
from gradual_common.kinds.http.auth.sigv4 import Sigv4Auth
from gradual_common.language.model import AlsoWritten, Model
from gradual_common.language.wording import listed

NONE = "none"
"""Turns off what a service or `config` says."""


class Auth(Model):
    """How requests authenticate: one of these schemes."""

    basic: BasicAuth | None = None
    """A user name and a password with every request."""

    bearer: Credential | None = None
    """A token with every request; templates are allowed."""

    digest: DigestAuth | None = None
    """A user name and a password, of which only hashes are sent, in answer to the server's challenge."""

    sigv4: Sigv4Auth | None = None
    """AWS Signature Version 4: each message is signed when it is sent."""

    oauth2: OAuth2Auth | None = None
    """A token of OAuth 2.0 client credentials, which a token endpoint gives."""

    @model_validator(mode="after")
    def _check_one(self) -> Auth:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            found = f"found {' and '.join(given)}; null removes one in a profile" if given else "there is none"
            raise ValueError(f"auth has one scheme; {found} (allowed: {listed(type(self).model_fields)})")
        return self

    def texts(self) -> Iterator[str]:
        """Every text that may be a template."""
        yield from _texts_of(self)


def _texts_of(model: BaseModel) -> Iterator[str]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _texts_of(value)
        elif isinstance(value, str):
            yield value


def read_auth(value: Any) -> Any:
    """`none` is no authentication; any other text is none of the ways to write it, and may be secret."""
    if value == NONE:
        return None
    if value is not None and not isinstance(value, dict | Auth):
        raise ValueError('auth is none, or a mapping with a scheme, such as {bearer: "{{token}}"}')
    return value


WrittenAuth = Annotated[Auth | None, BeforeValidator(read_auth), AlsoWritten(({"const": NONE},))]
"""A scheme with its settings, or `none`."""
