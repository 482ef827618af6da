"""The receiver of metrics, from `otlp=ENDPOINT` and the environment variables of the OTLP exporter specification.

The command line takes precedence over the environment, and a variable for metrics over the one for all signals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from gradual_common.net.addresses import is_loopback
from gradual_master.errors import ReporterError

Protocol = Literal["http", "grpc"]

DEFAULT_ENDPOINT = "http://127.0.0.1:4318"
METRICS_PATH = "/v1/metrics"

DEFAULT_TIMEOUT_S = 5.0
"""Half of the specification's default. There is one export per second: a receiver that needs longer cannot keep up."""

GRPC_PORT = 4317

_ALL, _METRICS = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_METRICS_"
_PROTOCOLS: dict[str, Protocol] = {"": "http", "http/protobuf": "http", "grpc": "grpc"}
_COMPRESSIONS = {"": True, "gzip": True, "none": False}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OtlpEndpoint:
    """A receiver, and how to talk to it."""

    protocol: Protocol
    url: str
    """For HTTP the URL with its path; for gRPC the target `host:port`."""
    secure: bool
    """Whether to use TLS."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case, and values."""
    timeout_s: float = DEFAULT_TIMEOUT_S
    gzip: bool = True
    authorities: Path | None = None
    """A PEM file with trusted authorities; None: those of the system."""
    certificate: Path | None = None
    """A PEM file with our certificate, for a receiver that asks for one."""
    key: Path | None = None
    """The private key of `certificate`."""

    @property
    def is_loopback(self) -> bool:
        """Whether the receiver is on this machine: then no proxy is used."""
        url = self.url if self.protocol == "http" else f"//{self.url}"
        return is_loopback(urlsplit(url).hostname or "")

    def __str__(self) -> str:
        """For messages, without headers and query: they may be secret."""
        if self.protocol == "http":
            return self.url.partition("?")[0]
        return f"{'grpcs' if self.secure else 'grpc'}://{self.url}"


def find_endpoint(arg: str | None, environ: Mapping[str, str]) -> OtlpEndpoint:
    """The receiver that ARG and the environment name; ReporterError says which of them is wrong, and why."""
    protocol, url, secure = _locate(arg, environ)
    return OtlpEndpoint(
        protocol=protocol,
        url=url,
        secure=secure,
        headers=_headers(protocol, *_option(environ, "HEADERS")),
        timeout_s=_timeout_s(*_option(environ, "TIMEOUT")),
        gzip=_choice(*_option(environ, "COMPRESSION"), _COMPRESSIONS),
        authorities=_file(*_option(environ, "CERTIFICATE")),
        certificate=_file(*_option(environ, "CLIENT_CERTIFICATE")),
        key=_file(*_option(environ, "CLIENT_KEY")),
    )


def _option(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """The variable that is used, and its value; an empty one counts as unset (OpenTelemetry specification)."""
    for variable in (_METRICS + name, _ALL + name):
        if value := environ.get(variable, "").strip():
            return variable, value
    return _ALL + name, ""


def _locate(arg: str | None, environ: Mapping[str, str]) -> tuple[Protocol, str, bool]:
    """Protocol, URL or target, and whether to use TLS."""
    if arg:
        # Messages must not show user, password and query: they may be secret.
        presentable = re.sub(r"[^/]*@", "", arg.partition("?")[0])
        return _of_argument(f"-o otlp={presentable}", arg)
    variable, url = _option(environ, "ENDPOINT")
    protocol = _choice(*_option(environ, "PROTOCOL"), _PROTOCOLS)
    if not url:
        return _of_argument("otlp", DEFAULT_ENDPOINT if protocol == "http" else f"grpc://127.0.0.1:{GRPC_PORT}")
    parts = _split(variable, url, ("http", "https"))
    if protocol == "grpc":
        return "grpc", _target(variable, parts), parts.scheme == "https"
    # By the specification, the variable for metrics is the full URL. The one for all signals is a base URL, to which
    # the path of each signal is appended.
    path = parts.path or "/" if variable.startswith(_METRICS) else parts.path.rstrip("/") + METRICS_PATH
    return "http", parts._replace(path=path).geturl(), parts.scheme == "https"


def _of_argument(where: str, arg: str) -> tuple[Protocol, str, bool]:
    parts = _split(where, arg, ("http", "https", "grpc", "grpcs"))
    secure = parts.scheme in ("https", "grpcs")
    if parts.scheme.startswith("grpc"):
        return "grpc", _target(where, parts), secure
    return "http", parts._replace(path=METRICS_PATH if parts.path in ("", "/") else parts.path).geturl(), secure


def _split(where: str, url: str, schemes: tuple[str, ...]) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ReporterError(f"{where}: this is not a URL: {error}") from error
    if parts.scheme not in schemes:
        known = ", ".join(f"{scheme}://" for scheme in schemes)
        raise ReporterError(f"{where}: an endpoint starts with {known}; for example {DEFAULT_ENDPOINT}")
    if not host or port == 0:
        raise ReporterError(f"{where}: an endpoint names a host and a port; for example {DEFAULT_ENDPOINT}")
    if parts.username is not None:
        raise ReporterError(f"{where}: an endpoint has no user or password: set {_ALL}HEADERS instead")
    if not url.isascii() or any(character <= " " for character in url):
        raise ReporterError(f"{where}: an endpoint has only ASCII characters and no spaces")
    return parts._replace(fragment="")


def _target(where: str, parts: SplitResult) -> str:
    """`host:port`, the form that gRPC needs."""
    if parts.path not in ("", "/") or parts.query:
        raise ReporterError(f"{where}: over gRPC an endpoint has no path; give grpc://HOST:PORT alone")
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or GRPC_PORT}"


def _choice(variable: str, value: str, known: Mapping[str, T]) -> T:
    if value not in known:
        raise ReporterError(f"{variable}={value}: must be {' or '.join(sorted(filter(None, known)))}")
    return known[value]


def _headers(protocol: Protocol, variable: str, value: str) -> tuple[tuple[str, str], ...]:
    """`name=value,name=value`, the values percent-encoded (W3C Baggage, as the specification has it)."""
    pairs = [entry.partition("=") for entry in value.split(",") if entry.strip()]
    headers = [(name.strip().lower(), unquote(text.strip())) for name, equals, text in pairs if equals]
    if len(headers) != len(pairs) or not all(_is_header(protocol, *header) for header in headers):
        raise ReporterError(f"{variable}: the form is name=value,name=value with percent-encoded values")
    return tuple(headers)


def _is_header(protocol: Protocol, name: str, text: str) -> bool:
    """RFC 9110: the name is a token, the value visible ASCII. gRPC allows fewer names, and `-bin` marks binary
    values."""
    token = re.fullmatch(r"[0-9a-z_.-]+" if protocol == "grpc" else r"[0-9a-z!#$%&'*+.^_`|~-]+", name)
    is_bytes = protocol == "grpc" and name.endswith("-bin")
    return token is not None and not is_bytes and text.isascii() and text.isprintable()


def _timeout_s(variable: str, value: str) -> float:
    if not value:
        return DEFAULT_TIMEOUT_S
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ReporterError(f"{variable}={value}: a timeout is a positive number of milliseconds")
    return int(value) / 1000


def _file(variable: str, value: str) -> Path | None:
    if not value:
        return None
    path = Path(value)
    if not path.is_file():
        raise ReporterError(f"{variable}={value}: this file does not exist")
    return path
