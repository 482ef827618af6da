"""Requests through proxies: in absolute form, or by a tunnel; what odd proxies answer fails with the kind `proxy`."""

import asyncio
import contextlib
import ssl
from base64 import b64encode

import pytest
import trustme
from http_harness import Driver, answer, bytewise, open_dialer, run_server

from gradual_agent.http.redirects import follow
from gradual_agent.http.request import build_request
from gradual_agent.runtime.allowed_hosts import ANYWHERE, AllowedHost, AllowedHosts
from gradual_common.kinds.failures import KINDS
from gradual_common.kinds.http.settings import HttpSettings
from gradual_common.net.tls import Tls

AUTHORITY = trustme.CA()
ASSETS = {"ca": AUTHORITY.cert_pem.bytes()}
BASIC = b"Proxy-Authorization: Basic " + b64encode(b"alice:hunter2")


def way(port, credentials="", **more):
    return HttpSettings.model_validate({"proxy": f"http://{credentials}127.0.0.1:{port}", **more}).way


async def fetch(url, way, allowed=ANYWHERE, times=1):
    with open_dialer(ASSETS, allowed=allowed) as dialer:
        driver = Driver(dialer)
        request = build_request("GET", url, tls=Tls(ca="ca"), way=way, wants_body=True)
        samples = [await driver.fetch(request) for _ in range(times)]
        driver.client.close()
    return samples[-1]


async def test_http_goes_in_absolute_form_with_credentials_and_one_connection_is_kept():
    async with run_server(lambda request, number: answer(b"by proxy")) as proxy:
        sample = await fetch("http://bank.invalid:81/a?b=c", way(proxy.port, "alice:hunter2@"), times=3)
        assert (sample.kind, sample.response.body, proxy.accepted) == (0, b"by proxy", 1)
        head = proxy.requests[0]
        assert head.startswith(b"GET http://bank.invalid:81/a?b=c HTTP/1.1\r\nHost: bank.invalid:81\r\n")
        assert BASIC in head


def test_a_redirect_takes_credentials_only_to_the_proxy():
    through = way(3128, "alice:hunter2@", no_proxy="direct.example")
    request = build_request("GET", "http://a.example/x?y", {"X": "1"}, way=through)
    assert (request.target, request.url) == ("/x?y", "http://a.example/x?y")
    assert all(name != "Proxy-Authorization" for name, _ in request.fields)
    by_proxy = follow(request, 302, "http://b.example/z")
    assert by_proxy.head.startswith(b"GET http://b.example/z HTTP/1.1\r\n")
    assert by_proxy.head.count(BASIC) == 1
    for location in ("https://a.example/z", "http://direct.example/z"):
        straight = follow(request, 302, location)
        assert straight.head.startswith(b"GET /z HTTP/1.1\r\n")
        assert b"Proxy-Authorization" not in straight.head
        assert b"X: 1" in straight.head


class Tunnels:
    """A proxy that answers CONNECT with `reply`, a piece at a time; then it passes bytes to and from `port`."""

    def __init__(self, reply, port=None):
        self.pieces = [reply] if isinstance(reply, bytes) else reply
        self.port = port
        self.heads = []
        self.tasks = set()

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            await self._serve(reader, writer)
        finally:
            await close(writer)

    async def _serve(self, reader, writer):
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        for piece in self.pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        if self.port is not None:
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.port)
            await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer))


async def pump(reader, writer):
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    await close(writer)


async def close(writer):
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def through(reply, port=None, credentials="", times=1):
    """A fetch over TLS through a proxy that answers with `reply`; the sample and the proxy."""
    proxy = Tunnels(reply, port)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with listener:
        proxy_way = way(listener.sockets[0].getsockname()[1], credentials)
        sample = await fetch("https://bank.example/", proxy_way, times=times)
        await asyncio.gather(*proxy.tasks, return_exceptions=True)
    return sample, proxy


OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


