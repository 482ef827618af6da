"""Requests whose files are shared arrive whole: with and without TLS and a line, after a redirect, with cookies."""

import ssl
from hashlib import sha256

import pytest
import trustme
from http_harness import Driver, open_dialer, run_server

from gradual_agent.http.long_bytes import LongBytes, join_pieces
from gradual_agent.http.request import build_request
from gradual_common.net.line import Line
from gradual_common.net.tls import Tls
from gradual_common.net.ways import Way

AUTHORITY = trustme.CA()
SERVER = AUTHORITY.issue_cert("127.0.0.1")
FILE = bytes(range(251)) * 40_000
BODY = join_pieces((b"before", FILE, b"between", FILE[:70_000], b"after"))


def body_of(request):
    return request.partition(b"\r\n\r\n")[2]


def script(request, number):
    if number == 1:
        return b"HTTP/1.1 307 X\r\nSet-Cookie: a=b\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"
    return b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize("is_secure", [False, True])
@pytest.mark.parametrize("has_line", [False, True])
async def test_they_arrive_whole(is_secure, has_line):
    context = None
    if is_secure:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        SERVER.configure_cert(context)
    options = {"way": Way(line=Line(latency="1ms"))} if has_line else {}
    async with run_server(script, ssl=context) as server:
        with open_dialer(assets={"ca": AUTHORITY.cert_pem.bytes()}) as dialer:
            user = Driver(dialer)
            url = f"http{'s' * is_secure}://127.0.0.1:{server.port}/"
            request = build_request("POST", url, (), BODY, tls=Tls(ca="ca"), **options)
            assert isinstance(request.wire, LongBytes)
            samples = [await user.fetch(request) for _ in range(2)]
            user.client.close()
    assert [(sample.kind, sample.status_code, sample.hops) for sample in samples] == [(0, 200, 1), (0, 200, 0)]
    assert [sha256(body_of(request)).digest() for request in server.requests] == [sha256(bytes(BODY)).digest()] * 3
    assert [b"Cookie: a=b" in request for request in server.requests] == [False, True, True]
    assert sum(sample.bytes_sent for sample in samples) == sum(map(len, server.requests))
