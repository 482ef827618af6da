"""A small server in the process of a test: a port of its own, and nothing said on standard error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar


class SmallServer(ThreadingHTTPServer):
    """Keeps what its handlers note."""

    daemon_threads = True

    def __init__(self, handler: type[SmallHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class SmallHandler(BaseHTTPRequestHandler):
    """Keeps its connection open between requests."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Server = TypeVar("Server", bound=SmallServer)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server, until the end of the block."""
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
