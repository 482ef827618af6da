"""Large bodies over real sockets: nothing is written after a request is given up, and early answers are read."""

import asyncio
import contextlib
import socket
import ssl
import threading

import pytest
import trustme
from http_harness import FOREVER, Driver, open_dialer, run_server

from gradual_agent.http.long_bytes import LongBytes
from gradual_agent.http.request import build_request
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.sample import INTERRUPTED
from gradual_common.clock import NS_PER_MS
from gradual_common.kinds.failures import KINDS
from gradual_common.net.tls import Tls

MIB = 1 << 20
TOO_LARGE = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large"
AUTHORITY = trustme.CA()
SERVER = AUTHORITY.issue_cert("127.0.0.1")


class Peer:
    """A server in a thread of its own, so that the kernel has real work between both."""

    def __init__(self, serve, is_secure=False):
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if is_secure else None
        if self._context is not None:
            SERVER.configure_cert(self._context)
        scheme = "https" if is_secure else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # What waits is lost with a reset.
                with contextlib.suppress(OSError), self._secured(accepted) as peer:
                    self._serve(peer)

    def _secured(self, accepted):
        return accepted if self._context is None else self._context.wrap_socket(accepted, server_side=True)

    async def __aenter__(self):
        self._thread.start()
        return self

    async def __aexit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        await asyncio.to_thread(self._thread.join, 20)
        assert not self._thread.is_alive()


def read_head(peer):
    data = b""
    while b"\r\n\r\n" not in data:
        data += peer.recv(65536)
    return data


def refuse(peer):
    """Close with most of the body unread: the kernel answers what comes by a reset."""
    read_head(peer)
    peer.sendall(TOO_LARGE)


@pytest.mark.parametrize("is_secure", [False, True])
async def test_an_answer_before_an_abrupt_close_is_read_each_time(is_secure):
    async with Peer(refuse, is_secure) as peer:
        with open_dialer(assets={"ca": AUTHORITY.cert_pem.bytes()}) as dialer:
            user = Driver(dialer)
            request = build_request("POST", peer.url, (), bytes(6_000_000), tls=Tls(ca="ca"), wants_body=True)
            samples = [await user.fetch(request) for _ in range(20)]

    assert [(sample.kind, sample.status_code, sample.messages) for sample in samples] == [(0, 413, 1)] * 20
    assert {sample.response.body for sample in samples} == {b"too large"}


class Slow:
    """Reads the head, waits to be let go, then counts everything that still comes."""

    def __init__(self):
        self.go_on = threading.Event()
        self.counted = threading.Event()
        self.total = 0

    def __call__(self, peer):
        self.total = len(read_head(peer))
        self.go_on.wait(20)
        with contextlib.suppress(OSError):
            while piece := peer.recv(MIB):
                self.total += len(piece)
        self.counted.set()


@pytest.mark.parametrize("body", [bytes(64 * MIB), LongBytes([b"a", bytes(64 * MIB)])], ids=["plain", "shared"])
@pytest.mark.parametrize("end", ["timeout", "interrupt", "cut", "close", "lease"])
async def test_the_rest_of_a_body_does_not_arrive_after_its_end(end, body):
    """What the kernel holds does: a few MiB of the 64."""
    slow, lease = Slow(), Lease(FOREVER)
    async with Peer(slow) as peer:
        with open_dialer(lease=lease) as dialer:
            user = Driver(dialer)
            request = build_request(
                "POST", peer.url, (), body, timeout=(300 if end == "timeout" else 20_000) * NS_PER_MS
            )
            sample = user.begin(request)
            while not sample.messages:
                await asyncio.sleep(0)
            if end == "timeout":
                await user.wait()
            elif end == "lease":
                lease.ends_at = 1
                user.client.cut()
            else:
                user.client.interrupt() if end != "cut" else user.client.cut()
                user.client.close()
            slow.go_on.set()
            await asyncio.to_thread(slow.counted.wait, 20)

    assert sample.kind == INTERRUPTED or KINDS[sample.kind] == "timeout"
    assert slow.total == sample.bytes_sent
    assert slow.total < 32 * MIB


async def is_given_up(user):
    """Nobody watches for room in the kernel any more: all is written, or nothing more will be."""
    connection = user.client._connection
    while connection._upload is not None and connection._upload.watched is not None:
        await asyncio.sleep(0)


async def test_a_frozen_agent_writes_nothing_after_its_lease():
    """The lease ends between two turns of the loop, and the cut has not come yet."""
    slow, lease = Slow(), Lease(FOREVER)
    async with Peer(slow) as peer:
        with open_dialer(lease=lease) as dialer:
            user = Driver(dialer)
            sample = user.begin(build_request("POST", peer.url, (), bytes(64 * MIB)))
            while not sample.messages:
                await asyncio.sleep(0)
            lease.ends_at = 1
            slow.go_on.set()
            await asyncio.wait_for(is_given_up(user), 20)
            user.client.cut()
            await asyncio.to_thread(slow.counted.wait, 20)

    assert slow.total == sample.bytes_sent < 32 * MIB


async def test_an_early_success_does_not_cut_the_upload_off():
    """The server answers when it has the head, and reads on: as with curl it gets the whole body."""
    received = []

    def echo(peer):
        size = len(read_head(peer))
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        while piece := peer.recv(MIB):
            size += len(piece)
        received.append(size)

    async with Peer(echo) as peer:
        with open_dialer() as dialer:
            user = Driver(dialer)
            request = build_request("POST", peer.url, (), bytes(16 * MIB))
            sample = await user.fetch(request)
            user.client.close()

    assert (sample.kind, sample.status_code, sample.bytes_sent) == (0, 200, len(request.wire))
    assert received == [len(request.wire)]


async def test_a_large_body_arrives_whole_and_is_answered():
    async def script(request, number):
        return b"HTTP/1.1 204 X\r\n\r\n"

    async with run_server(script) as server:
        with open_dialer() as dialer:
            user = Driver(dialer)
            request = build_request("PUT", f"http://127.0.0.1:{server.port}/", (), bytes(range(256)) * 40_000)
            samples = [await user.fetch(request) for _ in range(2)]
            user.client.close()
    assert [sample.status_code for sample in samples] == [204, 204]
    assert server.requests == [request.wire, request.wire]
    assert server.accepted == 1
