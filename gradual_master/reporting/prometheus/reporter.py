"""`-o prometheus=[HOST:]PORT`: an HTTP endpoint that Prometheus scrapes, from the start of the run to its end.

Counters have the counts of closed intervals, with a label for the warm-up. When the run is judged, they get the final
counts of the summary. `metrics` has the list of metrics. The server answers `GET /metrics` for every client that
reaches the port, in the format that the client prefers (`protobuf` writes one of them).
"""

from __future__ import annotations

import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from gradual_master.errors import ListenError, ReporterError
from gradual_master.reporting.interface.reporter import Reporter
from gradual_master.reporting.prometheus.metrics import RunMetrics
from gradual_master.reporting.prometheus.protobuf import CONTENT_TYPE, FAMILY, PROTOBUF, write_protobuf
from gradual_master.results.facts import RunFacts
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import Summary
from gradual_master.serving.listening import ListenAddress

LOOPBACK = "127.0.0.1"
DEFAULT = f"{LOOPBACK}:9464"
"""9464 is the port that OpenTelemetry's Prometheus exporters listen on."""

PATH = "/metrics"
POLL_S = 0.05
"""The server thread checks this often whether it has to end."""

IDLE_TIMEOUT_S = 10.0
"""A connection without a request for this time is closed."""

WANTED = "write prometheus=PORT, prometheus=HOST:PORT or prometheus=[IPV6]:PORT"


class PrometheusReporter(Reporter):
    """Serves the metrics of the run until it is closed."""

    def __init__(self, arg: str | None = None) -> None:
        super().__init__(arg)
        self.url: str | None = None
        """The URL of the metrics; None when the server is not listening."""
        self._metrics = RunMetrics()
        self._server: ScrapeServer | None = None

    def prepare(self) -> None:
        """Listen on the port now: an error must come before the run, not during it."""
        address = read_address(self.arg)
        try:
            self._server = ScrapeServer(address.host, address.port, self._metrics)
        except OSError as error:
            raise ReporterError(
                f"-o prometheus={self.arg or DEFAULT}: {address.target} cannot be listened on: {error.strerror}; "
                "end what listens there, or name another address: prometheus=HOST:PORT (port 0: any free one)"
            ) from error
        self.url = f"http://{address.at_port(int(self._server.server_address[1]))}{PATH}"
        if not address.is_local:
            structlog.get_logger(__name__).warning(
                "the metrics of this run can be read by everyone who reaches the port", url=self.url
            )

    def on_test_start(self, run: RunFacts) -> None:
        """Answer scrapes from now on."""
        self._metrics.begin(run)
        structlog.get_logger(__name__).info("metrics for Prometheus", url=self.url)

    def on_interval(self, interval: IntervalRecord) -> None:
        """Add the interval."""
        self._metrics.add(interval)

    def on_test_complete(self, summary: Summary) -> None:
        """Set the final values, which stay until the endpoint closes."""
        self._metrics.settle(summary)

    def close(self) -> None:
        """Release the port."""
        if self._server is not None:
            self._server.close()
            self._server = self.url = None


def read_address(arg: str | None) -> ListenAddress:
    """`[HOST:]PORT`, on loopback without a host; ReporterError for anything else."""
    text = arg or DEFAULT
    try:
        address = ListenAddress.read(text if ":" in text else f"{LOOPBACK}:{text}")
    except ListenError as error:
        raise ReporterError(f"-o prometheus={text}: this is not a [HOST:]PORT; {WANTED}") from error
    if not address.host:
        raise ReporterError(f"-o prometheus={text}: Prometheus cannot scrape a Unix socket; {WANTED}")
    return address


class ScrapeServer(ThreadingTCPServer):
    """Listens and answers in its own thread as soon as it is made; OSError if it cannot listen."""

    allow_reuse_address = True  # a port with old connections in TIME_WAIT; never one on which another process listens
    daemon_threads = True
    request_queue_size = 16

    def __init__(self, host: str, port: int, metrics: RunMetrics) -> None:
        self.metrics = metrics
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(metrics)
        # The first address of the host, which the servers of the standard library use too.
        self.address_family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        super().__init__((str(address[0]), port), ScrapeHandler)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(POLL_S,), name="prometheus-endpoint", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering, and release the port."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a failed scrape, for example if the client closed the connection; the server goes on."""
        structlog.get_logger(__name__).warning("a scrape could not be answered", scraper=client_address, exc_info=True)


class ScrapeHandler(BaseHTTPRequestHandler):
    """Answers one scrape."""

    server: ScrapeServer
    server_version = "gradual"
    sys_version = ""
    timeout = IDLE_TIMEOUT_S

    def do_GET(self) -> None:
        """Answer with the metrics; 503 before the run starts."""
        if self.path.partition("?")[0] != PATH:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", f"the metrics are at {PATH}\n".encode())
        elif self.server.metrics.run is None:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", b"the run has not started\n")
        elif prefers_protobuf(accept := self.headers.get("Accept", "")):
            self._answer(HTTPStatus.OK, CONTENT_TYPE, write_protobuf(self.server.metrics))
        else:
            write, content_type = choose_encoder(accept)
            self._answer(HTTPStatus.OK, content_type, write(self.server.registry))

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that the base class gives it
        """Do not log scrapes."""


def prefers_protobuf(accept: str) -> bool:
    """Whether the client prefers protobuf, in delimited metric families, to all other formats (RFC 9110, 12.5.1)."""
    offers = [_read_offer(part) for part in accept.split(",")]
    wanted = {"proto": FAMILY, "encoding": "delimited"}.items()
    mine = [q for kind, parameters, q in offers if kind == PROTOBUF and wanted <= parameters.items()]
    others = [q for kind, _, q in offers if kind != PROTOBUF]
    return bool(mine) and max(mine) > 0 and max(mine) >= max(others, default=0.0)


def _read_offer(part: str) -> tuple[str, dict[str, str], float]:
    kind, *rest = (piece.strip() for piece in part.split(";"))
    parameters = {name.lower(): value.strip('"') for name, _, value in (piece.partition("=") for piece in rest)}
    try:
        return kind.lower(), parameters, float(parameters.get("q", "1"))
    except ValueError:
        return kind.lower(), parameters, 0.0
