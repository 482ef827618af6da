"""Connections driven by bytes: the outcome does not depend on how a response is cut into reads."""

import gzip
from itertools import pairwise

import pytest
from http_harness import Clock, FakeEngine, FakeSocket, FakeTransport, NotedExchange
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.http.connection import PIECE, Http1Connection
from gradual_agent.http.head import HeadMemory
from gradual_agent.http.request import build_request
from gradual_common.batch import KIND

GET = build_request("GET", "http://system/", wants_body=True)
HEAD = build_request("HEAD", "http://system/", wants_body=True)
SMALL = build_request("GET", "http://system/", wants_body=True, max_body=4)
LONG_FIELD = b"X-Long: " + b"x" * 70_000 + b"\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SETTINGS = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"


def connect(heads=None, clock=None, sock=None):
    engine = FakeEngine(heads or HeadMemory(), clock)
    connection = Http1Connection(engine, GET.origin, sock or FakeSocket())
    transport = FakeTransport()
    transport.protocol = connection
    connection.connection_made(transport)
    return connection, transport, engine


def exchange(request, pieces, ends=False, heads=None):
    """Outcomes, bytes received and whether the connection serves on, when the response comes in `pieces`."""
    connection, transport, _ = connect(heads)
    noted = NotedExchange()
    assert connection.send(request.wire, request, noted)
    for piece in pieces:
        if not transport.calls:
            connection.data_received(piece)
    if ends:
        if not transport.calls:
            connection.eof_received()
        connection.connection_lost(None)
    return noted.outcomes, connection.is_free


def bytewise(data):
    return [data[n : n + 1] for n in range(len(data))]


def cut(data, places):
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(edges)]


