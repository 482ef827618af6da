"""An event stream is judged by what came: its goal, its times, and what is no stream."""

from dataclasses import replace
from typing import Any

import pytest

from gradual_agent.http.auth.client import _with_field
from gradual_agent.http.failures import RESET, TIMEOUT
from gradual_agent.http.reading.events import ServerEvent
from gradual_agent.http.redirects import follow
from gradual_agent.http.request import build_request
from gradual_agent.http.response import Headers, Response
from gradual_agent.http.tracing import TraceStream
from gradual_agent.kinds.http.event_streams import StreamOfUser, StreamRequest, goal_of
from gradual_agent.kinds.http.request_template import RequestTemplate
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_common.kinds.failures import KINDS
from gradual_common.kinds.http.event_streams import EventStream, metrics_of
from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.plan.model.plan import Config

MS = 1_000_000
HEAD = Response(200, Headers([(b"Content-Type", b"text/event-stream")]))


class Watched:
    """The stream of one user, at instants that the test sets; `recorded` are the values of its metrics."""

    def __init__(self, scope: dict[str, Any] | None = None, **sse: Any) -> None:
        self.now = 0
        self.recorded: list[tuple[str, float]] = []
        self.sample = Sample()
        self.sample.reset(0)
        self.sample.written = 5 * MS
        goal = goal_of(EventStream.model_validate(sse), 2_000 * MS, metrics_of("feed"), self.record)
        self.scope = {} if scope is None else scope
        self.stream = StreamOfUser(goal, self.sample, self.scope, lambda: self.now)

    def record(self, name: str, value: Any) -> bool:
        self.recorded.append((name, value))
        return True

    def take(self, *events: ServerEvent, start: int = 10, gap: int = 3) -> list[bool]:
        self.stream.begin(HEAD)
        wanted = []
        for number, event in enumerate(events):
            self.now = (start + number * gap) * MS
            wanted.append(self.stream.take(event))
        return wanted

    def settle(self, kind: int = 0, status: int = 200, response: Response | None = None) -> tuple[str, Any]:
        self.sample.kind, self.sample.status_code, self.sample.response = kind, status, response
        self.stream.settle()
        kind = self.sample.kind
        return "interrupted" if kind == INTERRUPTED else KINDS[kind], self.sample.detail


def events(*texts: str) -> list[ServerEvent]:
    return [ServerEvent(text, "tick", str(number)) for number, text in enumerate(texts)]


def test_the_times_of_events_are_recorded_when_they_come() -> None:
    watched = Watched(max_events=3)
    assert watched.take(*events("a", "b", "c")) == [False, False, True]
    assert watched.settle() == ("", "")
    assert watched.recorded == [("feed_first_event", 5.0), ("feed_event_gap", 3.0), ("feed_event_gap", 3.0),
                                ("feed_events", 3)]  # fmt: skip
    assert watched.stream.last_data == "c"


@pytest.mark.parametrize(
    ("until", "wanted"),
    [
        ("event.data == '[1]'", [False, True, True]),
        ("{{ event.json[0] == 1 }}", [False, True, True]),
        ("event.type == 'tick'", [True, True, True]),
        ("event.id == '2'", [False, False, True]),
        ("event.count >= 2", [False, True, True]),
        ("event.json.missing.deeper == 1", [False, False, False]),
        ("event.count == n", [False, True, False]),
    ],
)
def test_a_condition_reads_the_event(until: str, wanted: list[bool]) -> None:
    watched = Watched({"n": 2}, until=until)
    assert watched.take(*events("no json", "[1]", "[1]")) == wanted
    assert watched.scope == {"n": 2}


def test_a_condition_that_holds_is_a_success_whatever_limits_it() -> None:
    watched = Watched(until="event.data == 'b'", max_events=2)
    assert watched.take(*events("a", "b")) == [False, True]
    assert watched.settle() == ("", "")


