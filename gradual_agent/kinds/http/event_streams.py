"""Event streams: an action that reads events until a condition holds, enough have come, or the time is over.

The times of events are recorded when they come, as custom metrics. The action's response time is up to its end. The
body of its response, for assertions and extractions, is the data of the last event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradual_agent.http.failures import TIMEOUT
from gradual_agent.http.long_bytes import Wire
from gradual_agent.http.reading.events import ServerEvent
from gradual_agent.http.request import HttpRequest, RequestSettings
from gradual_agent.http.response import HasHeaders, Response
from gradual_agent.kinds.assertions import OK_BELOW, Assertions
from gradual_agent.kinds.extraction import Extractor
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.kinds.kind import Actor, fail_template
from gradual_agent.kinds.metrics import Record
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.errors import RequestError, TemplateError
from gradual_common.kinds.content import NO_CONTENT, NOT_JSON, Content, PlainResponse
from gradual_common.kinds.failures import KIND
from gradual_common.kinds.http.event_streams import EVENT, SSE, EventStream, StreamMetrics
from gradual_common.secrecy.quoting import quoted
from gradual_common.templates.direct import holes
from gradual_common.templates.templates import Condition

KIND_OF_STREAM = KIND[SSE.name]


class StreamRequest(HttpRequest):
    """A request whose response is read as an event stream."""

    __slots__ = ("events",)

    def __init__(self, settings: RequestSettings, wire: Wire, head_size: int, events: StreamOfUser) -> None:
        super().__init__(settings, wire, head_size)
        self.events: StreamOfUser = events

    def again(self, settings: RequestSettings, wire: Wire, head_size: int) -> StreamRequest:
        """The same request with other bytes, and the same stream."""
        return StreamRequest(settings, wire, head_size, self.events)


@dataclass(slots=True, eq=False, repr=False)
class EventView(holes.Record):
    """`event`, as a condition reads it."""

    data: str
    type: str
    id: str
    count: int

    @property
    def json(self) -> Any:
        """The data as JSON; None if it is not JSON."""
        value = Content(PlainResponse(self.data.encode())).json
        return None if value is NOT_JSON else value


@dataclass(frozen=True, slots=True, eq=False)
class StreamGoal:
    """When a stream has been read, and where its times go."""

    until: Condition | None
    max_events: int | None
    is_timed: bool
    """It is read for a time, whatever comes."""
    limit: int
    """Of the whole action, ns."""
    metrics: StreamMetrics
    record: Record

    @property
    def text(self) -> str:
        """What ends it, in words."""
        if self.until is not None:
            return f"event with {self.until.text!r}"
        return "end of the stream" if self.max_events is None else f"{self.max_events} events"


def goal_of(stream: EventStream, timeout: int, metrics: StreamMetrics, record: Record) -> StreamGoal:
    """The goal of an action; TemplateError for a condition that does not compile."""
    until = None if stream.until is None else Condition(stream.until)
    is_timed = until is None and stream.max_events is None and stream.within is not None
    return StreamGoal(until, stream.max_events, is_timed, timeout, metrics, record)


class StreamOfUser:
    """The stream of one request of one user."""

    __slots__ = ("_at", "_goal", "_head", "_now", "_sample", "_scope", "_unreadable", "count", "is_done", "last_data")

    def __init__(self, goal: StreamGoal, sample: Sample, scope: dict[str, Any], now: Callable[[], int]) -> None:
        self._goal = goal
        self._sample = sample
        self._scope = scope if goal.until is None else {**scope}
        self._now = now
        self._at = 0
        self._head: HasHeaders | None = None
        self._unreadable: TemplateError | None = None
        self.is_done = False
        self.count = 0
        self.last_data = ""

    def begin(self, head: HasHeaders) -> None:
        """The response is an event stream."""
        self._head = head

    def take(self, event: ServerEvent) -> bool:
        """Record when the event came; whether it is the last one that is wanted."""
        goal, now = self._goal, self._now()
        metrics = goal.metrics
        name, since = (metrics.event_gap, self._at) if self.count else (metrics.first_event, self._sample.written)
        goal.record(name, (now - since) / NS_PER_MS)
        self._at = now
        self.count += 1
        self.last_data = event.data
        is_last = self.count == goal.max_events
        self.is_done = is_last if goal.until is None else self._holds(goal.until, event)
        return self.is_done or is_last

    def _holds(self, until: Condition, event: ServerEvent) -> bool:
        """A condition that cannot be evaluated does not hold: events of other kinds may lack what it reads."""
        self._scope[EVENT] = EventView(event.data, event.type, event.id, self.count)
        self._unreadable = None
        try:
            return until.holds(self._scope)
        except TemplateError as error:
            self._unreadable = error
            return False

    def settle(self) -> None:
        """Judge the sample, whose exchange has ended: was the stream read as it should be?"""
        sample, goal, head = self._sample, self._goal, self._head
        if head is None:
            if sample.kind == 0 and sample.status_code < OK_BELOW:
                sample.kind, sample.detail = KIND_OF_STREAM, self._why_no_stream()
            return
        if sample.kind != INTERRUPTED:
            goal.record(goal.metrics.events, self.count)
        if sample.kind == TIMEOUT:
            sample.kind, sample.detail, sample.status_code = 0, "", 200
            sample.response = Response(200, head, self.last_data.encode())
            if not goal.is_timed:
                self._fail(f"no {goal.text} within {goal.limit / NS_PER_S:g} s")
        elif sample.kind == 0 and not self.is_done:
            self._judge_end()

    def _judge_end(self) -> None:
        """The stream has ended, or enough events have come, before the goal was reached."""
        goal = self._goal
        if self.count == goal.max_events:
            self._fail(f"none of {self.count} events was an {goal.text}")
        elif goal.is_timed:
            self._fail(f"the stream ended before {goal.limit / NS_PER_S:g} s were over")
        elif goal.until is not None or goal.max_events is not None:
            self._fail(
                f"the stream ended before an {goal.text}" if goal.until else f"the stream ended before {goal.text}"
            )

    def _why_no_stream(self) -> str:
        response = self._sample.response
        content_type = "" if response is None else response.headers.get("content-type", "")
        coding = "" if response is None else response.headers.get("content-encoding", "")
        what = f"status {self._sample.status_code}, Content-Type {quoted(content_type) if content_type else 'missing'}"
        return f"the response is not an event stream that can be read: {what}" + (
            coding and f", coding {quoted(coding)}"
        )

    def _fail(self, reason: str) -> None:
        unreadable = "" if self._unreadable is None else f"; of the last event: {self._unreadable}"
        self._sample.kind = KIND_OF_STREAM
        self._sample.detail = f"{reason}; events: {self.count}{unreadable}"


class EventStreamAction:
    """A compiled action that reads an event stream."""

    __slots__ = ("_assertions", "_extractor", "_goal", "_template", "assertion_count")

    def __init__(
        self, template: RequestTemplate, assertions: Assertions, extractor: Extractor, goal: StreamGoal
    ) -> None:
        self._template = template
        self._assertions = assertions
        self._extractor = extractor
        self._goal = goal
        self.assertion_count = assertions.count

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Send the request, read its stream, and judge what came; failures are data, not exceptions."""
        try:
            built = self._template.build(user.scope)
        except (TemplateError, RequestError) as error:
            fail_template(user, sample, str(error))
            self._extractor.set_defaults(user.scope)
            return
        stream = StreamOfUser(self._goal, sample, user.scope, user.now)
        request = built.changed(lambda plain: StreamRequest(plain.settings, plain.wire, plain.head_size, stream))
        await user.client.fetch(request, sample)
        stream.settle()
        if sample.kind == 0:
            content = NO_CONTENT if sample.response is None else Content(sample.response)
            self._assertions.judge(sample, content, user.scope)
            self._extractor.extract(sample, content, user.client.cookie, user.scope)
        elif sample.kind != INTERRUPTED:
            self._extractor.set_defaults(user.scope)
        if sample.kind > 0:
            sample.request = request
