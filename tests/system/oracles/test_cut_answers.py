"""A response that ends too early is never a success: cut after every byte, by FIN and by RST, plain and over TLS."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme
from http_harness import Driver, open_dialer
from leaks import nothing_left
from scripted_server import (
    Script,
    Step,
    close,
    end_tls,
    handshake,
    read,
    reset,
    scripted_server,
    send,
)

from gradual_agent.http.request import build_request
from gradual_common.kinds.failures import KINDS
from gradual_common.net.tls import Tls

OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = {
    "sized": OK + b"Content-Length: 11\r\nSet-Cookie: a=1\r\n\r\nhello world",
    "empty": OK + b"Content-Length: 0\r\n\r\n",
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: 1\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "error": b"HTTP/1.1 503 Not Now\r\nContent-Length: 7\r\n\r\nnot now",
}
UNTIL_CLOSE = OK + b"Connection: close\r\n\r\nhello"
FAILED = {"reset", "protocol", "tls"}


@pytest.fixture(scope="module")
def tls() -> tuple[ssl.SSLContext, dict[str, bytes], Tls]:
    """A server's context, the assets of a plan, and its settings."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context, {"ca.pem": authority.cert_pem.bytes()}, Tls(ca="ca.pem")


async def outcomes(data: bytes, ending: tuple[Step, ...], secured: tuple | None = None) -> list[str]:
    """What each beginning of `data` is, from nothing at all to all of it: a status or a kind of failure."""
    context, assets, settings = secured or (None, {}, Tls())
    opening: Script = (handshake, read) if secured else (read,)
    found = []
    async with nothing_left():
        scripts = [(*opening, send(data[:length]), *ending) for length in range(len(data) + 1)]
        with scripted_server(scripts, context=context) as server, open_dialer(assets) as dialer:
            request = build_request(
                "GET", server.url("https" if secured else "http"), tls=settings, wants_body=True, wants_headers=True
            )
            for _ in scripts:
                driver = Driver(dialer)
                sample = await driver.fetch(request)
                found.append(KINDS[sample.kind] if sample.kind else f"{sample.status_code}")
                driver.client.close()
            await asyncio.to_thread(server.wait_for_the_end_of_connections)
            assert server.accepted == len(scripts)
    return found


@pytest.mark.parametrize("ending", [(close,), (reset,)], ids=["FIN", "RST"])
@pytest.mark.parametrize("name", ANSWERS)
async def test_a_response_is_a_success_only_if_it_is_whole(name: str, ending: tuple[Step, ...]) -> None:
    *cut, whole = await outcomes(ANSWERS[name], ending)
    assert set(cut) <= FAILED
    assert whole == ANSWERS[name].rpartition(b"HTTP/1.1 ")[2][:3].decode()


@pytest.mark.parametrize("ending", [(end_tls, close), (close,), (reset,)], ids=["close_notify", "FIN", "RST"])
@pytest.mark.parametrize("name", ["sized", "chunked"])
async def test_it_is_the_same_over_tls(name: str, ending: tuple[Step, ...], tls: tuple) -> None:
    *cut, whole = await outcomes(ANSWERS[name], ending, tls)
    assert set(cut) <= FAILED
    assert whole == "200"


@pytest.mark.parametrize(
    ("ending", "is_tls", "is_accepted"),
    [
        ((close,), False, True),
        ((reset,), False, False),
        ((end_tls, close), True, True),
        ((close,), True, False),  # Anyone on the way can send a FIN.
        ((reset,), True, False),
    ],
)
async def test_a_body_that_ends_with_the_connection_needs_an_end(
    ending: tuple[Step, ...], is_tls: bool, is_accepted: bool, tls: tuple
) -> None:
    found = await outcomes(UNTIL_CLOSE, ending, tls if is_tls else None)
    head = UNTIL_CLOSE.index(b"\r\n\r\n") + 4
    assert set(found[:head]) <= FAILED
    if is_accepted:
        assert set(found[head:]) == {"200"}
    else:
        assert set(found[head:]) <= FAILED
