"""Servers of event streams: aiohttp's, which sends chunks, and wsgiref's, whose responses end with the connection."""

from __future__ import annotations

import asyncio
import json
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from aiohttp import web

PULSE_S = 0.01
"""A stream that goes on sends comments in this interval, so that it notices when its reader is gone."""


def event_of(number: int, last: int) -> bytes:
    """`tick` events, and `done` as the last one."""
    kind = "done" if number == last else "tick"
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps({'n': number})}\n\n".encode()


class EventServer:
    """`seen`: how often a stream was opened, ended (by the server), and left (by its reader), by path."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """`/ends/N`: N events, and the end; `/goes-on/N`: N events, then comments."""
        path, number = request.path, int(request.match_info["number"])
        self.seen[path, "opened"] += 1
        assert request.headers["Accept"] == "text/event-stream"
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS) if "gzip" in path else None
        if packer is not None:
            response.headers["Content-Encoding"] = "gzip"
        await response.prepare(request)

        async def write(data: bytes) -> None:
            packed = data if packer is None else packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
            await response.write(packed)

        try:
            for each in range(1, number + 1):
                await write(event_of(each, number))
            while "goes-on" in path:
                await write(b": still here\n\n")
                await asyncio.sleep(PULSE_S)
        except ConnectionError:
            self.seen[path, "left"] += 1
            return response
        self.seen[path, "ended"] += 1
        return response

    async def page(self, request: web.Request) -> web.Response:
        """Something else than a stream."""
        self.seen[request.path, "opened"] += 1
        return web.Response(text="data: no event\n\n")

    async def start(self) -> web.AppRunner:
        """Listen."""
        app = web.Application()
        app.router.add_get("/page", self.page)
        app.router.add_get("/{kind}/{number}", self.stream)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner


@contextmanager
def running_event_server() -> Iterator[EventServer]:
    """aiohttp's server, until the end of the block."""
    server, loop = EventServer(), asyncio.new_event_loop()
    runner = loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(runner.cleanup())
        loop.close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    number = int(environ["PATH_INFO"].rpartition("/")[2])
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    return (event_of(each, number) for each in range(1, number + 1))


@contextmanager
def running_wsgi_server() -> Iterator[str]:
    """The address of wsgiref's server (HTTP/1.0), until the end of the block."""
    with make_server("127.0.0.1", 0, _application, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
