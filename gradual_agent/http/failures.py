"""How an exchange can fail, as data: a number of `gradual_common.kinds.failures.KIND` and a sentence."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import ClassVar, Final

from gradual_agent.errors import AgentError
from gradual_agent.http.urls import Origin
from gradual_agent.runtime.sample import INTERRUPTED
from gradual_common.clock import NS_PER_S
from gradual_common.kinds.failures import KIND

CONNECT: Final = KIND["connect"]
DNS: Final = KIND["dns"]
TLS: Final = KIND["tls"]
RESET: Final = KIND["reset"]
PROTOCOL: Final = KIND["protocol"]
REDIRECT: Final = KIND["redirect"]
PROXY: Final = KIND["proxy"]
INTERNAL: Final = KIND["internal"]
TIMEOUT: Final = KIND["timeout"]
BODY_TOO_LARGE: Final = KIND["body_too_large"]

HTTP1_ONLY: Final = "Gradual speaks HTTP/1.1 only"


@dataclass(frozen=True, slots=True)
class Failure:
    """The outcome of an exchange without a response."""

    kind: int
    detail: str
    is_stale: bool = False
    """The connection was reused, and no byte of a response came: the server closed it while it was idle."""
    error: Exception | None = None
    """A bug of Gradual. It is raised again where the request was sent, and counted there as `internal`."""

    is_plain: ClassVar[bool] = False


class ResponseError(AgentError):
    """The response, or the way to it, is not usable. It never leaves the engine: it becomes a `Failure`."""

    def __init__(self, detail: str, kind: int = PROTOCOL) -> None:
        self.failure = Failure(kind, detail)
        super().__init__(detail)


CUT_SHORT: Final = Failure(INTERRUPTED, "stopped before its response was complete")
NO_LEASE: Final = Failure(INTERRUPTED, "not sent: the agent holds no lease")


def explain(error: BaseException) -> str:
    """The text of an operating system's error, without its number."""
    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno).lower() if error.errno > 0 else str(error.strerror)
    return str(error) or type(error).__name__


def connection_ended(error: BaseException | None, received: int, is_stale: bool) -> Failure:
    """The peer closed or reset the connection before the response was complete."""
    how = "the server closed the connection" if error is None else f"the connection broke ({explain(error)})"
    when = f"after {received} bytes of the response" if received else "before a response"
    return Failure(RESET, f"{how} {when}", is_stale)


def timed_out(limit: int) -> Failure:
    """There is no complete response within `limit`, ns."""
    return Failure(TIMEOUT, f"no complete response within {limit / NS_PER_S:g} s")


def connecting_timed_out(origin: Origin, limit: int) -> Failure:
    """There is no connection to `origin`, or none through its proxy, within `limit`, ns."""
    kind, through = (CONNECT, "") if origin.proxy is None else (PROXY, f" through the proxy {origin.proxy}")
    return Failure(kind, f"no connection to {origin}{through} within {limit / NS_PER_S:g} s")


def unexpected(error: BaseException) -> Failure:
    """A bug of Gradual that showed while connecting or reading."""
    return Failure(INTERNAL, str(error), error=error if isinstance(error, Exception) else RuntimeError(repr(error)))


def tls_failed(error: Exception) -> tuple[str, int]:
    """Why a handshake failed, and the kind: a server that refuses ALPN `http/1.1` (RFC 7301, 3.2) is of `protocol`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted: {error.verify_message}", TLS
    if isinstance(error, ssl.SSLError) and "NO_APPLICATION_PROTOCOL" in (error.reason or ""):
        return f"the server does not offer HTTP/1.1 over TLS (HTTP/2 only?); {HTTP1_ONLY}", PROTOCOL
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed: {(error.reason or str(error)).replace('_', ' ').lower()}", TLS
    return f"the TLS handshake failed: {explain(error)}", TLS
