"""The HTTP action: one request, what is asserted of its response, what is taken out of it.

A request without a template is encoded to bytes once, when the plan is compiled. Measured on one busy
core: judging a status code and a response time takes 0.35 µs; building a request from templates 25 µs.
"""

from __future__ import annotations

from gradual_agent.http.request import HttpRequest
from gradual_agent.kinds.assertions import OK_BELOW, Assertions
from gradual_agent.kinds.extraction import Extractor
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.kinds.kind import Actor, fail_template
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.content import NO_CONTENT, Content
from gradual_common.kinds.failures import KIND
from gradual_common.templates.templates import Scope

STATUS = KIND["status"]
NO_SCOPE: Scope = {}


class HttpAction:
    """A compiled entry of `actions:`."""

    __slots__ = ("_assertions", "_extractor", "_is_plain", "_reads_scope", "_request", "_template", "assertion_count")

    def __init__(self, template: RequestTemplate, assertions: Assertions, extractor: Extractor) -> None:
        self._template = template
        self._assertions = assertions
        self._extractor = extractor
        self._request: HttpRequest | None = template.build(NO_SCOPE) if template.is_static else None
        self._is_plain = not assertions.count and not extractor
        self._reads_scope = bool(assertions.names)
        self.assertion_count = assertions.count

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Send the request and judge what comes back; every failure is data."""
        request = self._request
        if request is None:
            try:
                request = self._template.build(user.scope)
            except (TemplateError, RequestError) as error:
                fail_template(user, sample, str(error))
                self._miss(user)
                return
        await user.client.fetch(request, sample)
        if sample.kind:
            self._miss(user, sample.kind)
        elif self._is_plain:
            if sample.status_code >= OK_BELOW:
                sample.kind = STATUS
        else:
            try:
                self._judge(user, sample)
            except Exception:
                sample.request = request
                raise
        if sample.kind > 0:
            sample.request = request

    def _judge(self, user: Actor, sample: Sample) -> None:
        content = NO_CONTENT if sample.response is None else Content(sample.response)
        self._assertions.judge(sample, content, user.scope if self._reads_scope else NO_SCOPE)
        if self._extractor:
            self._extractor.extract(sample, content, user.client.cookies.get, user.scope)

    def _miss(self, user: Actor, kind: int = 0) -> None:
        """There is no response to take anything out of."""
        if self._extractor and kind != INTERRUPTED:
            self._extractor.set_defaults(user.scope)
