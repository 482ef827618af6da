"""The server of the demo bank: serves until a signal stops it, then finishes running requests."""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import islice
from typing import Any

import uvloop
from aiohttp import web

from gradual.demo.accounts import Counts
from gradual.demo.bank import Bank
from gradual.errors import AddressInUseError

SHUTDOWN_TIMEOUT_S = 5.0
"""For running requests."""

BACKLOG = 4096
"""Connections that wait for `accept`: many users may connect at once."""


class CountingHandler(web.RequestHandler):
    """aiohttp's protocol; counts every request as soon as its head is parsed.

    aiohttp calls a handler only if the client is still connected. If a client sends two requests and disconnects, a
    count in the handler or a middleware would miss the second one. So requests are counted in the call that parses.
    """

    __slots__ = ("_counts",)

    def __init__(self, server: web.Server, counts: Counts, **options: Any) -> None:
        super().__init__(server, **options)
        self._counts = counts

    def data_received(self, data: bytes) -> None:
        """Parse, then count the requests that were added to the queue."""
        # `_messages` is aiohttp's queue of parsed requests; a task takes one after the other. No task can run during
        # this call, so everything after the former length was added by these bytes.
        known = len(self._messages)
        super().data_received(data)
        for message, _ in islice(self._messages, known, None):
            self._counts.count(message)


@asynccontextmanager
async def listening(bank: Bank, host: str, port: int) -> AsyncIterator[str]:
    """Serve `bank` within the block; yields its URL (port 0: any free one). AddressInUseError if it cannot listen."""
    loop = asyncio.get_running_loop()
    server = web.Server(bank.handle, loop=loop)
    protocol = partial(CountingHandler, server, bank.counts, loop=loop)
    try:
        listener = await loop.create_server(protocol, host, port, backlog=BACKLOG, reuse_address=True)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = "end what listens there, or choose another port with --port"
            raise AddressInUseError(f"{host}:{port} is in use: {hint}") from error
        raise AddressInUseError(f"cannot listen at {host}:{port}: {error.strerror or error}") from error
    try:
        bound = listener.sockets[0].getsockname()[1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        listener.close()
        server.pre_shutdown()
        await server.shutdown(SHUTDOWN_TIMEOUT_S)


async def serve(bank: Bank, host: str, port: int, announce: Callable[[str], None]) -> dict[str, Any]:
    """Serve until SIGTERM or SIGINT; `announce(url)` when ready. Returns the counts."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with listening(bank, host, port) as url:
        announce(url)
        await stopped.wait()
    return bank.counts.report()


def run_bank(bank: Bank, host: str, port: int, announce: Callable[[str], None]) -> dict[str, Any]:
    """Run the demo bank in this process until a signal stops it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, suppress(KeyboardInterrupt):
        return runner.run(serve(bank, host, port, announce))
    return {}