@pytest.mark.parametrize(
    "reply",
    [
        OPEN,
        bytewise(OPEN),
        b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 299 Fine\nVia: x\n\n",
    ],
    ids=["whole", "byte by byte", "length ignored", "interim head"],
)
async def test_https_goes_through_a_tunnel(reply):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("bank.example").configure_cert(tls)
    async with run_server(lambda request, number: answer(b"secret"), ssl=tls) as server:
        sample, proxy = await through(reply, server.port, "alice:hunter2@", times=2)
        assert (KINDS[sample.kind], sample.detail) == ("", "")
        assert (sample.response.body, server.accepted, len(server.requests)) == (b"secret", 1, 2)
        (head,) = proxy.heads
        assert head.startswith(b"CONNECT bank.example:443 HTTP/1.1\r\nHost: bank.example:443\r\n")
        assert BASIC in head
        assert b"GET / HTTP/1.1" in server.requests[0]
        assert b"Proxy-Authorization" not in server.requests[0]


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "asks for credentials (status 407)"),
        (
            b"HTTP/1.1 403 Filtered\r\nContent-Length: 4\r\n\r\nbody",
            "refused a connection to https://bank.example: status 403",
        ),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "refused a connection to https://bank.example: status 302"),
        (OPEN + b"<html>", "sent more than the head of its answer to CONNECT"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "to CONNECT: the status line 'SSH-2.0-OpenSSH_9.2' cannot be read"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "has no colon"),
        (b"", "closed the connection before it answered CONNECT"),
        (b"HTTP/1.1 200 OK\r\n", "closed the connection before it answered CONNECT"),
        (b"HTTP/1.1 200 OK\r\nX: " + 400_000 * b"x", "is larger than 300 KiB"),
    ],
)
async def test_other_answers_are_failures_of_the_proxy(reply, detail):
    sample, _ = await through(reply)
    assert KINDS[sample.kind] == "proxy"
    assert detail in sample.detail
    assert (sample.messages, sample.status_code) == (0, 0)


async def test_a_slow_proxy_is_given_up_after_the_connect_timeout():
    waits = asyncio.Event()

    async def serve(reader, writer):
        await reader.read()  # Until the client gives up.
        await close(writer)
        waits.set()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        with open_dialer(ASSETS) as dialer:
            request = build_request("GET", "https://bank.example/", way=way(port), connect_timeout=50_000_000)
            sample = await Driver(dialer).fetch(request)
        await asyncio.wait_for(waits.wait(), 20)
    assert KINDS[sample.kind] == "proxy"
    assert sample.detail == f"no connection to https://bank.example through the proxy 127.0.0.1:{port} within 0.05 s"


@pytest.mark.parametrize("url", ["http://bank.example/", "https://bank.example/"])
async def test_a_proxy_that_is_not_there_is_a_failure_of_the_proxy(url, unused_tcp_port):
    sample = await fetch(url, way(unused_tcp_port))
    assert KINDS[sample.kind] == "proxy"
    address = f"127.0.0.1:{unused_tcp_port}"
    assert sample.detail == f"no connection to the proxy {address} ({address}: connection refused)"


async def test_a_plain_407_is_the_proxys_and_no_response_of_the_system():
    async with run_server(lambda request, number: answer(b"who?", "407 Proxy Authentication Required")) as proxy:
        sample = await fetch("http://bank.invalid/", way(proxy.port, "alice:hunter2@"))
        assert (KINDS[sample.kind], sample.has_response) == ("proxy", False)
        assert sample.detail == f"the proxy 127.0.0.1:{proxy.port} refused the credentials (status 407)"
        assert "hunter2" not in sample.detail


@pytest.mark.parametrize(
    ("entries", "refused"),
    [
        (["127.0.0.1"], "bank.example:80"),  # The agent does not see where a name leads behind a proxy.
        (["bank.example"], "127.0.0.1:{port}"),
        (["bank.example", "127.0.0.1"], None),
        (["bank.example:80", "127.0.0.1:{port}"], None),
    ],
)
async def test_proxy_and_system_must_both_be_allowed(entries, refused):
    async with run_server(lambda request, number: answer(b"yes")) as proxy:
        allowed = AllowedHosts(AllowedHost.parse(entry.format(port=proxy.port)) for entry in entries)
        sample = await fetch("http://bank.example/", way(proxy.port), allowed)
        assert (KINDS[sample.kind], proxy.accepted) == (("connect", 0) if refused else ("", 1))
        if refused:
            assert f"this agent may not send to {refused.format(port=proxy.port)}" in sample.detail
