"""A system that wants a certificate of its clients; it notes credentials, and whose certificate they came with."""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass
from typing import Any

from small_server import SmallHandler, SmallServer

OPEN_TOKEN = "a-token-of-the-endpoint"


@dataclass(frozen=True)
class Received:
    """A request that came through a handshake; `client` is the name in the certificate."""

    path: str
    authorization: str
    client: str


class CertifiedSystem(SmallServer):
    """`/token` gives a token; anything else is answered with 200, whatever the credentials are."""

    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(_Handler)
        self._context = context
        self._lock = threading.Lock()
        self.received: list[Received] = []
        self.refused_handshakes = 0

    @property
    def address(self) -> str:
        """Its URL over TLS."""
        return self.url.replace("http:", "https:")

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread."""
        try:
            secured = self._context.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError):
            with self._lock:
                self.refused_handshakes += 1
            return
        with secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may close without a word."""


class _Handler(SmallHandler):
    server: CertifiedSystem
    connection: ssl.SSLSocket

    def do_GET(self) -> None:
        certificate: Any = self.connection.getpeercert()
        client = ", ".join(value for _, value in certificate["subjectAltName"])
        self.server.received.append(Received(self.path, self.headers.get("Authorization", ""), client))
        body = json.dumps({"access_token": OPEN_TOKEN}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()
