"""The engine of HTTP actions: it compiles actions of the plan, and makes the HTTP client of each user.

An action is one request, its assertions and its extractions. A request without a template is encoded to bytes once,
when the plan is compiled. Measured on one busy core: to judge a status code and a response time takes 0.15 µs; to make
a request from templates 1.0 µs (`prepared_request`), or 12 µs if its templates do more than read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import chain, count
from types import coroutine
from typing import Any, Protocol, cast

from gradual_agent.errors import JobError
from gradual_agent.http.auth.client import AuthenticatingClient
from gradual_agent.http.auth.logins import compile_login
from gradual_agent.http.client import HttpClient
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.context import HttpContext
from gradual_agent.http.request import HttpRequest
from gradual_agent.http.tracing import TraceStream, TracingClient
from gradual_agent.kinds.assertions import OK_BELOW, Assertions
from gradual_agent.kinds.engines import Observer, Runtime, no_metrics
from gradual_agent.kinds.extraction import Extractor
from gradual_agent.kinds.http.destinations import known_destinations
from gradual_agent.kinds.http.event_streams import EventStreamAction, goal_of
from gradual_agent.kinds.http.exchange import describe_exchange, message_of, message_of_request, title_of
from gradual_agent.kinds.http.graphql import GraphQLAssertions
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.kinds.http.signed_template import compile_request
from gradual_agent.kinds.kind import Actor, fail_template
from gradual_agent.kinds.metrics import Record, extractor_of
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.runtime.suspension import Resumable
from gradual_common.errors import RequestError, TemplateError, TlsFileError
from gradual_common.kinds.content import NO_CONTENT, Content
from gradual_common.kinds.failures import KIND
from gradual_common.kinds.http.event_streams import metrics_of
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.kinds.http.settings import HttpService, inherit
from gradual_common.kinds.registry import kind_called
from gradual_common.net.tls import Assets
from gradual_common.plan.model.plan import Connections, Cookies, Plan
from gradual_common.randomness import RandomStream
from gradual_common.secrecy.masking import Mask

STATUS = KIND["status"]
NO_SCOPE: dict[str, Any] = {}


def make_engine(runtime: Runtime, plan: Plan, assets: Assets) -> HttpEngine:
    """Make the engine for a plan; JobError for TLS files that cannot be used on this machine, or a forbidden host."""
    context = HttpContext(
        runtime.loop, runtime.timeline, runtime.lease, runtime.clock, runtime.wall_clock, record=runtime.record
    )
    dialer = Dialer(context, assets, runtime.allowed)
    specs = [spec for spec in plan.actions.values() if isinstance(spec, HttpActionSpec)]
    settings: list[HttpService] = [inherit(plan.config_of(spec), spec) for spec in specs]
    actions = list(zip(settings, specs, strict=True))
    settings += shared_settings(plan)
    runtime.check_destinations(chain.from_iterable(known_destinations(each, spec.url) for each, spec in actions))
    token_urls = [(each, each.auth.oauth2.token_url) for each in settings if each.auth and each.auth.oauth2]
    runtime.check_destinations(chain.from_iterable(known_destinations(each, url) for each, url in token_urls))
    for way in {each.way for each in settings}:
        dialer.shared_by(way)  # It finds the source addresses.
    try:
        # Where a redirect leads from http to https, any action needs its TLS settings.
        dialer.contexts.prepare({each.tls for each in settings})
    except TlsFileError as error:
        raise JobError(f"the plan's certificates cannot be used on this machine: {error}") from error
    except KeyError as error:
        raise JobError(f"the plan's TLS settings name {error}, which was not sent along") from error
    is_traced = any(each.trace for each in settings)
    has_logins = any(compile_login(each.auth) for each in settings)
    return HttpEngine(dialer, plan, runtime.observer, runtime.record, is_traced, assets, has_logins)


def shared_settings(plan: Plan) -> list[HttpService]:
    """The settings of requests that actions of other kinds send: those of `config` and of every service."""
    if not any("http" in kind_called(action.kind).uses for action in plan.actions.values()):
        return []
    return [plan.config, *(inherit(plan.config, service) for service in plan.services.values())]


@dataclass(frozen=True, slots=True, eq=False)
class HttpEngine:
    """The engine of HTTP actions in one agent process."""

    dialer: Dialer
    plan: Plan
    observer: Observer | None = None
    record: Record = no_metrics
    is_traced: bool = False
    """Some action carries trace contexts."""
    assets: Assets = field(default_factory=dict)
    """The files that are uploaded are among them."""
    has_logins: bool = False
    """Some action authenticates by more than a header field."""
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def connections(self) -> int:
        """Open connections."""
        return self.dialer.context.connections

    def compile(self, spec: HttpActionSpec, wants_headers: bool, wants_body: bool) -> HttpAction | EventStreamAction:
        """Compile an action; TemplateError or RequestError for one that can never be sent."""
        assertions = assertions_of(spec)
        extractor = extractor_of(spec, self.record)
        service = self.plan.config_of(spec)
        goal = None
        if (stream := spec.sse) is not None:
            metrics = metrics_of(self._name_of(spec))
            spec = spec if stream.within is None else spec.model_copy(update={"timeout": stream.within})
            goal = goal_of(stream, inherit(service, spec).timeout, metrics, self.record)
            wants_headers = True  # Of a response that is no stream, the failure names the type.
        template = compile_request(
            service,
            spec,
            self.assets,
            wants_headers=wants_headers or assertions.wants_headers or extractor.wants_headers,
            wants_body=wants_body or assertions.wants_body or extractor.wants_body,
        )
        if goal is not None:
            return EventStreamAction(template, assertions, extractor, goal)
        return HttpAction(template, assertions, extractor)

    def _name_of(self, spec: HttpActionSpec) -> str:
        return next(name for name, action in self.plan.actions.items() if action is spec)

    def client(self, owner: Resumable, cookies: Cookies, connections: Connections) -> HttpClient:
        """The client of one user."""
        if self.observer is None and not self.is_traced:
            kind = AuthenticatingClient if self.has_logins else HttpClient
            return kind(self.dialer, owner, cookies, connections)
        state = cast(Drawing, owner).random.state if self.is_traced else 0
        traces = TraceStream(state, next(self._numbers))
        if self.observer is None:
            return TracingClient(self.dialer, owner, cookies, connections, traces)
        return ObservedClient(self.dialer, owner, cookies, connections, traces, observer=self.observer)

    def describe(self, mask: Mask, sample: Sample) -> dict[str, Any]:
        """A failed exchange."""
        return describe_exchange(mask, sample)

    def close(self) -> None:
        """Stop resolving names; users close their own clients."""
        self.dialer.close()


def assertions_of(spec: HttpActionSpec) -> Assertions:
    """What an action asserts of its response."""
    return Assertions(spec.assertions) if spec.graphql is None else GraphQLAssertions(spec.assertions, spec.graphql)


class HttpAction:
    """A compiled entry of `actions:`."""

    __slots__ = (
        "_assertions",
        "_extractor",
        "_extracts",
        "_is_plain",
        "_request",
        "_template",
        "_uses_scope",
        "assertion_count",
    )

    def __init__(self, template: RequestTemplate, assertions: Assertions, extractor: Extractor) -> None:
        self._template = template
        self._assertions = assertions
        self._extractor = extractor
        self._request: HttpRequest | None = template.build(NO_SCOPE) if template.is_static else None
        self._is_plain = assertions.is_plain and not extractor
        self._extracts = len(extractor) > 0
        self._uses_scope = not template.is_static or self._extracts or bool(assertions.names)
        self.assertion_count = assertions.count

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Send the request and judge the response; failures are data, not exceptions."""
        scope = user.scope if self._uses_scope else NO_SCOPE
        request = self._request
        if request is None:
            try:
                request = self._template.build(scope)
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
            response = sample.response
            content = NO_CONTENT if response is None else Content(response)
            try:
                self._assertions.judge(sample, content, scope)
                if self._extracts:
                    self._extractor.extract(sample, content, user.client.cookie, scope)
            except Exception:
                # A bug in an assertion is reported with the request that met it.
                sample.request = request
                raise
        # Only failures keep their request, for reports; INTERRUPTED is negative and is not a failure.
        if sample.kind > 0:
            sample.request = request

    def _miss(self, user: Actor, kind: int = 0) -> None:
        """Set the defaults of extractions, as there is no response; an interrupted action changes no variable."""
        if self._extracts and kind != INTERRUPTED:
            self._extractor.set_defaults(user.scope)


