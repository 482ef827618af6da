"""How an export travels, once: over HTTP or gRPC. What comes of it is data, never an exception.

An attempt ends within the endpoint's timeout. Nobody is asked twice here: that is the courier's business.
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
from typing import Any, Protocol
from urllib.error import HTTPError, URLError

import grpc
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub

from gradual_common import __version__
from gradual_master.errors import ReporterError
from gradual_master.reporting.otlp.endpoint import Endpoint, TlsFiles
from gradual_master.reporting.otlp.status import StatusDetails, read_status

MOST_ANSWER_BYTES = 1 << 20
"""An answer is some bytes long; of a page of HTML no more than this is read."""

SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived. `rejected` data points were refused all the same; `message`: why, or a warning."""

    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Delayed:
    """It did not arrive, and may later; `after_s` is what the receiver asked for, if it asked."""

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It will not be taken, however often it is sent."""

    reason: str


Outcome = Delivered | Delayed | Refused


class Carrier(Protocol):
    """A way to a receiver."""

    def send(self, request: ExportMetricsServiceRequest) -> Outcome:
        """Try once."""

    def close(self) -> None:
        """Release the connection."""


def make_carrier(endpoint: Endpoint) -> Carrier:
    """The way to this receiver; nothing is dialled yet. ReporterError for TLS files that cannot be used."""
    try:
        context = _ssl_context(endpoint.tls) if endpoint.secure else None  # gRPC would say nothing, and never connect
        return HttpCarrier(endpoint, context) if endpoint.protocol == "http" else GrpcCarrier(endpoint)
    except OSError as error:  # ssl.SSLError is one
        raise ReporterError(f"otlp: the TLS files for {endpoint} cannot be used: {error}") from error


# ── HTTP ───────────────────────────────────────────────────────────────────────────────────────────────────────────

RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})
"""OTLP specification, "Retryable Response Codes"."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirected POST would become a GET without its body: the answer is shown instead."""

    def redirect_request(self, *_args: Any) -> None:
        return None


class HttpCarrier:
    """OTLP/HTTP with binary protobuf."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if endpoint.is_loopback:
            handlers.append(urllib.request.ProxyHandler({}))
        if context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self._opener = urllib.request.build_opener(*handlers)

    def send(self, request: ExportMetricsServiceRequest) -> Outcome:
        """POST it."""
        post = urllib.request.Request(  # noqa: S310 - the scheme is http or https: `endpoint` lets nothing else pass
            self._endpoint.url, data=self._body(request), headers=self._headers(), method="POST"
        )
        try:
            return self._post(post)
        except URLError as error:
            return Delayed(_said(error.reason))
        except (OSError, http.client.HTTPException) as error:
            return Delayed(_said(error))

    def _post(self, post: urllib.request.Request) -> Outcome:
        deadline = time.monotonic() + self._endpoint.timeout_s
        try:
            with self._opener.open(post, timeout=self._endpoint.timeout_s) as answer:
                return _taken(_read(answer, deadline))
        except HTTPError as error:
            with error:
                return _not_taken(error, _read(error, deadline))

    def close(self) -> None:
        """Every export has its own connection."""
        self._opener.close()

    def _body(self, request: ExportMetricsServiceRequest) -> bytes:
        body = request.SerializeToString()
        return gzip.compress(body, compresslevel=1, mtime=0) if self._endpoint.gzip else body

    def _headers(self) -> dict[str, str]:
        """The user's own come last: they may replace ours."""
        headers = {"content-type": "application/x-protobuf", "user-agent": f"gradual/{__version__}"}
        if self._endpoint.gzip:
            headers["content-encoding"] = "gzip"
        return headers | dict(self._endpoint.headers)


def _ssl_context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=files.authorities)
    if files.certificate is not None:
        context.load_cert_chain(files.certificate, files.key)
    return context


def _read(answer: Any, deadline: float) -> bytes:
    """The body, as far as it comes in time: one that trickles is no reason to wait for ever."""
    parts: list[bytes] = []
    while sum(map(len, parts)) < MOST_ANSWER_BYTES and (part := answer.read1(65_536)):
        parts.append(part)
        if time.monotonic() > deadline:
            raise TimeoutError("the answer did not come in time")
    return b"".join(parts)


def _taken(body: bytes) -> Delivered:
    """What an answer of 200 says."""
    try:
        return _delivered(ExportMetricsServiceResponse.FromString(body))
    except DecodeError:
        return Delivered(message="the answer is not of the OpenTelemetry protocol; is this its HTTP receiver?")


def _not_taken(error: HTTPError, body: bytes) -> Outcome:
    said = read_status(body).message[:SHOWN_CHARACTERS]
    reason = f"HTTP {error.code} {error.reason}" + (f": {said}" if said else "")
    if error.code in RETRYABLE_STATUSES:
        return Delayed(reason, retry_after_s(error.headers, datetime.now(UTC)))
    return Refused(reason)


def retry_after_s(headers: Message, now: datetime) -> float | None:
    """Retry-After: seconds, or a date (RFC 9110, 10.2.3); None without one that can be read."""
    text = (headers.get("retry-after") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def _said(error: object) -> str:
    """`connection refused` of an OSError, else what it says."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__)[:SHOWN_CHARACTERS]


# ── gRPC ───────────────────────────────────────────────────────────────────────────────────────────────────────────

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

_OPTIONS = (
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.primary_user_agent", f"gradual/{__version__}"),
)
"""The courier alone decides when to try again: the channel is ready to dial whenever it does."""

_DETAILS = "grpc-status-details-bin"


class GrpcCarrier:
    """OTLP/gRPC."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        options = [*_OPTIONS, ("grpc.enable_http_proxy", int(not endpoint.is_loopback))]
        compression = grpc.Compression.Gzip if endpoint.gzip else grpc.Compression.NoCompression
        if endpoint.secure:
            credentials = _channel_credentials(endpoint.tls)
            self._channel = grpc.secure_channel(endpoint.url, credentials, options=options, compression=compression)
        else:
            self._channel = grpc.insecure_channel(endpoint.url, options=options, compression=compression)
        self._stub = MetricsServiceStub(self._channel)  # type: ignore[no-untyped-call]  # generated without types

    def send(self, request: ExportMetricsServiceRequest) -> Outcome:
        """Call Export."""
        try:
            answer = self._stub.Export(request, timeout=self._endpoint.timeout_s, metadata=self._endpoint.headers)
        except grpc.RpcError as error:
            return _failed(error)
        return _delivered(answer)

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def _channel_credentials(files: TlsFiles) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=files.authorities.read_bytes() if files.authorities else None,
        private_key=files.key.read_bytes() if files.key else None,
        certificate_chain=files.certificate.read_bytes() if files.certificate else None,
    )


def _failed(error: Any) -> Outcome:
    """`error` is a Call too: it has code, details and trailing metadata."""
    code: grpc.StatusCode = error.code()
    reason = ": ".join(part for part in (code.name, error.details()) if part)[:SHOWN_CHARACTERS]
    details = _status_details(error)
    if code in RETRYABLE_CODES or (code is grpc.StatusCode.RESOURCE_EXHAUSTED and details.retry_after_s is not None):
        return Delayed(reason, details.retry_after_s)
    return Refused(reason)


def _status_details(error: Any) -> StatusDetails:
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS:
            return read_status(value)
    return StatusDetails()


def _delivered(answer: ExportMetricsServiceResponse) -> Delivered:
    partial = answer.partial_success
    return Delivered(partial.rejected_data_points, partial.error_message[:SHOWN_CHARACTERS])
