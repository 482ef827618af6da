"""A server that verifies each request by a function of the test, and answers 401 to those that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import Message

from small_server import SmallHandler, SmallServer, serving


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    target: str
    headers: Message
    body: bytes


Verify = Callable[[Received], bool]


class VerifyingServer(SmallServer):
    """`accepted` and `refused`: the requests in the order of arrival."""

    def __init__(self, verify: Verify) -> None:
        super().__init__(_Handler)
        self.verify = verify
        self.accepted: list[Received] = []
        self.refused: list[Received] = []


class _Handler(SmallHandler):
    server: VerifyingServer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        received = Received(self.command, self.path, self.headers, body)
        is_right = self.server.verify(received)
        (self.server.accepted if is_right else self.server.refused).append(received)
        self.send_response(self._status(is_right))
        if self.path.startswith("/hop"):
            self.send_header("Location", self.path.replace("/hop", "/there"))
        events = b"data: 1\n\n" if self.path.startswith("/events") else b""
        if events:
            self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(events)))
        self.end_headers()
        self.wfile.write(events)

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def _status(self, is_right: bool) -> int:
        """401 for what is refused; a redirect from `/hop`; an event from `/events`.

        Of `/flaky` each second request is answered by 503.
        """
        if not is_right:
            return 401
        if self.path.startswith("/flaky"):
            return 503 if sum(request.target == self.path for request in self.server.accepted) % 2 else 200
        return 307 if self.path.startswith("/hop") else 200


def verifying_server(verify: Verify) -> AbstractContextManager[VerifyingServer]:
    """A server until the end of the block."""
    return serving(VerifyingServer(verify))
