"""Authentication that signs whole messages: compiled with the action, rendered with each request."""

from __future__ import annotations

from gradual_agent.http.auth.signed_request import AwsSigner, SignedRequest
from gradual_agent.http.auth.sigv4 import AwsCredentials, AwsScope
from gradual_agent.http.request import HttpRequest
from gradual_common.errors import TemplateError
from gradual_common.kinds.http.auth.auth import Auth
from gradual_common.kinds.http.auth.sigv4 import Sigv4Auth
from gradual_common.net.header_fields import check_value
from gradual_common.templates.compiled import Scope
from gradual_common.templates.templates import compile_value


class AwsSigning:
    """The setting `auth.sigv4`, its templates compiled."""

    __slots__ = ("_settings", "is_static")

    def __init__(self, auth: Sigv4Auth) -> None:
        written = {name: getattr(auth, name) for name in type(auth).model_fields}
        self._settings = {name: compile_value(text) for name, text in written.items() if text is not None}
        self.is_static = all(text.is_static for text in self._settings.values())
        """Whether all users sign with the same credentials."""

    def sign(self, request: HttpRequest, scope: Scope) -> HttpRequest:
        """The request, which is signed when it is sent; TemplateError or RequestError for settings that cannot sign."""
        settings = {name: text.render_text(scope) for name, text in self._settings.items()}
        for name, value in settings.items():
            if not value:
                raise TemplateError(f"auth.sigv4.{name} is empty")
            check_value("Authorization", value)
        service, region = settings.pop("service"), settings.pop("region")
        return SignedRequest(request, AwsSigner(AwsCredentials(**settings), AwsScope(region, service)))


def compile_signing(auth: Auth | None) -> AwsSigning | None:
    """What signs the messages of an action; None for a scheme that does not."""
    return None if auth is None or auth.sigv4 is None else AwsSigning(auth.sigv4)
