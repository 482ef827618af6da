"""One attempt to send an export, over HTTP or gRPC. The result is a value, never an exception.

An attempt ends within the timeout of the endpoint. Retries are in `exporter`.
"""

from __future__ import annotations

import gzip
import http.client
import ssl
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import URLError

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub

from gradual_common import __version__
from gradual_common.clock import NS_PER_S
from gradual_master.errors import ReporterError
from gradual_master.reporting.otlp.endpoint import OtlpEndpoint

MAX_ANSWER_BYTES = 1 << 20
"""A valid answer has some bytes; a server that is not a receiver may answer with more."""

SHOWN_CHARACTERS = 300
"""Of a message of the receiver."""

RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})
"""OTLP specification, "Retryable Response Codes"."""

RETRYABLE_CODES = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)
"""OTLP specification, "OTLP/gRPC Response"; RESOURCE_EXHAUSTED only with a RetryInfo."""

STATUS_KEY = "grpc-status-details-bin"
"""The key of a google.rpc.Status in the metadata of a failed call."""

CHANNEL_OPTIONS = (
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.primary_user_agent", f"gradual/{__version__}"),
)
"""The exporter decides when to retry. So gRPC itself does not retry, and reconnects after 2 s at most: else it could
still be in its own back-off when the exporter tries again."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receiver has accepted the export."""

    rejected: int = 0
    """Data points that it rejected nevertheless (partial success)."""
    message: str = ""
    """Why it rejected them, or a warning."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The export did not arrive; a retry may succeed."""

    reason: str
    after_s: float | None = None
    """The delay before a retry that the receiver asked for, if any."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The receiver rejects the export; a retry would not help."""

    reason: str


ExportResult = Accepted | Undelivered | Rejected


def make_transport(endpoint: OtlpEndpoint) -> Transport:
    """The transport to this receiver, not connected yet. ReporterError for TLS files that cannot be used."""
    try:
        # For gRPC too, to check the files: with a bad file gRPC reports no error and never connects.
        context = ssl.create_default_context(cafile=endpoint.authorities) if endpoint.secure else None
        if context is not None and endpoint.certificate is not None:
            context.load_cert_chain(endpoint.certificate, endpoint.key)
        return HttpTransport(endpoint, context) if endpoint.protocol == "http" else GrpcTransport(endpoint)
    except OSError as error:  # ssl.SSLError is one
        raise ReporterError(f"otlp: the TLS files for {endpoint} cannot be used: {error}") from error


class _EveryStatus(urllib.request.HTTPErrorProcessor):
    """Raises no exception for a status, and follows no redirect: urllib would turn the POST into a GET without a
    body."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response

    https_response = http_response


class HttpTransport:
    """OTLP/HTTP with binary protobuf."""

    def __init__(self, endpoint: OtlpEndpoint, context: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        handlers: list[urllib.request.BaseHandler] = [_EveryStatus()]
        if endpoint.is_loopback:
            handlers.append(urllib.request.ProxyHandler({}))
        if context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self._opener = urllib.request.build_opener(*handlers)
        headers = {"content-type": "application/x-protobuf", "user-agent": f"gradual/{__version__}"}
        if endpoint.gzip:
            headers["content-encoding"] = "gzip"
        self._headers = headers | dict(endpoint.headers)  # the user's headers come last: they may replace ours

    def send(self, request: ExportMetricsServiceRequest) -> ExportResult:
        """POST the request and read the answer."""
        body = request.SerializeToString()
        if self._endpoint.gzip:
            body = gzip.compress(body, compresslevel=1, mtime=0)
        post = urllib.request.Request(self._endpoint.url, data=body, headers=self._headers, method="POST")  # noqa: S310 - `endpoint` allows only the schemes http and https
        deadline = time.monotonic() + self._endpoint.timeout_s
        try:
            with self._opener.open(post, timeout=self._endpoint.timeout_s) as answer:
                return _result_of(answer, _read(answer, deadline))
        except URLError as error:
            return Undelivered(_explain(error.reason))
        except (OSError, http.client.HTTPException) as error:
            return Undelivered(_explain(error))

    def close(self) -> None:
        """Do nothing: every export has its own connection."""


def _read(answer: Any, deadline: float) -> bytes:
    """The body, until the deadline. The timeout of a socket is per read: a slow body could take for ever."""
    body = b""
    while len(body) < MAX_ANSWER_BYTES and (part := answer.read1(65_536)):
        body += part
        if time.monotonic() > deadline:
            raise TimeoutError("the answer did not come in time")
    return body


def _result_of(answer: Any, body: bytes) -> ExportResult:
    """The result that an HTTP answer means."""
    if 200 <= answer.status < 300:
        try:
            return _accepted(ExportMetricsServiceResponse.FromString(body))
        except DecodeError:
            return Accepted(message="the answer is not OTLP; is this an OTLP/HTTP receiver?")
    message = read_status(body)[0][:SHOWN_CHARACTERS]
    reason = f"HTTP {answer.status} {answer.reason}" + (f": {message}" if message else "")
    if answer.status in RETRYABLE_STATUSES:
        return Undelivered(reason, retry_after_s(answer.headers, datetime.now(UTC)))
    return Rejected(reason)


def retry_after_s(headers: Message, now: datetime) -> float | None:
    """Retry-After: seconds, or a date (RFC 9110, 10.2.3); None if it is absent or malformed."""
    text = (headers.get("retry-after") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def _explain(error: object) -> str:
    """A short text for an error, such as `connection refused`."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__)[:SHOWN_CHARACTERS]


