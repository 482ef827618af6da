"""The server that Prometheus scrapes: `GET /metrics`, in the form that the scraper likes best.

It serves nothing but the metrics of the run, in plain text, to every client that reaches the port.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from gradual_master.reporting.prometheus.metrics import RunMetrics
from gradual_master.reporting.prometheus.protobuf import CONTENT_TYPE, FAMILY, PROTOBUF, write_protobuf

PATH = "/metrics"
POLL_S = 0.05
"""How soon the serving thread notices that it is to end."""

PATIENCE_S = 10.0
"""A scraper that says nothing for longer is hung up on."""


class ScrapeServer(ThreadingTCPServer):
    """Bound and listening once it is made (OSError when it cannot be); answers from `start` to `close`."""

    allow_reuse_address = True  # a port whose last connections are still winding down; never one that is listened on
    daemon_threads = True
    request_queue_size = 16

    def __init__(self, host: str, port: int, metrics: RunMetrics) -> None:
        self.metrics = metrics
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(metrics)
        # The first address that the host has, as every server of the standard library takes it.
        self.address_family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        super().__init__((str(address[0]), port), ScrapeHandler)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Answer from now on, in a thread of its own."""
        self._thread = threading.Thread(
            target=partial(self.serve_forever, POLL_S), name="prometheus-endpoint", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Answer no more, and release the port."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A scrape failed, as when the scraper hung up; the next one is answered all the same."""
        structlog.get_logger(__name__).warning("a scrape could not be answered", scraper=client_address, exc_info=True)

    def encoder(self, accept: str) -> tuple[Callable[[], bytes], str]:
        """How to write the metrics for a scraper, and the content type of that."""
        if prefers_protobuf(accept):
            return partial(write_protobuf, self.metrics), CONTENT_TYPE
        write, content_type = choose_encoder(accept)
        return partial(write, self.registry), content_type


class ScrapeHandler(BaseHTTPRequestHandler):
    """Answers one scrape."""

    server: ScrapeServer
    server_version = "gradual"
    sys_version = ""
    timeout = PATIENCE_S

    def do_GET(self) -> None:
        """The metrics; 503 before the run has begun."""
        if self.path.partition("?")[0] != PATH:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", f"the metrics are at {PATH}\n".encode())
        elif not self.server.metrics.has_begun:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", b"the run has not begun\n")
        else:
            write, content_type = self.server.encoder(self.headers.get("Accept", ""))
            self._answer(HTTPStatus.OK, content_type, write())

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that the base class gives it
        """Scrapes are not worth a line."""


def prefers_protobuf(accept: str) -> bool:
    """Whether nothing else is liked better (RFC 9110, 12.5.1) than delimited metric families."""
    offers = [_read_offer(part) for part in accept.split(",")]
    mine = [q for kind, parameters, q in offers if kind == PROTOBUF and _is_ours(parameters)]
    others = [q for kind, _, q in offers if kind != PROTOBUF]
    return bool(mine) and max(mine) > 0 and max(mine) >= max(others, default=0.0)


def _read_offer(part: str) -> tuple[str, dict[str, str], float]:
    kind, *rest = (piece.strip() for piece in part.split(";"))
    parameters = {name.lower(): value.strip('"') for name, _, value in (piece.partition("=") for piece in rest)}
    return kind.lower(), parameters, _quality(parameters.get("q", "1"))


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _is_ours(parameters: dict[str, str]) -> bool:
    return parameters.get("proto") == FAMILY and parameters.get("encoding") == "delimited"
