"""An event stream is passed on as it comes, whatever frames it; a response of another kind is read as any other."""

import gzip

import pytest

from gradual_agent.http.failures import BODY_TOO_LARGE, ResponseError
from gradual_agent.http.reading.events import ServerEvent
from gradual_agent.http.reading.quick_head import KnownHeads
from gradual_agent.http.reading.reader import ResponseReader
from gradual_agent.http.reading.stream_reader import StreamReader, reader_for
from gradual_agent.http.request import build_request
from gradual_agent.http.response import HasHeaders

STREAM = b"data: a\n\n: comment\n\ndata: b\n\ndata: c\n\n"
TYPE = b"Content-Type: Text/Event-Stream;charset=utf-8\r\n"


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


HEAD = b"HTTP/1.1 200 OK\r\n" + TYPE
BY_CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(STREAM[:11], STREAM[11:])
PACKED = gzip.compress(STREAM)
FRAMINGS = {
    "chunks": (BY_CHUNKS + b"0\r\n\r\n", True),
    "length": (HEAD + b"Content-Length: %d\r\n\r\n" % len(STREAM) + STREAM, True),
    "close": (HEAD + b"Connection: close\r\n\r\n" + STREAM, False),
    "gzip": (HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED, True),
}


class NotedEvents:
    """Keeps the data of events; wants no more after `last`."""

    def __init__(self, last: str = "") -> None:
        self.last = last
        self.found: list[str] = []
        self.heads: list[str] = []

    def begin(self, head: HasHeaders) -> None:
        self.heads.append(head.headers["content-type"])

    def take(self, event: ServerEvent) -> bool:
        self.found.append(event.data)
        return event.data == self.last

    @property
    def last_data(self) -> str:
        return self.found[-1] if self.found else ""


def reader_of(sink: NotedEvents, method: str = "GET", max_body: int | None = None) -> StreamReader:
    request = build_request(method, "http://system/", wants_body=True, streams=True, max_body=max_body)
    return StreamReader(KnownHeads(), request, sink)


def feed(reader: ResponseReader, data: bytes, size: int) -> bool:
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    return reader.is_done


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(("response", "leaves_open"), FRAMINGS.values(), ids=FRAMINGS)
def test_a_stream_is_read_to_its_end(response: bytes, leaves_open: bool, size: int) -> None:
    sink = NotedEvents()
    reader = reader_of(sink)
    is_done = feed(reader, response, size)
    assert is_done == leaves_open
    assert reader.finish()
    assert sink.found == ["a", "b", "c"]
    assert sink.heads == ["Text/Event-Stream;charset=utf-8"]
    assert (reader.body, reader.leaves_open) == (b"c", leaves_open)
    assert reader.head is not None
    assert reader.head.encoding == ()


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("response", [FRAMINGS["close"][0], BY_CHUNKS, FRAMINGS["length"][0][:-5]])
def test_a_stream_that_goes_on_is_left_at_the_event_that_ends_it(response: bytes, size: int) -> None:
    sink = NotedEvents("b")
    reader = reader_of(sink)
    assert feed(reader, response, size)
    assert sink.found == ["a", "b"]
    assert not reader.leaves_open


def test_a_stream_that_ends_with_the_event_that_ends_it_leaves_the_connection_open() -> None:
    reader = reader_of(NotedEvents("c"))
    assert reader.feed(FRAMINGS["chunks"][0])
    assert reader.leaves_open


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 500 Oops\r\n" + TYPE,
        b"HTTP/1.1 206 Part\r\n" + TYPE,
        HEAD + b"Content-Encoding: br\r\n",
    ],
)
def test_another_response_is_no_stream(head: bytes) -> None:
    sink = NotedEvents("a")
    reader = reader_of(sink)
    assert reader.feed(head + b"Content-Length: %d\r\n\r\n" % len(STREAM) + STREAM)
    assert (reader.body, sink.heads, sink.found, reader.leaves_open) == (STREAM, [], [], True)


GZIP_HEAD = HEAD + b"Content-Encoding: gzip\r\n"
CUT = PACKED[:-9]
"""All of the events, but not the end of the coding."""


@pytest.mark.parametrize(
    "response",
    [
        GZIP_HEAD + b"Content-Length: %d\r\n\r\n" % len(CUT) + CUT,
        GZIP_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(CUT) + b"0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_a_coding_without_its_end_is_a_failure_at_the_end_of_the_stream(response: bytes, size: int) -> None:
    with pytest.raises(ResponseError, match="the stream is not valid gzip: it ends early"):
        feed(reader_of(NotedEvents()), response, size)
    assert feed(reader_of(NotedEvents("b")), response, size), "not where nobody reads to the end"


@pytest.mark.parametrize(("content", "is_whole"), [(PACKED, True), (CUT, False), (b"", True)])
def test_a_coding_without_its_end_does_not_end_with_the_connection(content: bytes, is_whole: bool) -> None:
    reader = reader_of(NotedEvents())
    reader.feed(GZIP_HEAD + b"Connection: close\r\n\r\n" + content)
    assert reader.finish() == is_whole


def test_the_limit_is_of_each_event_and_not_of_the_stream() -> None:
    sink = NotedEvents()
    assert not reader_of(sink, max_body=12).feed(HEAD + b"\r\n" + b"data: 12\n\n" * 100)
    assert len(sink.found) == 100
    with pytest.raises(ResponseError) as caught:
        reader_of(sink, max_body=12).feed(HEAD + b"\r\ndata: 1234567\n\n")
    assert caught.value.failure.kind == BODY_TOO_LARGE


def test_a_long_stream_keeps_nothing() -> None:
    reader = reader_of(NotedEvents())
    reader.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        reader.feed(chunked(STREAM))
    assert not reader._pieces
    assert not reader._buffer


def test_only_a_request_for_events_is_read_as_a_stream() -> None:
    assert type(reader_for(build_request("GET", "http://system/"), KnownHeads())) is ResponseReader
