"""Opens TCP connections where the agent may send; for action kinds that do not have a dialer of their own."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from gradual_agent.errors import NotAllowedError
from gradual_agent.runtime.allowed_hosts import AllowedHosts


async def connect(loop: asyncio.AbstractEventLoop, allowed: AllowedHosts, host: str, port: int) -> socket.socket:
    """A connected socket: the addresses of `host` are tried one after the other, but only those that are allowed.

    NotAllowedError, before anything is sent, if none is; else OSError if none could be connected.
    """
    if not allowed.may_allow(host, port):
        raise NotAllowedError(allowed.refusal(host, port))
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    may_be_tried = [entry for entry in found if allowed.allows(host, port, str(entry[4][0]))]
    if not may_be_tried:
        raise NotAllowedError(allowed.refusal(host, port, [str(entry[4][0]) for entry in found]))
    failed: OSError | None = None
    for family, _, _, _, sockaddr in may_be_tried:
        try:
            return await _open(loop, family, sockaddr)
        except OSError as error:
            failed = failed or error
    assert failed is not None, "an address was tried"
    raise failed


async def _open(loop: asyncio.AbstractEventLoop, family: int, sockaddr: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sock, sockaddr)
    except BaseException:  # A user that is stopped cancels the connection: nothing stays open.
        sock.close()
        raise
    return sock
