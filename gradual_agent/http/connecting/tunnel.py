"""A tunnel through a proxy: CONNECT, and the proxy's answer (RFC 9110, 9.3.6).

The answer's head ends what the proxy says. A length in it is ignored, as the RFC asks. In TLS the client speaks first,
so that bytes after the head cannot be the system's: the tunnel is not used.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

from gradual_agent.http.failures import PROXY, ResponseError, explain
from gradual_agent.http.reading.head import MAX_HEAD, ResponseHead, find_end, parse_head
from gradual_agent.http.request import DEFAULT_FIELDS, encode_head
from gradual_agent.http.urls import Origin
from gradual_common.net.proxies import Proxy

CREDENTIALS_WANTED: Final = 407
MAX_PIECE: Final = 64 * 1024


async def open_tunnel(loop: asyncio.AbstractEventLoop, sock: socket.socket, origin: Origin, proxy: Proxy) -> None:
    """Ask the proxy for a connection to `origin`; ResponseError of the kind `proxy` when there is none."""
    try:
        await loop.sock_sendall(sock, connect_request(origin, proxy))
        head = await _read_answer(loop, sock, proxy)
    except OSError as error:
        raise ResponseError(f"the connection to the proxy {proxy} broke ({explain(error)})", PROXY) from None
    if not 200 <= head.status < 300:
        raise ResponseError(refusal(proxy, head.status, origin), PROXY)


def connect_request(origin: Origin, proxy: Proxy) -> bytes:
    """The head of a CONNECT request."""
    target = f"{origin.bracketed_host}:{origin.port}"
    fields = [DEFAULT_FIELDS[0]]
    if proxy.authorization:
        fields.append(("Proxy-Authorization", proxy.authorization))
    return encode_head("CONNECT", target, target, tuple(fields), 0)


def refusal(proxy: Proxy, status: int, origin: Origin | None = None) -> str:
    """Why a proxy did not do what it was asked to."""
    if status == CREDENTIALS_WANTED:
        given = "refused the credentials" if proxy.authorization else "asks for credentials"
        return f"the proxy {proxy} {given} (status 407)"
    return f"the proxy {proxy} refused a connection to {origin}: status {status}"


async def _read_answer(loop: asyncio.AbstractEventLoop, sock: socket.socket, proxy: Proxy) -> ResponseHead:
    """The final head of the proxy's answer."""
    data = b""
    while True:
        seen = len(data)
        data += await loop.sock_recv(sock, MAX_PIECE)
        if len(data) == seen:
            raise ResponseError(f"the proxy {proxy} closed the connection before it answered CONNECT", PROXY)
        while end := find_end(data, 0, seen):
            head, data, seen = _parse(data[:end], proxy), data[end:], 0
            if head.status >= 200:
                if data and head.status < 300:
                    raise ResponseError(f"the proxy {proxy} sent more than the head of its answer to CONNECT", PROXY)
                return head
        if len(data) > MAX_HEAD:
            raise ResponseError(f"the head of the proxy's answer is larger than {MAX_HEAD // 1024} KiB", PROXY)


def _parse(raw: bytes, proxy: Proxy) -> ResponseHead:
    try:
        return parse_head(raw)
    except ResponseError as error:
        raise ResponseError(f"the answer of the proxy {proxy} to CONNECT: {error}", PROXY) from None
