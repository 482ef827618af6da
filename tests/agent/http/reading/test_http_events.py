"""Event streams are read as WHATWG HTML, 9.2, describes, however their bytes are cut into reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.http.failures import BODY_TOO_LARGE, ResponseError
from gradual_agent.http.reading.events import MAX_EVENT, EventParser, ServerEvent


def event(data: str, kind: str = "message", number: str = "") -> ServerEvent:
    return ServerEvent(data, kind, number)


def read(*pieces: bytes, limit: int = MAX_EVENT) -> list[ServerEvent]:
    parser = EventParser(limit)
    return [found for piece in pieces for found in parser.feed(piece)]


PUBLISHED = [
    # The examples of the standard (https://html.spec.whatwg.org/multipage/server-sent-events.html, 9.2.6 and 9.2.1).
    (b"data: YHOO\ndata: +2\ndata: 10\n\n", [event("YHOO\n+2\n10")]),
    (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
        [event("first event", number="1"), event("second event")],
    ),
    (b"data\n\ndata\ndata\n\ndata:", [event(""), event("\n")]),
    (b"data:test\n\ndata: test\n\n", [event("test"), event("test")]),
    (
        b"data: This is the first message.\n\ndata: This is the second message, it\ndata: has two lines.\n\n"
        b"data: This is the third message.\n\n",
        [
            event("This is the first message."),
            event("This is the second message, it\nhas two lines."),
            event("This is the third message."),
        ],
    ),
    (
        b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
        [event("73857293", "add"), event("2153", "remove"), event("113411", "add")],
    ),
]

ODD = [
    (b"\xef\xbb\xbfdata: a\n\n", [event("a")]),  # A byte order mark at the start is no part of the stream.
    (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [event("b")]),  # A second one is: an unknown field.
    (b"data: a\r\rdata: b\r\n\r\ndata: c\n\r\ndata: d\r\n\r", [event("a"), event("b"), event("c"), event("d")]),
    (b"id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: c\n\n", [event("a", number="1"), event("b", number="1"),
                                                            event("c", number="2")]),
    (b"id: 1\nid: a\0b\ndata: a\n\n", [event("a", number="1")]),  # An id with a NUL is ignored.
    (b"event: x\n\ndata: a\n\n", [event("a")]),  # The type of an event without data is dropped.
    (b"event: x\nevent:\ndata: a\n\n", [event("a")]),
    (b"Data: a\ndata : a\n data: a\nother: b\nretry: 10\nretry: x\ndata: c\n\n", [event("c")]),
    (b":data: a\n:\ndata: b:c\n\n", [event("b:c")]),
    ("data: \u00e9\U0001f600\n\n".encode(), [event("\u00e9\U0001f600")]),
    (b"data: \xff\xe2\x82\n\n", [event("\ufffd\ufffd")]),
    (b"data: \xe2\x80\xa8\x0b\x0c\x85\n\n", [event("\u2028\x0b\x0c\ufffd")]),  # Only CR and LF end lines.
    (b"data: a\n", []),
    (b"\n\n\n", []),
    (b"", []),
]  # fmt: skip


@pytest.mark.parametrize(("stream", "events"), PUBLISHED + ODD)
def test_a_stream_is_read_whole_and_cut_at_every_byte(stream: bytes, events: list[ServerEvent]) -> None:
    assert read(stream) == events
    assert read(*(stream[n : n + 1] for n in range(len(stream)))) == events
    for cut in range(len(stream)):
        assert read(stream[:cut], stream[cut:]) == events


PARTS = [
    b"data: a",
    b"data",
    b"event: x",
    b"id: 1",
    b"id",
    b": c",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\xef\xbb\xbf",
    b"\xe2\x82",
]


@given(st.lists(st.sampled_from(PARTS)), st.data())
def test_the_events_do_not_depend_on_the_cuts(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(*pieces) == read(stream)


def test_an_event_comes_with_its_last_byte() -> None:
    parser = EventParser()
    assert list(parser.feed(b"data: a\r\n")) == []
    assert list(parser.feed(b"\r")) == [event("a")]
    assert list(parser.feed(b"\n")) == []
    assert list(parser.feed(b"data: b\r\r")) == [event("b")]


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 100, b"data: 12345\n" * 10, b"data: a\n: " + b"x" * 100])
def test_an_event_that_is_too_large_is_refused(stream: bytes) -> None:
    for pieces in ([stream], [stream[n : n + 1] for n in range(len(stream))]):
        with pytest.raises(ResponseError, match="an event of the stream is larger than 100 bytes") as caught:
            read(*pieces, limit=100)
        assert caught.value.failure.kind == BODY_TOO_LARGE


def test_the_limit_is_of_one_event() -> None:
    stream = (b"data: " + b"x" * 90 + b"\n\n: a comment\nretry: 10\nid: 7\n") * 50
    assert len(read(stream, limit=100)) == 50
    assert len(read(*(stream[n : n + 1] for n in range(len(stream))), limit=100)) == 50
    assert read(b": " + b"x" * 90 + b"\n", *[b": " + b"x" * 90 + b"\n"] * 20, limit=100) == []
