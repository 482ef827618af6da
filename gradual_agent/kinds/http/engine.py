"""The engine of HTTP actions: compiles them, and makes a user's HTTP client. The only place that knows both."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from gradual_agent.errors import JobError
from gradual_agent.http import Headers, HttpClient, HttpContext, HttpEngine, HttpRequest, Response
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.kinds.assertions import Assertions
from gradual_agent.kinds.extraction import Extractor
from gradual_agent.kinds.http.action import HttpAction
from gradual_agent.kinds.http.exchange import describe_exchange
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.kinds.runtime import Message, Observer, Runtime
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.suspension import Resumable
from gradual_common.clock import NS_PER_MS
from gradual_common.errors import TlsFileError
from gradual_common.kinds.http.model import HttpActionSpec
from gradual_common.net.certificates import Assets
from gradual_common.net.tls_settings import tls_in
from gradual_common.plan.model.plan import Config, Connections, Cookies, Plan
from gradual_common.secrecy.masking import Mask


class HttpActions:
    """The engine of HTTP actions in one agent process."""

    def __init__(self, engine: HttpEngine, config: Config, observer: Observer | None = None) -> None:
        self._engine = engine
        self._config = config
        self._observer = observer

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._engine.context.connections

    def compile(self, spec: HttpActionSpec, wants_headers: bool, wants_body: bool) -> HttpAction:
        """An action; TemplateError or RequestError for one that can never be sent."""
        assertions = Assertions(spec.assertions)
        extractor = Extractor(spec.extract)
        template = RequestTemplate(
            self._config,
            spec,
            wants_headers=wants_headers or assertions.wants_headers or extractor.wants_headers,
            wants_body=wants_body or assertions.wants_body or extractor.wants_body,
        )
        return HttpAction(template, assertions, extractor)

    def client(self, owner: Resumable, cookies: Cookies, connections: Connections) -> HttpClient:
        """The client of one user."""
        if self._observer is None:
            return self._engine.client(owner, cookies, connections)
        return ObservedClient(self._engine.dialer, owner, cookies, connections, self._observer)

    def describe(self, mask: Mask, sample: Sample) -> dict[str, Any]:
        """A failed exchange."""
        return describe_exchange(mask, sample)

    def close(self) -> None:
        """Resolve nothing more."""
        self._engine.close()


def make_engine(runtime: Runtime, plan: Plan, assets: Assets) -> HttpActions:
    """Ready for the plan's requests; JobError for TLS files that cannot be used here."""
    context = HttpContext(runtime.loop, runtime.timeline, runtime.lease, runtime.clock, runtime.wall_clock)
    engine = HttpEngine(context, assets)
    specs = [spec for spec in plan.actions.values() if isinstance(spec, HttpActionSpec)]
    try:
        engine.prepare(tls_in(plan.config.tls, [spec.tls for spec in specs]))
    except TlsFileError as error:
        raise JobError(f"the plan's certificates cannot be used on this machine: {error}") from error
    except KeyError as error:
        raise JobError(f"the plan's TLS settings name {error}, which was not sent along") from error
    return HttpActions(engine, plan.config, runtime.observer)


class ObservedClient(HttpClient):
    """A client whose requests and responses are shown."""

    __slots__ = ("_observer",)

    def __init__(
        self, dialer: Dialer, owner: Resumable, cookies: Cookies, connections: Connections, observer: Observer
    ) -> None:
        super().__init__(dialer, owner, cookies, connections)
        self._observer = observer

    async def fetch(self, request: HttpRequest, sample: Sample) -> None:
        """Fetch, between the request and the response."""
        cookie = "; ".join(part for part in (request.cookie, self.cookies.header_for(request)) if part)
        self._observer.show_request(f"{request.method} {request.url}", message_of_request(request, cookie))
        await super().fetch(request, sample)
        self._observer.show_response(title_of(sample), message_of(sample.response))


def message_of_request(request: HttpRequest, cookie: str) -> Message:
    """A request as it is written, with the user's cookies."""
    lines = request.head.decode("utf-8", "replace").split("\r\n")[1:-2]
    fields = [line.partition(": ")[::2] for line in lines]
    if cookie:
        fields.append(("Cookie", cookie))
    return Message(fields, request.body, request.body.decode("utf-8", "replace"))


def title_of(sample: Sample) -> str:
    """`200 OK, 12.3 ms, after 2 redirects`; nothing without a response."""
    if not sample.status_code:
        return ""
    try:
        phrase = HTTPStatus(sample.status_code).phrase
    except ValueError:
        phrase = ""
    hops = f", after {sample.hops} redirects" if sample.hops else ""
    return f"{sample.status_code} {phrase}, {(sample.ended - sample.started) / NS_PER_MS:.1f} ms{hops}"


def message_of(response: Response | None) -> Message | None:
    """A response with the fields of its head."""
    if response is None:
        return None
    headers: Headers = response.headers
    return Message(list(headers.items()), response.body, response.text)