@pytest.mark.parametrize(
    ("sse", "kind", "outcome"),
    [
        (
            {"until": "event.data == 'x'"},
            0,
            ("sse", "the stream ended before an event with \"event.data == 'x'\"; events: 2"),
        ),
        ({"max_events": 3}, 0, ("sse", "the stream ended before 3 events; events: 2")),
        ({"within": "2s"}, 0, ("sse", "the stream ended before 2 s were over; events: 2")),
        ({}, 0, ("", "")),
        ({"until": "event.data == 'x'"}, TIMEOUT, ("sse", "no event with \"event.data == 'x'\" within 2 s; events: 2")),
        ({"max_events": 3}, TIMEOUT, ("sse", "no 3 events within 2 s; events: 2")),
        ({"within": "2s"}, TIMEOUT, ("", "")),
        ({}, TIMEOUT, ("sse", "no end of the stream within 2 s; events: 2")),
        (
            {"until": "event.data == 'x'", "max_events": 2},
            0,
            ("sse", "none of 2 events was an event with \"event.data == 'x'\"; events: 2"),
        ),
        ({"max_events": 3}, RESET, ("reset", "")),
        ({"within": "2s"}, INTERRUPTED, ("interrupted", "")),
    ],
)
def test_the_end_of_a_stream_is_judged(sse: dict[str, Any], kind: int, outcome: tuple[str, str]) -> None:
    watched = Watched(**sse)
    watched.take(*events("a", "b"))
    assert watched.settle(kind) == outcome
    counts = [value for name, value in watched.recorded if name == "feed_events"]
    assert counts == ([] if kind == INTERRUPTED else [2])


def test_a_condition_that_cannot_be_evaluated_is_named() -> None:
    watched = Watched(until="event.json.n.m == 1")
    watched.take(*events("a"))
    kind, detail = watched.settle()
    assert kind == "sse"
    assert detail.startswith(
        "the stream ended before an event with 'event.json.n.m == 1'; events: 1; of the last event: "
    )


def test_a_response_that_is_no_stream_is_a_failure_of_its_own() -> None:
    page = Response(200, Headers([(b"Content-Type", b"text/html"), (b"Content-Encoding", b"br")]))
    assert Watched().settle(response=page) == (
        "sse",
        "the response is not an event stream that can be read: status 200, Content-Type 'text/html', coding 'br'",
    )
    assert Watched().settle(status=204, response=Response(204)) == (
        "sse",
        "the response is not an event stream that can be read: status 204, Content-Type missing",
    )
    assert Watched().settle(status=500, response=page) == ("", ""), "the assertions judge its status"
    assert Watched(within="2s").settle(TIMEOUT) == ("timeout", "")


def test_a_time_that_is_over_has_the_last_event_as_its_response() -> None:
    watched = Watched(within="2s")
    watched.take(*events("a", "b"))
    assert watched.settle(TIMEOUT, status=0) == ("", "")
    assert (watched.sample.status_code, watched.sample.response.body) == (200, b"b")
    assert watched.sample.response.headers["content-type"] == "text/event-stream"


def test_the_request_asks_for_events_unless_the_plan_says_otherwise() -> None:
    config = Config.model_validate({"base_url": "http://bank"})
    spec = {"url": "/feed", "sse": {}}
    request = RequestTemplate(config, HttpActionSpec.model_validate(spec)).build({})
    assert dict(request.fields)["Accept"] == "text/event-stream"
    assert (request.settings.quick_limit, request.events) == (-1, None)
    own = RequestTemplate(config, HttpActionSpec.model_validate({**spec, "headers": {"accept": "*/*"}})).build({})
    assert [value for name, value in own.fields if name.lower() == "accept"] == ["*/*"]


def test_a_hop_and_a_request_with_one_more_field_keep_their_stream() -> None:
    built = build_request("GET", "http://bank/feed", streams=True)
    stream = Watched().stream
    request = StreamRequest(built.settings, built.wire, built.head_size, stream)
    assert follow(request, 302, "/other").events is stream
    assert TraceStream(1, 0).stamp(replaced(request, trace=1.0), Sample()).events is stream
    signed = _with_field(request, "Digest")
    assert signed.events is stream
    assert dict(signed.fields)["Authorization"] == "Digest"


def replaced(request: StreamRequest, **settings: Any) -> StreamRequest:
    return StreamRequest(replace(request.settings, **settings), request.wire, request.head_size, request.events)
