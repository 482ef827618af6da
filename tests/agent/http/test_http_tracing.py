"""Trace contexts have the form of W3C Trace Context, differ from each other, and mark the share that is sampled."""

import re

from gradual_agent.http.request import build_request
from gradual_agent.http.tracing import TraceStream
from gradual_agent.runtime.sample import Sample

VERSION_00 = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]")
"""https://www.w3.org/TR/trace-context-1/#traceparent-header, 3.2.2: HEXDIGLC, ids that are not all zeros, flags."""


def contexts(stream: TraceStream, number: int = 200, share: float = 1.0) -> list[str]:
    return [stream.next(share) for _ in range(number)]


def test_a_context_has_the_form_of_the_recommendation() -> None:
    assert [value for value in contexts(TraceStream(7, 0), share=0.5) if not VERSION_00.fullmatch(value)] == []


def test_no_two_requests_have_one_id() -> None:
    """Of one user, of two users, and of two clients that began where the user's stream was."""
    values = [value for stream in ((7, 0), (7, 1), (8, 0)) for value in contexts(TraceStream(*stream))]
    traces, parents = {value[3:35] for value in values}, {value[36:52] for value in values}
    assert len(traces) == len(parents) == 600


def test_the_same_seed_gives_the_same_contexts() -> None:
    assert contexts(TraceStream(7, 3)) == contexts(TraceStream(7, 3))


def test_the_share_is_marked_as_sampled() -> None:
    assert {value[-2:] for value in contexts(TraceStream(7, 0))} == {"01"}
    sampled = sum(value.endswith("-01") for value in contexts(TraceStream(7, 0), 10_000, share=0.1))
    assert abs(sampled - 1000) <= 3 * (10_000 * 0.1 * 0.9) ** 0.5


def test_the_context_is_one_more_field_of_the_head() -> None:
    request, sample = build_request("POST", "http://h/a", {"X": "1"}, b"body", trace=1.0), Sample()
    stamped = TraceStream(1, 0).stamp(request, sample)
    assert VERSION_00.fullmatch(sample.trace)
    assert stamped.fields == (*request.fields, ("traceparent", sample.trace))
    assert (stamped.body, stamped.url, stamped.method) == (b"body", "http://h/a", "POST")
    assert stamped.head.endswith(f"\r\ntraceparent: {sample.trace}\r\n\r\n".encode())
    assert request.fields == build_request("POST", "http://h/a", {"X": "1"}, b"body").fields


def test_a_request_of_an_action_without_traces_stays_what_it_is() -> None:
    request, sample = build_request("GET", "http://h/a"), Sample()
    assert TraceStream(1, 0).stamp(request, sample) is request
    assert sample.trace == ""
