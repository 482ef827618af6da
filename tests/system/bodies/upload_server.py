"""A server that reads multipart bodies by aiohttp and keeps what came; it runs in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from aiohttp import web

Seen = tuple[str, str | None, str | None, str]
"""Name, file name, content type, and the SHA-256 of the content."""


class UploadServer:
    """`parts`: for each request its parts in their order; `bodies`: the digests of those that are not multipart."""

    def __init__(self) -> None:
        self.parts: list[tuple[Seen, ...]] = []
        self.bodies: list[tuple[str | None, str]] = []
        self.port = 0
        self.is_ready = threading.Event()
        self.stop = asyncio.Event()
        self.loop = asyncio.new_event_loop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.Response:
        if not request.content_type.startswith("multipart/"):
            self.bodies.append((request.headers.get("Content-Type"), sha256(await request.read()).hexdigest()))
            return web.Response(text="ok")
        seen: list[Seen] = []
        async for part in await request.multipart():
            content: Any = await part.read(decode=False)
            digest = sha256(content).hexdigest()
            seen.append((part.name, part.filename, part.headers.get("Content-Type"), digest))
        self.parts.append(tuple(seen))
        return web.json_response({"parts": len(seen)})

    async def serve(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{tail:.*}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self.is_ready.set()
        await self.stop.wait()
        await runner.cleanup()


@contextmanager
def running_upload_server() -> Iterator[UploadServer]:
    """The server, until the end of the block."""
    server = UploadServer()
    thread = threading.Thread(target=server.loop.run_until_complete, args=(server.serve(),))
    thread.start()
    try:
        assert server.is_ready.wait(20)
        yield server
    finally:
        server.loop.call_soon_threadsafe(server.stop.set)
        thread.join(20)
        server.loop.close()
        assert not thread.is_alive()
