"""What a fetch counts, and when: messages, hops and re-sends at their first byte.

See docs/design/results.md, "What is measured".
"""

import asyncio
import gzip
import socket
import zlib

import brotli
import pytest
import zstandard
from http_harness import Driver, answer, open_dialer, run_server

from gradual_agent.http import client as client_module
from gradual_agent.http.connecting.connection import Http1Connection
from gradual_agent.http.cookies.jar import CookieJar
from gradual_agent.http.reading.quick_head import MAX_REMEMBERED
from gradual_agent.http.reading.reader import ResponseReader
from gradual_agent.http.request import build_request
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.sample import INTERRUPTED
from gradual_common.kinds.failures import KINDS


def url(server, path="/"):
    return f"http://127.0.0.1:{server.port}{path}"


def dead_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def identity(sample):
    """What the system counts of one sample: requests − unsent + interrupted + hops + retried + resent."""
    began = sample.messages > 0
    return int(began) + sample.hops + sample.retried + sample.resent


async def test_a_redirect_to_a_dead_port_is_no_hop():
    port = dead_port()
    async with run_server(lambda *_: answer(b"", "302 X", f"Location: http://127.0.0.1:{port}/")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server))
            user.client.close()
    assert (KINDS[sample.kind], sample.hops, sample.messages) == ("connect", 0, 1)
    assert identity(sample) == sample.messages == len(server.requests)


async def test_a_hop_that_a_stop_or_the_lease_comes_before_is_none():
    lease = Lease(1 << 62)

    def script(request, number):
        if b"/lease" in request:
            lease.ends_at = 1
        return answer(b"", "302 X", "Location: /there")

    async with run_server(script) as server:
        with open_dialer(lease=lease) as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server, "/lease"))
            user.client.close()
    assert (sample.kind, sample.hops, sample.messages) == (INTERRUPTED, 0, 1)
    assert identity(sample) == len(server.requests)


async def test_a_resend_that_finds_no_server_is_none():
    async with run_server(lambda request, number: answer() if number == 1 else None) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            await user.fetch("GET", url(server))
            server.listener.close()
            sample = await user.fetch("GET", url(server))
    assert (KINDS[sample.kind], sample.resent, sample.messages) == ("connect", 0, 1)
    assert identity(sample) == 1


async def test_a_hop_that_is_sent_again_is_both():
    """The first request of each connection is answered, so that the hop finds a connection that is stale."""

    def script(request, number):
        if b"GET /there" in request and number == 2:
            return None
        return answer(b"", "302 X", "Location: /there") if b"GET / " in request else answer(b"ok")

    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server))
            user.client.close()
    assert (sample.kind, sample.hops, sample.resent, sample.messages) == (0, 1, 1, 3)
    assert identity(sample) == len(server.requests) == 3


async def test_a_message_whose_first_byte_waits_is_counted_when_it_goes(monkeypatch):
    """A kernel that is short of memory takes nothing of a request at first."""
    refusals = [BlockingIOError(), BlockingIOError()]
    send = Http1Connection.send

    class Reluctant:
        def __init__(self, sock):
            self._sock = sock
            self.dup = sock.dup

        def send(self, data):
            if refusals:
                raise refusals.pop()
            return self._sock.send(data)

    def reluctantly(connection, *arguments):
        connection._socket = Reluctant(connection._socket)
        return send(connection, *arguments)

    monkeypatch.setattr(Http1Connection, "send", reluctantly)
    async with run_server(lambda *_: answer(b"ok")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            request = build_request("GET", url(server))
            cut_short = user.begin(request)
            user.client.interrupt()
            refusals += [BlockingIOError()]
            sample = await user.fetch(request)
            user.client.close()
    assert (cut_short.messages, cut_short.bytes_sent) == (0, 0)
    assert (sample.kind, sample.messages, sample.bytes_sent) == (0, 1, len(request.wire))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress), ("zstd", zstandard.compress)],
)
async def test_a_failure_in_decoding_keeps_its_response(coding, pack):
    """The response came whole: its times, its status and its head are there; its body is as it came."""
    body = pack(bytes(range(200)))[:-1]
    async with run_server(lambda *_: answer(body, "200 OK", f"Content-Encoding: {coding}")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server), wants_body=True, wants_headers=True)
            user.client.close()
    assert (KINDS[sample.kind], sample.status_code) == ("protocol", 200)
    assert sample.started < sample.written <= sample.first_byte <= sample.ended
    assert (sample.response.body, sample.response.headers["content-encoding"]) == (body, coding)
    assert coding in sample.detail


