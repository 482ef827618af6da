"""Connections driven by bytes: the outcome does not depend on how a response is cut into reads."""

import errno
import gzip
from itertools import pairwise

import pytest
from http_harness import GET, Clock, FakeSocket, NotedExchange, bytewise, connect, exchange
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.http.connecting.upload import BURST, PIECE
from gradual_agent.http.reading.reader import ResponseReader
from gradual_agent.http.request import build_request
from gradual_common.kinds.failures import KIND

HEAD = build_request("HEAD", "http://system/", wants_body=True)
SMALL = build_request("GET", "http://system/", wants_body=True, max_body=4)
LONG_FIELD = b"X-Long: " + b"x" * 310_000 + b"\r\n"
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SETTINGS = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"


def cut(data, places):
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(edges)]


COMPLETE = [
    # request, response, ends, status, body, serves on, why
    (GET, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", False, 200, b"hello", True, "a body of known length"),
    (GET, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", False, 200, b"", True, "an empty body ends with the head"),
    (
        GET,
        b"HTTP/1.1 204 No Content\r\n\r\n",
        False,
        204,
        b"",
        True,
        "204 has no body (9112, 6.3)",
    ),
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
    (GET, b"\x15\x03\x01\x00\x02\x02\x46", True, "protocol", "not an HTTP/1.1", "a TLS alert: https was meant"),
    (GET, SETTINGS, False, "protocol", "HTTP/2", "a server that knows HTTP/2 only"),
    (GET, b"\0" * 9, False, "protocol", "not an HTTP/1.1 response", "zeros are no frame of settings"),
    (
        GET,
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        False,
        "protocol",
        "101",
        "no other protocol was asked for",
    ),
    (GET, CHUNKED + b"zz\r\n", False, "protocol", "chunked body", "a size that is no number"),
    (GET, CHUNKED + b"1\r\nab\r\n", False, "protocol", "chunked body", "a chunk longer than its size"),
    (GET, b"HTTP/1.1 200 OK\r\n" + LONG_FIELD + b"\r\n", False, "protocol", "300 KiB", "a head without measure"),
    (GET, INTERIM * 12_500, False, "protocol", "300 KiB", "interim responses without end, as curl"),
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
    connection, transport, context = connect()
    for request, data, _, status, body, _, _ in rows * 2:
        noted = NotedExchange()
        assert connection.send(request.wire, request, noted)
        for piece in cut(data, [random.randrange(len(data)) for _ in range(random.randrange(3))]):
            connection.data_received(piece)
        assert [(outcome[0], outcome[1]) for outcome in noted.outcomes] == [(status, body)]
        assert noted.received == len(data)
    assert transport.calls == []
    assert context.connections == 1


def test_a_body_that_the_plan_does_not_read_is_not_kept():
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


def test_a_body_after_head_ends_the_connection():
    outcomes, is_free = exchange(HEAD, [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])
    assert outcomes[0][:2] == (200, b"")
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
    connection, _, context = connect()
    connection.data_received(SETTINGS)
    noted = NotedExchange()
    assert connection.send(GET.wire, GET, noted)
    assert noted.outcomes == []
    context.loop.run_soon()
    assert noted.outcomes[0][0] == KIND["protocol"]
    assert "HTTP/2" in noted.outcomes[0][1]


@pytest.mark.parametrize("cut", range(1, 40))
def test_what_comes_before_the_first_request_keeps_its_order(cut):
    """The rest may come in the turn of the loop in which the request is sent, before the first part is read."""
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
    connection, _, context = connect()
    connection.data_received(whole[:cut])
    noted = NotedExchange()
    assert connection.send(GET.wire, GET, noted)
    connection.data_received(whole[cut:])
    context.loop.run_soon()
    assert [outcome[:2] for outcome in noted.outcomes] == [(200, b"fine")]
    assert noted.received == len(whole)
    assert connection.is_free


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
    assert connection.send(GET.wire, GET, noted) < 0
    assert noted.outcomes == []
    assert transport.calls == ["abort"]


def test_late_line_ends_leave_an_idle_connection_as_it_is():
    """Servers that end a body with an extra CR LF send it when they like (9112, 2.2)."""
    connection, transport, _ = connect()
    for late in (b"\r\n", b"\n", b"\r", b"\n\r\n"):
        noted = NotedExchange()
        assert connection.send(GET.wire, GET, noted)
        connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
        connection.data_received(late)
        assert noted.outcomes[0][:2] == (200, b"a")
    assert (transport.calls, connection.is_free) == ([], True)


def test_a_line_end_after_the_request_is_not_an_answer_to_it():
    connection, _, _ = connect()
    connection.send(GET.wire, GET, NotedExchange())
    connection.data_received(b"HTTP/1.1 204 X\r\n\r\n")
    answered, stale = NotedExchange(), NotedExchange()
    connection.send(GET.wire, GET, answered)
    connection.data_received(b"\r\n")
    connection.data_received(b"HTTP/1.1 204 X\r\n\r\n")
    connection.send(GET.wire, GET, stale)
    connection.data_received(b"\r\n")
    connection.connection_lost(None)
    assert [outcome[0] for outcome in answered.outcomes] == [204]
    assert stale.outcomes == [(KIND["reset"], "the server closed the connection before a response", True)]


def test_line_ends_without_end_are_refused():
    connection, _, _ = connect()
    noted = NotedExchange()
    connection.send(GET.wire, GET, noted)
    for _ in range(6):
        if not noted.outcomes:
            connection.data_received(b"\r\n" * 30_000)
    assert noted.outcomes[0][:2] == (KIND["protocol"], "empty lines came instead of a response")


class BugError(Exception):
    """An unexpected error."""


def test_an_unexpected_error_while_reading_ends_the_exchange(monkeypatch):
    def fail(reader, data):
        raise BugError

    connection, transport, _ = connect()
    noted = NotedExchange()
    connection.send(GET.wire, GET, noted)
    monkeypatch.setattr(ResponseReader, "feed", fail)
    connection.data_received(b"HTTP/1.1 200 OK\r\n")
    assert isinstance(noted.errors[0], BugError)
    assert transport.calls == ["abort"]


BIG = build_request("POST", "http://system/", body=bytes(3 * PIECE))
REFUSED = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def begin_upload(room=100, clock=None, request=BIG):
    """An upload of which the kernel has taken `room` bytes."""
    sock = FakeSocket(room=room)
    connection, transport, context = connect(clock=clock, sock=sock)
    noted = NotedExchange()
    assert connection.send(request.wire, request, noted) == min(room, PIECE)
    return connection, transport, context, sock, noted


def test_what_the_kernel_does_not_take_follows_when_it_has_room():
    connection, transport, context, sock, _ = begin_upload()
    while len(sock.written) < len(BIG.wire):
        sock.room += 70_000
        context.loop.have_room()
    assert (sock.written, transport.written) == (BIG.wire, b"")
    assert context.loop.writers == {}
    assert sock.duplicate.is_closed
    connection.data_received(ACCEPTED)
    assert connection.is_free


class Undoubled(FakeSocket):
    """A socket of a process that has no descriptor left."""

    def dup(self):
        raise OSError(errno.EMFILE, "too many open files")


def test_an_upload_goes_on_where_no_descriptor_is_left_to_watch_its_socket():
    sock = Undoubled(room=100)
    connection, _, context = connect(sock=sock)
    assert connection.send(BIG.wire, BIG, NotedExchange()) == 100
    while len(sock.written) < len(BIG.wire):
        sock.room += 70_000
        context.loop.timers[-1].callback()
    assert sock.written == BIG.wire
    connection.data_received(ACCEPTED)
    assert connection.is_free


def test_an_upload_that_is_given_up_no_longer_watches_its_socket():
    connection, _, context = connect(sock=Undoubled(room=100))
    noted = NotedExchange()
    connection.send(BIG.wire, BIG, noted)
    connection.cancel(noted)
    assert context.loop.timers[-1].is_cancelled


def test_other_connections_get_their_turn_while_a_large_body_is_written():
    request = build_request("POST", "http://system/", body=bytes(3 * BURST * PIECE))
    _, _, context, sock, _ = begin_upload(room=1 << 40, request=request)
    assert len(sock.written) == (1 + BURST) * PIECE
    context.loop.have_room()
    assert len(sock.written) == (1 + 2 * BURST) * PIECE


def test_the_lease_is_compared_before_every_piece():
    clock = Clock(10)
    connection, transport, context, sock, noted = begin_upload(clock=clock)
    context.lease.ends_at = 11
    sock.room = PIECE
    context.loop.have_room()
    clock.now = 11
    sock.room = 1 << 40
    context.loop.have_room()
    assert len(sock.written) == 100 + PIECE
    assert context.loop.writers == {}
    connection.cancel(noted)
    assert (len(sock.written), transport.written, transport.calls) == (100 + PIECE, b"", ["abort"])


def test_the_lease_can_end_within_a_burst():
    class Ticking(Clock):
        def __call__(self):
            self.now += 1
            return self.now

    clock = Ticking(0)
    sock = FakeSocket()
    connection, _, context = connect(clock=clock, sock=sock)
    context.lease.ends_at = 2
    connection.send(BIG.wire, BIG, NotedExchange())
    assert len(sock.written) == 2 * PIECE


@pytest.mark.parametrize("end", ["cancel", "close", "abort"])
def test_the_rest_of_an_upload_is_not_written_when_it_is_given_up(end):
    """A timeout, an interrupt, the user's end: nothing waits for the answer."""
    connection, transport, context, sock, noted = begin_upload()
    getattr(connection, end)(*([noted] if end == "cancel" else []))
    sock.room = 1 << 40
    context.loop.have_room()
    assert (len(sock.written), transport.written, transport.calls) == (100, b"", ["abort"])
    assert noted.unsent == (len(BIG.wire) - 100 if end == "cancel" else 0)
    connection.connection_lost(None)
    assert not connection.is_free


def test_a_message_counts_when_its_first_byte_is_written():
    sock = FakeSocket(room=0)
    connection, _, context = connect(sock=sock)
    noted = NotedExchange()
    assert connection.send(GET.wire, GET, noted) == 0
    context.loop.have_room()
    assert noted.begun == 0
    for _ in range(2):
        sock.room += 1
        context.loop.have_room()
    assert noted.begun == 1
    sock.room = 1 << 40
    context.loop.have_room()
    assert (sock.written, noted.begun) == (GET.wire, 1)


def test_an_early_error_ends_the_upload_and_the_connection():
    """The rest of the request would be read as the next one."""
    connection, transport, _, sock, noted = begin_upload()
    connection.data_received(REFUSED)
    assert noted.outcomes[0][0] == 413
    assert noted.unsent == len(BIG.wire) - 100
    assert (len(sock.written), transport.written, transport.calls) == (100, b"", ["abort"])


def test_an_early_success_ends_with_the_upload():
    """As curl does: a server may answer while it still reads."""
    connection, transport, context, sock, noted = begin_upload()
    connection.data_received(ACCEPTED)
    assert noted.outcomes == []
    sock.room = 1 << 40
    context.loop.have_room()
    assert noted.outcomes[0][:2] == (200, b"")
    assert (sock.written, transport.calls, connection.is_free) == (BIG.wire, [], True)


@pytest.mark.parametrize("error", [BrokenPipeError(32, "x"), ConnectionResetError(104, "x")])
@pytest.mark.parametrize("answer_first", [False, True])
@pytest.mark.parametrize("response", [REFUSED, ACCEPTED])
def test_what_a_server_sent_before_it_broke_an_upload_is_read(error, answer_first, response):
    """The write fails, and yet the answer lies in the socket, or comes."""
    connection, _, context, sock, noted = begin_upload()
    sock.error = error
    if answer_first:
        connection.data_received(response)
        context.loop.have_room()
    else:
        context.loop.have_room()
        assert noted.outcomes == []
        connection.data_received(response)
    assert [outcome[0] for outcome in noted.outcomes] == [413 if response is REFUSED else 200]
    assert not connection.is_free
    assert context.loop.writers == {}
    connection.connection_lost(error)
    assert len(noted.outcomes) == 1


def test_an_upload_that_the_server_breaks_without_a_word_is_reset():
    connection, _, context, sock, noted = begin_upload()
    sock.error = ConnectionResetError(104, "x")
    context.loop.have_room()
    connection.connection_lost(None)
    kind, detail, _ = noted.outcomes[0]
    assert kind == KIND["reset"]
    assert detail == "the connection broke (connection reset by peer) before a response"
    assert noted.unsent == len(BIG.wire) - 100


def test_a_whole_answer_counts_when_the_connection_ends_within_the_upload():
    for ends in (False, True):
        connection, _, _, _, noted = begin_upload()
        connection.data_received(ACCEPTED)
        if ends:
            connection.eof_received()
        connection.connection_lost(None)
        assert [outcome[0] for outcome in noted.outcomes] == [200]


def test_the_end_of_an_early_answer_until_close():
    noted = NotedExchange()
    connection, transport, context = connect()
    connection.send(GET.wire, GET, noted)
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nabc")
    connection.eof_received()
    connection.connection_lost(None)
    assert [outcome[:2] for outcome in noted.outcomes] == [(200, b"abc")]
    assert transport.calls == ["close"]
    assert context.connections == 0


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


def test_a_mistake_while_a_response_is_read_is_reported_to_its_user(monkeypatch):
    def feed(reader, data):
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr("gradual_agent.http.reading.reader.ResponseReader.feed", feed)
    connection, transport, _ = connect()
    noted = NotedExchange()
    connection.send(GET.wire, GET, noted)
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\n")
    assert noted.outcomes == [(KIND["internal"], "a mistake", False)]
    assert transport.calls == ["abort"], "the state of the connection is not known"
