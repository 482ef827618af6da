"""The HTTP action: one request, what is asserted of its response, what is taken out of it.

A request without a template is encoded to bytes once, when the plan is compiled. Measured on one busy
core: judging a status code and a response time takes 0.35 µs; building a request from templates 25 µs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradual_agent.http.request import Request
from gradual_agent.kinds.action import Actor, fail_template
from gradual_agent.kinds.http.assertions import OK_BELOW, Assertions
from gradual_agent.kinds.http.content import NO_CONTENT, Content
from gradual_agent.kinds.http.extraction import Extractor
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.failures import KIND
from gradual_common.plan.model.plan import Plan
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
        self._request: Request | None = template.build(NO_SCOPE) if template.is_static else None
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


class HttpActions:
    """Compiles the actions of a plan, each once for each set of things that must be kept of its responses."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._compiled: dict[tuple[str, bool, bool], HttpAction] = {}

    def action(self, name: str, wants_headers: bool, wants_body: bool) -> HttpAction:
        """The action `name`; `wants_…`: what templates elsewhere read of its responses.

        Raises TemplateError or RequestError for one that can never be sent.
        """
        key = (name, wants_headers, wants_body)
        if key not in self._compiled:
            self._compiled[key] = self._compile(*key)
        return self._compiled[key]

    def _compile(self, name: str, wants_headers: bool, wants_body: bool) -> HttpAction:
        spec = self._plan.actions[name]
        assertions = Assertions(spec.assertions)
        extractor = Extractor(spec.extract)
        template = RequestTemplate(
            self._plan.config,
            spec,
            wants_headers=wants_headers or assertions.wants_headers or extractor.wants_headers,
            wants_body=wants_body or assertions.wants_body or extractor.wants_body,
        )
        return HttpAction(template, assertions, extractor)


def texts_of(plan: Plan, name: str) -> list[str]:
    """Every text of an action that may be a template."""
    spec = plan.actions[name]
    config = plan.config
    values: list[Any] = [config.base_url, config.headers, spec.url, spec.query, spec.headers, spec.body, spec.form]
    values += [assertion.expected for assertion in spec.assertions]
    return [text for value in values for text in texts_in(value)]


def texts_in(value: Any) -> list[str]:
    """Every text in a value of the plan."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for entry in value.items() for part in entry for text in texts_in(part)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts_in(item)]
    return []
