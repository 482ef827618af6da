"""URLs as the engine uses them: origins, targets, and where a reference leads (the rules: `gradual_common.net.urls`).

Plans build URLs from templates, so the part that repeats (everything before the path) is cached, and one regular
expression reads the rest. Origins are compared by value: the caches save time and never change a result.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urljoin

from gradual_common.errors import RequestError
from gradual_common.net.tls import Tls
from gradual_common.net.urls import (
    DEFAULT_PORTS,
    check_characters,
    encode_server_name,
    encode_target,
    read_authority,
    split_authority,
)
from gradual_common.net.ways import STRAIGHT, Way
from gradual_common.secrecy.quoting import quoted

ANY_TLS: Final = Tls()

_END_OF_AUTHORITY = re.compile(r"[^:/?#]*://[^/?#]*")
_NOT_VISIBLE = re.compile(r"[^!-~]")
_WITHOUT_HOST = re.compile(r"(?i)(?:https?:)?//(?:[/?#]|$)")
_THREE_SLASHES = re.compile(r"(?i)^((?:https?:)?)///(?!/)")


class Origin:
    """Scheme, host, port, TLS settings and way: what a connection can be used for.

    Equal if all five are equal. `split_url` usually returns the same object for the same origin, so a client that first
    tests identity finds its connection without a comparison.
    """

    __slots__ = (
        "_hash",
        "_key",
        "authority",
        "bracketed_host",
        "host",
        "plain_proxy",
        "port",
        "proxy",
        "scheme",
        "tls",
        "way",
    )

    def __init__(self, scheme: str, host: str, port: int, tls: Tls = ANY_TLS, way: Way = STRAIGHT) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.tls = tls
        self.way = way
        self.bracketed_host = shown = f"[{host.partition('%')[0]}]" if ":" in host else host
        self.authority = shown if port == DEFAULT_PORTS[scheme] else f"{shown}:{port}"
        self.proxy = way.proxy_for(host)
        self.plain_proxy = None if scheme == "https" else self.proxy
        """A proxy that gets requests in absolute form; with TLS it only opens a tunnel."""
        self._key = (scheme, host, port, tls, way)
        self._hash = hash(self._key)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    def __repr__(self) -> str:
        return f"Origin({self})"

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Origin) and self._hash == other._hash and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return self.scheme == "https"

    @property
    def server_name(self) -> str:
        """For SNI and the check of the certificate; ValueError for a setting that is no name."""
        return encode_server_name(self.tls.server_name or self.host)

    def is_same_as(self, other: Origin) -> bool:
        """Same scheme, host and port (RFC 6454, 5)."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)


def split_url(url: str, tls: Tls = ANY_TLS, way: Way = STRAIGHT) -> tuple[Origin, str, str]:
    """Origin, target (path and query, encoded) and user information (`user:password`, decoded, else "")."""
    match = _END_OF_AUTHORITY.match(url)
    end = match.end() if match is not None else len(url)
    origin, userinfo = _find_origin(url[:end], tls, way)
    return origin, encode_target(url[end:]), userinfo


def join_url(base: str, reference: str) -> str:
    """`reference`, as a Location field writes it, seen from `base` (RFC 3986, 5.2)."""
    if _WITHOUT_HOST.match(reference):  # `urljoin` would take it for a reference without an authority.
        raise RequestError(f"{quoted(reference)} names no host")
    try:
        return urljoin(base, reference)
    except ValueError as error:
        raise RequestError(f"{quoted(reference)} is not a URL: {error}") from None


def encode_location(raw: str) -> str:
    """A Location field, a character a byte, as a reference in ASCII.

    Only what is not visible ASCII is encoded: what the server has encoded stays as it is. As curl does, blanks in a
    query become `+`, and three slashes before a host are two.
    """
    check_characters(raw)
    reference, mark, query = _THREE_SLASHES.sub(r"\1//", raw.strip(" "), count=1).partition("?")
    text = reference + mark + query.replace(" ", "+")
    return _NOT_VISIBLE.sub(lambda match: f"%{ord(match[0]):02X}", text)


@lru_cache(maxsize=4096)
def _find_origin(before_path: str, tls: Tls, way: Way) -> tuple[Origin, str]:
    scheme, authority, _ = split_authority(before_path)
    userinfo, host, port = read_authority(scheme, authority)
    return _intern(scheme, host, port, tls, way), userinfo


_intern = lru_cache(maxsize=4096)(Origin)
"""One object per origin: URLs that differ only in user information or in case share it."""