class Drawing(Protocol):
    """A user, with the random stream of its slot."""

    @property
    def random(self) -> RandomStream:
        """The stream."""


class ObservedClient(TracingClient):
    """A client that shows its requests and responses to an observer."""

    __slots__ = ("_observer",)

    def __init__(
        self,
        dialer: Dialer,
        owner: Resumable,
        cookies: Cookies,
        connections: Connections,
        traces: TraceStream,
        *,
        observer: Observer,
    ) -> None:
        super().__init__(dialer, owner, cookies, connections, traces)
        self._observer = observer

    def _make_another(self, owner: Resumable) -> HttpClient:
        shared = self._cookie_policy, self._connection_policy, self._traces
        return ObservedClient(self._dialer, owner, *shared, observer=self._observer)

    @coroutine
    def fetch(self, request: HttpRequest, sample: Sample) -> Generator[None, Any, None]:
        """Fetch; `_send` shows each message."""
        yield from AuthenticatingClient.fetch(self, self._traces.stamp(request, sample), sample)

    def _send(self, request: HttpRequest, sample: Sample) -> Generator[None, Any, None]:
        """Show the request, send it, and show the response."""
        message = message_of_request(request, self.cookies_for(request))
        self._observer.show_request(f"{request.method} {request.url}", message)
        yield from super()._send(request, sample)
        self._observer.show_response(title_of(sample), message_of(sample.response))
