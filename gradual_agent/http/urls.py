"""Absolute URLs taken apart into what a request needs: origin, target, user information (RFC 3986, RFC 9110 4.2).

Plans build URLs from templates, so the part that repeats (everything before the path) is cached and the rest is looked
at by one regular expression.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote, urljoin

from gradual_agent.errors import RequestError
from gradual_common.plan.model import Tls

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
ANY_TLS: Final = Tls()

_AUTHORITY = re.compile(
    r"(?:(?P<user>[^@]*)@)?(?P<host>\[[0-9a-fA-F:.]+(?:%[\w.]+)?\]|[^:@\[\]\s\x00-\x20]+)(?::(?P<port>\d{0,5}))?"
)
_END_OF_AUTHORITY = re.compile(r"[/?#]")
_PLAIN_TARGET = re.compile(r"/[!$-;=?-Z_a-z~\[\]|]*")
_SAFE_IN_TARGET: Final = "/?%:@!$&'()*+,;=~-._[]|"


class Origin:
    """Scheme, host, port and TLS settings: what a connection can be used for.

    Interned by `split_url`: a client finds its connection by identity, without hashing anything.
    """

    __slots__ = ("authority", "host", "port", "scheme", "tls")

    def __init__(self, scheme: str, host: str, port: int, tls: Tls = ANY_TLS) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.tls = tls
        shown = f"[{host}]" if ":" in host else host
        self.authority = shown if port == DEFAULT_PORTS[scheme] else f"{shown}:{port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "https"

    def is_same_as(self, other: Origin) -> bool:
        """Same scheme, host and port (RFC 6454, 5)."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)


def split_url(url: str, tls: Tls = ANY_TLS) -> tuple[Origin, str, str]:
    """Origin, target (path and query, encoded) and user information (`user:password`, decoded, else "")."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise RequestError(f"{url!r} is not an absolute URL; write http://HOST/… or https://HOST/…, or set a base URL")
    end = _END_OF_AUTHORITY.search(rest)
    cut = end.start() if end else len(rest)
    origin, userinfo = _read_authority(scheme.lower(), rest[:cut], tls)
    return origin, encode_target(rest[cut:]), userinfo


def join_url(base: str, reference: str) -> str:
    """`reference`, as a Location field writes it, seen from `base` (RFC 3986, 5.2)."""
    try:
        return urljoin(base, reference)
    except ValueError as error:
        raise RequestError(f"{reference!r} is not a URL: {error}") from None


def encode_target(text: str) -> str:
    """Path and query as they stand in a request line: no fragment, a leading `/`, nothing but visible ASCII."""
    text = text.partition("#")[0]
    if not text.startswith("/"):
        text = "/" + text
    return text if _PLAIN_TARGET.fullmatch(text) else quote(text, safe=_SAFE_IN_TARGET)


@lru_cache(maxsize=4096)
def _read_authority(scheme: str, authority: str, tls: Tls) -> tuple[Origin, str]:
    if scheme not in DEFAULT_PORTS:
        raise RequestError(f"{scheme + '://' + authority!r}: the scheme is not one of http, https")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise RequestError(f"{scheme + '://' + authority!r} names no host that can be read; write HOST or HOST:PORT")
    port = int(match["port"] or DEFAULT_PORTS[scheme])
    if not 0 < port < 65536:
        raise RequestError(f"{scheme + '://' + authority!r}: the port is not one from 1 to 65535")
    host = _encode_host(match["host"])
    return _intern(scheme, host, port, tls), unquote(match["user"] or "")


@lru_cache(maxsize=4096)
def _intern(scheme: str, host: str, port: int, tls: Tls) -> Origin:
    return Origin(scheme, host, port, tls)


def _encode_host(host: str) -> str:
    """Lower case, without brackets, international names in their ASCII form (IDNA 2003, which the library has)."""
    if host.startswith("["):
        return host[1:-1].lower()
    if host.isascii():
        return host.lower()
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise RequestError(f"{host!r} is not a host name: {error}") from None
