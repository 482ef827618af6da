"""Requests of actions that sign their messages. Other actions have a plain `RequestTemplate`, and nothing of this."""

from __future__ import annotations

from gradual_agent.http.auth.signing import AwsSigning, compile_signing
from gradual_agent.http.request import HttpRequest
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.kinds.http.settings import HttpService, inherit
from gradual_common.net.tls import Assets
from gradual_common.templates.compiled import Scope


class SignedTemplate(RequestTemplate):
    """A template whose requests are signed when they are sent."""

    __slots__ = ("_signing",)

    def __init__(
        self,
        service: HttpService,
        spec: HttpActionSpec,
        assets: Assets,
        signing: AwsSigning,
        *,
        wants_headers: bool,
        wants_body: bool,
    ) -> None:
        self._signing = signing
        super().__init__(service, spec, assets, wants_headers=wants_headers, wants_body=wants_body)

    @property
    def is_static(self) -> bool:
        """Whether all users send the same request with the same credentials."""
        return super().is_static and self._signing.is_static

    def build(self, scope: Scope) -> HttpRequest:
        """The request in `scope`; raises TemplateError or RequestError."""
        return self._signing.sign(super().build(scope), scope)


def compile_request(
    service: HttpService, spec: HttpActionSpec, assets: Assets, *, wants_headers: bool, wants_body: bool
) -> RequestTemplate:
    """The template of an action's requests."""
    signing = compile_signing(inherit(service, spec).auth)
    if signing is None:
        return RequestTemplate(service, spec, assets, wants_headers=wants_headers, wants_body=wants_body)
    return SignedTemplate(service, spec, assets, signing, wants_headers=wants_headers, wants_body=wants_body)
