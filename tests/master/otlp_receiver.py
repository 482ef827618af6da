"""Receivers of OpenTelemetry metrics, over HTTP and gRPC, made of its own messages and generated service."""

from __future__ import annotations

import gzip
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
    MetricsServiceServicer,
    add_MetricsServiceServicer_to_server,
)

DEADLINE_S = 20


@dataclass
class Arrival:
    """One export as it came: Unix-independent instant, headers, the body before and after decoding."""

    at: float
    headers: dict[str, str]
    raw: bytes
    request: ExportMetricsServiceRequest


@dataclass
class HttpAnswer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pause_s: float = 0.0
    """After each byte of the body."""


@dataclass
class GrpcAnswer:
    code: grpc.StatusCode | None = None
    details: str = ""
    trailing: Sequence[tuple[str, bytes]] = ()
    response: ExportMetricsServiceResponse = field(default_factory=ExportMetricsServiceResponse)


class Receiver:
    """What came, and what is to be answered: each of `answers` once, then success."""

    def __init__(self, answers: Iterable[Any] = ()) -> None:
        self.arrivals: list[Arrival] = []
        self.answers = deque(answers)
        self.hold = threading.Event()
        self.hold.set()
        self._changed = threading.Condition()

    def take(self, arrival: Arrival) -> Any:
        with self._changed:
            self.arrivals.append(arrival)
            answer = self.answers.popleft() if self.answers else None
            self._changed.notify_all()
        self.hold.wait(DEADLINE_S)
        return answer

    def wait_for(self, is_there: Callable[[list[Arrival]], Any]) -> list[Arrival]:
        """The arrivals, as soon as they are what is waited for."""
        with self._changed:
            assert self._changed.wait_for(lambda: is_there(self.full), DEADLINE_S), len(self.arrivals)
            return self.full

    @property
    def full(self) -> list[Arrival]:
        """Those that carry metrics: the trial before the run is empty."""
        return [arrival for arrival in self.arrivals if arrival.request.resource_metrics]


class HttpReceiver(Receiver):
    def __init__(self, *answers: HttpAnswer, port: int = 0, tls: Any = None) -> None:
        super().__init__(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                body = gzip.decompress(raw) if self.headers["content-encoding"] == "gzip" else raw
                request = ExportMetricsServiceRequest.FromString(body)
                headers = {name.lower(): value for name, value in self.headers.items()} | {":path": self.path}
                answer = receiver.take(Arrival(time.monotonic(), headers, raw, request)) or HttpAnswer()
                try:
                    self.send_response(answer.status)
                    for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    for byte in answer.body if answer.pause_s else ():
                        self.wfile.write(bytes([byte]))
                        time.sleep(answer.pause_s)
                    self.wfile.write(b"" if answer.pause_s else answer.body)
                except ConnectionError:  # whoever asked has gone
                    pass

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class GrpcReceiver(Receiver, MetricsServiceServicer):
    def __init__(self, *answers: GrpcAnswer, port: int = 0, credentials: Any = None) -> None:
        super().__init__(answers)
        self._server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        add_MetricsServiceServicer_to_server(self, self._server)
        address = f"127.0.0.1:{port}"
        if credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, credentials)
        self._server.start()

    def Export(self, request: Any, context: Any) -> Any:
        headers = dict(context.invocation_metadata())
        answer = self.take(Arrival(time.monotonic(), headers, b"", request)) or GrpcAnswer()
        if answer.code is not None:
            context.set_trailing_metadata(tuple(answer.trailing))
            context.abort(answer.code, answer.details)
        return answer.response

    @property
    def url(self) -> str:
        return f"grpc://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.hold.set()
        self._server.stop(None).wait(DEADLINE_S)


def retry_info(seconds: int, nanos: int = 0) -> tuple[tuple[str, bytes], ...]:
    """Trailing metadata with a google.rpc.Status of code 8 that holds a RetryInfo, field by field on the wire."""
    delay = duration_pb2.Duration(seconds=seconds, nanos=nanos).SerializeToString()
    info = b"\x0a" + bytes([len(delay)]) + delay
    entry = any_pb2.Any(type_url="type.googleapis.com/google.rpc.RetryInfo", value=info).SerializeToString()
    return (("grpc-status-details-bin", b"\x08\x08\x12\x04busy\x1a" + bytes([len(entry)]) + entry),)