COMPLETE = [
    # request, response, ends, status, body, serves on, why
    (GET, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", False, 200, b"hello", True, "a body of known length"),
    (GET, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", False, 200, b"", True, "an empty body ends with the head"),
    (GET, b"HTTP/1.1 204 No Content\r\n\r\n", False, 204, b"", True, "204 has no body, whatever it says (9112, 6.3)"),
    (
        GET,
        b"HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n",
        False,
        304,
        b"",
        True,
        "the length of a 304 is of what it spares",
    ),
    (HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", False, 200, b"", True, "HEAD is answered without a body"),
    (HEAD, b"HTTP/1.1 200 OK\r\n\r\n", False, 200, b"", True, "HEAD needs no length to leave the connection open"),
    (HEAD, CHUNKED, False, 200, b"", True, "HEAD is answered without chunks"),
    (
        GET,
        CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
        False,
        200,
        b"abcde",
        True,
        "chunks, one with an extension",
    ),
    (
        GET,
        CHUNKED + b"1\r\na\r\n0\r\nX-Sum: 1\r\nB: 2\r\n\r\n",
        False,
        200,
        b"a",
        True,
        "trailers belong to the message",
    ),
    (GET, CHUNKED + b"0\r\n\r\n", False, 200, b"", True, "no chunk but the last"),
    (
        GET,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
        False,
        200,
        b"a",
        True,
        "an interim response is passed over",
    ),
    (
        GET,
        b"HTTP/1.1 103 X\r\nLink: a\r\n\r\n" * 2 + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
        False,
        200,
        b"a",
        True,
        "several interim responses are",
    ),
    (
        GET,
        b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
        True,
        200,
        b"until the end",
        False,
        "no length: until the server closes",
    ),
    (GET, b"HTTP/1.1 200 OK\r\n\r\n", True, 200, b"", False, "an empty body until the server closes"),
    (
        GET,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxyz",
        True,
        200,
        b"xyz",
        False,
        "a transfer coding that does not end with chunked ends with the connection (9112, 6.3)",
    ),
    (
        GET,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
        False,
        200,
        b"a",
        False,
        "the server will close",
    ),
    (
        GET,
        b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\na",
        False,
        200,
        b"a",
        False,
        "close in a list, in any case",
    ),
    (GET, b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", False, 200, b"a", False, "HTTP/1.0 closes unless it says"),
    (
        GET,
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
        False,
        200,
        b"a",
        True,
        "HTTP/1.0 that says keep-alive",
    ),
    (GET, b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", False, 200, b"a", True, "a status line without a reason"),
    (
        GET,
        b"HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 1\r\n\r\na",
        False,
        200,
        b"a",
        True,
        "an offer to upgrade is none to take",
    ),
    (
        SMALL,
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
        False,
        200,
        b"abcd",
        True,
        "exactly as large as allowed",
    ),
    (
        SMALL,
        CHUNKED + b"4\r\nabcd\r\n0\r\n\r\n",
        False,
        200,
        b"abcd",
        True,
        "the limit counts the body, not its framing",
    ),
    (
        HEAD,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n",
        False,
        200,
        b"",
        True,
        "HEAD of an encoded body",
    ),
]

BROKEN = [
    # request, what came, ends, kind, part of the message, why
    (GET, b"", True, "reset", "before a response", "closed without a word"),
    (GET, b"HTTP/1.1 200 OK\r\nContent-Le", True, "reset", "after 27 bytes", "closed within the head"),
    (
        GET,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        True,
        "reset",
        "after 41 bytes",
        "closed within the body",
    ),
    (GET, CHUNKED + b"5\r\nabc", True, "reset", "after 53 bytes", "closed within a chunk"),
    (GET, CHUNKED + b"1\r\na\r\n", True, "reset", "after 53 bytes", "closed before the last chunk"),
    (GET, b"HTTP/1.1 100 Continue\r\n\r\n", True, "reset", "after 25 bytes", "an interim response is no response"),
    (GET, b"SSH-2.0-OpenSSH_9\r\n", False, "protocol", "not an HTTP/1.1 response", "another protocol"),
    (
        GET,
        b"HTTP/2.0 200 OK\r\n\r\n",
        False,
        "protocol",
        "not an HTTP/1.1 response",
        "a version that does not exist in text",
    ),
    (GET, b"\x15\x03\x01\x00\x02\x02\x46", True, "protocol", "not an HTTP/1.1", "a TLS alert: https was meant"),
    (GET, SETTINGS, False, "protocol", "HTTP/2", "a server that knows HTTP/2 only"),
    (GET, b"\0" * 9, False, "protocol", "not an HTTP/1.1 response", "zeros are no frame of settings"),
    (GET, b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", False, "protocol", "LF alone", "lines end with CR LF"),
    (
        GET,
        b"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n",
        False,
        "protocol",
        "LF alone",
        "one line that does not",
    ),
    (GET, b"HTTP/1.1 2x0 OK\r\n\r\n", False, "protocol", "cannot be read", "a status that is no number"),
    (GET, b"HTTP/1.1 200 OK\r\nA b\r\n\r\n", False, "protocol", "cannot be read", "a field without a colon"),
    (GET, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", False, "protocol", "cannot be read", "a length below zero"),
    (
        GET,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        False,
        "protocol",
        "cannot be read",
        "two lengths: response splitting (9112, 6.3)",
    ),
    (
        GET,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        False,
        "protocol",
        "cannot be read",
        "a length beside chunks: request smuggling (9112, 6.3)",
    ),
    (
        GET,
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        False,
        "protocol",
        "101",
        "nobody asked for another protocol",
    ),
    (GET, CHUNKED + b"zz\r\n", False, "protocol", "chunked body", "a size that is no number"),
    (GET, CHUNKED + b"1\r\nab\r\n", False, "protocol", "chunked body", "a chunk longer than its size"),
    (GET, b"HTTP/1.1 200 OK\r\n" + LONG_FIELD + b"\r\n", False, "protocol", "64 KiB", "a head without measure"),
    (SMALL, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", False, "body_too_large", "4 bytes", "the length says so"),
    (SMALL, CHUNKED + b"5\r\nabcde\r\n0\r\n\r\n", False, "body_too_large", "4 bytes", "the chunks say so"),
    (SMALL, b"HTTP/1.1 200 OK\r\n\r\nabcde", True, "body_too_large", "4 bytes", "a body until the end says so"),
]


def name_of(row):
    return [*row][-1]


@pytest.mark.parametrize("row", COMPLETE, ids=name_of)
def test_a_response_is_complete_whole_and_byte_by_byte(row):
    request, data, ends, status, body, serves_on, _ = row
    for pieces in ([data], bytewise(data), [data[:-1], data[-1:]]):
        outcomes, is_free = exchange(request, pieces, ends)
        assert [(outcome[0], outcome[1]) for outcome in outcomes] == [(status, body)]
        assert is_free is serves_on


@pytest.mark.parametrize("row", BROKEN, ids=name_of)
def test_what_is_no_response_fails_the_same_whole_and_byte_by_byte(row):
    request, data, ends, kind, message, _ = row
    pieces_of_head = bytewise(data) if len(data) < 1000 else [data[n : n + 999] for n in range(0, len(data), 999)]
    for pieces in ([data] if data else [], pieces_of_head):
        [outcome], is_free = exchange(request, pieces, ends)
        assert outcome[0] == KIND[kind]
        assert message in outcome[1]
        assert not is_free


@given(st.sampled_from(COMPLETE + BROKEN[:6]), st.lists(st.integers(0, 10_000), max_size=12))
def test_the_outcome_is_the_same_however_the_bytes_are_cut(row, places):
    request, data, ends = row[:3]
    assert exchange(request, cut(data, places), ends) == exchange(request, [data], ends)


@given(st.lists(st.sampled_from([row for row in COMPLETE if row[5]]), min_size=1, max_size=5), st.randoms())
def test_exchanges_follow_each_other_on_one_connection(rows, random):
    """Known heads take the quick path, new ones the reader: both leave the connection in the same state."""
    heads = HeadMemory()
    connection, transport, engine = connect(heads)
    for request, data, _, status, body, _, _ in rows * 2:
        noted = NotedExchange()
        assert connection.send(request.wire, request, noted)
        for piece in cut(data, [random.randrange(len(data)) for _ in range(random.randrange(3))]):
            connection.data_received(piece)
        assert [(outcome[0], outcome[1]) for outcome in noted.outcomes] == [(status, body)]
        assert noted.received == len(data)
    assert transport.calls == []
    assert engine.connections == 1


def test_a_body_that_nobody_reads_is_not_kept():
    request = build_request("GET", "http://system/")
    outcomes, is_free = exchange(request, bytewise(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"))
    assert outcomes[0][:2] == (200, b"")
    assert is_free


def test_the_body_stays_encoded_until_somebody_reads_it():
    packed = gzip.compress(b"hello")
    data = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    assert exchange(GET, [data])[0][0][1] == packed


def test_more_than_the_response_ends_the_connection():
    """What follows cannot be an answer, for nothing was asked (9112, 9.2)."""
    for data in (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", CHUNKED + b"0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"):
        outcomes, is_free = exchange(GET, [data])
        assert outcomes[0][0] == 200
        assert not is_free


def test_what_comes_on_an_idle_connection_ends_it():
    """A 408 before a close must not be taken for the answer to the next request."""
    connection, transport, _ = connect()
    noted = NotedExchange()
    connection.send(GET.wire, GET, noted)
    connection.data_received(b"HTTP/1.1 204 X\r\n\r\n")
    connection.data_received(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert transport.calls == ["close"]
    assert not connection.is_free


def test_what_comes_before_the_first_request_is_read_as_its_answer():
    """A server that speaks HTTP/2 sends its settings first; the failure says so."""
    connection, _, engine = connect()
    connection.data_received(SETTINGS)
    noted = NotedExchange()
    assert connection.send(GET.wire, GET, noted)
    assert noted.outcomes == []
    engine.loop.run_soon()
    assert noted.outcomes[0][0] == KIND["protocol"]
    assert "HTTP/2" in noted.outcomes[0][1]


def test_a_connection_that_served_before_and_ends_without_an_answer_is_stale():
    connection, _, _ = connect()
    first, second = NotedExchange(), NotedExchange()
    connection.send(GET.wire, GET, first)
    connection.data_received(b"HTTP/1.1 204 X\r\n\r\n")
    connection.send(GET.wire, GET, second)
    connection.connection_lost(ConnectionResetError(104, "x"))
    kind, detail, is_stale = second.outcomes[0]
    assert (kind, is_stale) == (KIND["reset"], True)
    assert "connection reset by peer" in detail


def test_a_fresh_connection_and_one_that_began_to_answer_are_not_stale():
    fresh, _ = exchange(GET, [], ends=True)
    assert fresh[0][2] is False
    connection, _, _ = connect()
    noted = NotedExchange()
    connection.send(GET.wire, GET, NotedExchange())
    connection.data_received(b"HTTP/1.1 204 X\r\n\r\n")
    connection.send(GET.wire, GET, noted)
    connection.data_received(b"HTTP/1.1")
    connection.connection_lost(None)
    assert noted.outcomes[0][2] is False


def test_a_write_that_the_kernel_refuses_is_no_message():
    connection, transport, _ = connect(sock=FakeSocket(error=BrokenPipeError(32, "x")))
    noted = NotedExchange()
    assert connection.send(GET.wire, GET, noted) is False
    assert noted.outcomes == []
    assert transport.calls == ["abort"]


BIG = build_request("POST", "http://system/", body=bytes(3 * PIECE))


def test_what_the_kernel_does_not_take_follows_piece_by_piece():
    sock = FakeSocket(room=100)
    connection, transport, _ = connect(sock=sock)
    connection.send(BIG.wire, BIG, NotedExchange())
    assert len(transport.written) == PIECE
    while len(sock.written + transport.written) < len(BIG.wire):
        connection.resume_writing()
    assert sock.written + transport.written == BIG.wire


def test_no_piece_is_written_after_the_lease_has_ended():
    clock = Clock(10)
    connection, transport, engine = connect(clock=clock, sock=FakeSocket(room=100))
    engine.lease.ends_at = 11
    connection.send(BIG.wire, BIG, NotedExchange())
    clock.now = 11
    connection.resume_writing()
    assert len(transport.written) == PIECE
    connection.close()
    assert transport.calls == ["abort"]


def test_an_interrupted_upload_still_arrives_whole():
    noted = NotedExchange()
    sock = FakeSocket(room=100)
    connection, transport, _ = connect(sock=sock)
    connection.send(BIG.wire, BIG, noted)
    connection.cancel(noted)
    assert sock.written + transport.written == BIG.wire
    assert transport.calls == ["close"]
    connection.connection_lost(None)
    assert noted.outcomes == []


def test_an_aborted_upload_does_not():
    connection, transport, _ = connect(sock=FakeSocket(room=100))
    connection.send(BIG.wire, BIG, NotedExchange())
    connection.abort()
    assert len(transport.written) == PIECE
    assert transport.calls == ["abort"]


def test_an_early_answer_to_an_upload_ends_the_connection():
    """The rest of the request would be read as the next one."""
    noted = NotedExchange()
    connection, transport, _ = connect(sock=FakeSocket(room=100))
    connection.send(BIG.wire, BIG, noted)
    connection.data_received(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    assert noted.outcomes[0][0] == 413
    assert transport.calls == ["close"]


def test_the_end_of_an_early_answer_until_close():
    noted = NotedExchange()
    connection, transport, engine = connect()
    connection.send(GET.wire, GET, noted)
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nabc")
    connection.eof_received()
    connection.connection_lost(None)
    assert [outcome[:2] for outcome in noted.outcomes] == [(200, b"abc")]
    assert transport.calls == ["close"]
    assert engine.connections == 0


def test_trailers_without_end_are_refused():
    connection, _, _ = connect()
    noted = NotedExchange()
    connection.send(GET.wire, GET, noted)
    connection.data_received(CHUNKED + b"1\r\na\r\n0\r\n")
    for _ in range(9):
        if not noted.outcomes:
            connection.data_received(b"X-More: " + b"x" * 8000 + b"\r\n")
    assert noted.outcomes[0][0] == KIND["protocol"]
    assert "trailers" in noted.outcomes[0][1]