@pytest.mark.parametrize("codings", [["gzip"], ["br"], ["gzip", "br"]])
async def test_transfer_codings_are_undone_when_something_reads_the_body(codings):
    packers = {"gzip": gzip.compress, "br": brotli.compress}
    body = b"hello"
    for coding in codings:
        body = packers[coding](body)
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {', '.join(codings)}, chunked\r\n\r\n".encode()
    response = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    async with run_server(lambda *_: response) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            sample = await user.fetch("GET", url(server), wants_body=True)
            user.client.close()
    assert (sample.kind, sample.response.body) == (0, b"hello")


class MistakeError(Exception):
    """An unexpected error."""


@pytest.mark.parametrize("place", ["reading", "following", "dressing"])
async def test_an_unexpected_error_is_raised_and_the_next_fetch_works(place, monkeypatch):
    def fail(*_):
        raise MistakeError

    # The field that is folded leaves the head to the reader.
    response = answer(b"", "302 X", "Location: /", "Set-Cookie: a=b", "X: 1\r\n 2")
    async with run_server(lambda *_: response) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            with monkeypatch.context() as patch:
                if place == "reading":
                    patch.setattr(ResponseReader, "feed", fail)
                elif place == "following":
                    patch.setattr(client_module, "follow", fail)
                else:
                    patch.setattr(CookieJar, "header_for", fail)
                with pytest.raises(MistakeError):
                    await user.fetch("GET", url(server))
            user.client.interrupt()
            sample = await user.fetch("GET", url(server), follow_redirects=1)
            user.client.close()
            assert len(dialer.context.timeline) == 0
    assert (KINDS[sample.kind], sample.status_code) == ("redirect", 302)


async def test_a_connection_tells_a_fetch_that_failed_while_it_sent_nothing_more(monkeypatch):
    def fail(*_):
        raise MistakeError

    raised = []  # in the loop, where no test would see it; the server says that its client has gone
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context.get("exception")))
    async with run_server(lambda *_: answer(b"ok")) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            with monkeypatch.context() as patch:
                patch.setattr(Http1Connection, "_send_rest", fail)
                with pytest.raises(MistakeError):
                    await user.fetch("POST", url(server), body=bytes(1 << 20))
            while dialer.context.connections:
                await asyncio.sleep(0)
            assert (await user.fetch("GET", url(server))).status_code == 200
            user.client.close()
    assert [error for error in raised if not isinstance(error, asyncio.IncompleteReadError)] == []


async def test_thousands_of_heads_are_read_each_right():
    """More than are remembered, twice, so that the memory is emptied in between."""
    statuses = [200 + number % 800 for number in range(3 * MAX_REMEMBERED)] * 2

    def script(request, number):
        return answer(b"%d" % number, f"{statuses[number - 1]} N{number}", f"X-Number: {number % (3 * MAX_REMEMBERED)}")

    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            request = build_request("GET", url(server), wants_body=True, follow_redirects=0)
            samples = [await fetch_copy(user, request) for _ in statuses]
            user.client.close()
    without_body = (204, 304)
    assert [sample[0] for sample in samples] == statuses
    assert all(body == b"%d" % number for number, (status, body) in enumerate(samples, 1) if status not in without_body)


async def fetch_copy(user, request):
    sample = await user.fetch(request)
    return sample.status_code, sample.response.body
