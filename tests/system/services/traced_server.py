"""A server that notes the path and the `traceparent` of every request; `/fail/…` answers 500, `/hop/…` redirects."""

from __future__ import annotations

from contextlib import AbstractContextManager

from small_server import SmallHandler, SmallServer, serving


class TracedServer(SmallServer):
    """`seen`: (path, traceparent or "") in the order of arrival."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.seen: list[tuple[str, str]] = []


class _Handler(SmallHandler):
    server: TracedServer

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("traceparent", "")))
        status = 500 if self.path.startswith("/fail") else 302 if self.path.startswith("/hop") else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/there")
        self.send_header("Content-Length", "0")
        self.end_headers()


def traced_server() -> AbstractContextManager[TracedServer]:
    """A server until the end of the block."""
    return serving(TracedServer())