class GrpcTransport:
    """OTLP/gRPC."""

    def __init__(self, endpoint: OtlpEndpoint) -> None:
        self._endpoint = endpoint
        options = [*CHANNEL_OPTIONS, ("grpc.enable_http_proxy", int(not endpoint.is_loopback))]
        compression = grpc.Compression.Gzip if endpoint.gzip else grpc.Compression.NoCompression
        if endpoint.secure:
            files = (endpoint.authorities, endpoint.key, endpoint.certificate)
            credentials = grpc.ssl_channel_credentials(*(path.read_bytes() if path else None for path in files))
            self._channel = grpc.secure_channel(endpoint.url, credentials, options=options, compression=compression)
        else:
            self._channel = grpc.insecure_channel(endpoint.url, options=options, compression=compression)
        self._stub = MetricsServiceStub(self._channel)  # type: ignore[no-untyped-call]  # generated without types

    def send(self, request: ExportMetricsServiceRequest) -> ExportResult:
        """Call the method Export."""
        try:
            answer = self._stub.Export(request, timeout=self._endpoint.timeout_s, metadata=self._endpoint.headers)
        except grpc.RpcError as error:
            call: Any = error  # it is also the call, with code, details and trailing metadata
            code, after_s = call.code(), read_status(dict(call.trailing_metadata() or ()).get(STATUS_KEY, b""))[1]
            reason = ": ".join(part for part in (code.name, call.details()) if part)[:SHOWN_CHARACTERS]
            if code in RETRYABLE_CODES or (code is grpc.StatusCode.RESOURCE_EXHAUSTED and after_s is not None):
                return Undelivered(reason, after_s)
            return Rejected(reason)
        return _accepted(answer)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def read_status(data: bytes) -> tuple[str, float | None]:
    """Message of a google.rpc.Status, and the delay (s) of its RetryInfo; receivers explain a failure this way.

    Empty if the bytes are not a Status, such as an HTML page of a proxy.
    """
    info = RetryInfo()
    try:
        status = Status.FromString(data)
        delays = [
            info.retry_delay.seconds + info.retry_delay.nanos / NS_PER_S for each in status.details if each.Unpack(info)
        ]
    except DecodeError:
        return "", None
    return status.message, max(0.0, delays[0]) if delays else None


def _accepted(answer: ExportMetricsServiceResponse) -> Accepted:
    partial = answer.partial_success
    return Accepted(partial.rejected_data_points, partial.error_message[:SHOWN_CHARACTERS])


Transport = HttpTransport | GrpcTransport
