"""The scheme AWS Signature Version 4: each message is signed when it is sent."""

from __future__ import annotations

from gradual_common.kinds.http.auth.credentials import Credential
from gradual_common.language.model import Model


class Sigv4Auth(Model):
    """`{sigv4: {service, region, access_key, secret_key, session_token}}`."""

    service: Credential
    """The service in the signature, such as execute-api or s3; templates are allowed."""

    region: Credential
    """The region in the signature, such as eu-central-1; templates are allowed."""

    access_key: Credential
    """The id of the access key; templates are allowed."""

    secret_key: Credential
    """The secret access key; templates are allowed."""

    session_token: Credential | None = None
    """The token of temporary credentials; templates are allowed."""
