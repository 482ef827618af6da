"""A server that notes the path and the `traceparent` of every request; `/fail/…` answers 500, `/hop/…` redirects."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class TracedServer(ThreadingHTTPServer):
    """`seen`: (path, traceparent or "") in the order of arrival."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TracedServer

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("traceparent", "")))
        status = 500 if self.path.startswith("/fail") else 302 if self.path.startswith("/hop") else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/there")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def traced_server() -> Iterator[TracedServer]:
    """A server until the end of the block."""
    with TracedServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
