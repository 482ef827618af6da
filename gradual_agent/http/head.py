"""The head of a response: parsed by llhttp once per distinct sequence of bytes.

Servers send the same head again and again (its Date changes once a second), so a parsed head is kept under its exact
bytes. What is looked up was parsed by llhttp before, byte for byte: nothing is guessed. The search and the
look-up take 0.5 µs where parsing nginx's eight fields takes 12.6 µs (best of five runs on one core).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.response import Headers, RawHeaders

MAX_HEAD: Final = 64 * 1024
"""Bytes from the status line to the empty line."""

MAX_REMEMBERED: Final = 512
MAX_REMEMBERED_SIZE: Final = 4096

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_BARE_LF = re.compile(rb"(?<!\r)\n")
_LIST = re.compile(rb"[ \t]*,[ \t]*")


class Framing(Enum):
    """Where the body ends (RFC 9112, 6.3)."""

    LENGTH = "after Content-Length bytes, or at once"
    CHUNKED = "after the last chunk"
    UNTIL_CLOSE = "when the server closes"


class ResponseHead:
    """Status and header fields, and what follows from them.

    is_plain: nothing to store (cookies) or to follow (redirect) · is_quick: besides, its body has a known length and
    the connection stays open · is_error: 4xx or 5xx · is_persistent: what version and Connection say (RFC 9112, 9.3) ·
    length: of the body, for `Framing.LENGTH`.
    """

    __slots__ = (
        "_headers",
        "cookies",
        "encoding",
        "fields",
        "framing",
        "is_error",
        "is_persistent",
        "is_plain",
        "is_quick",
        "length",
        "location",
        "status",
    )

    def __init__(self, status: int, version: bytes, fields: RawHeaders) -> None:
        named: dict[bytes, list[bytes]] = {}
        for name, value in fields:
            named.setdefault(name.lower(), []).append(value)
        self.status = status
        self.is_error = status >= 400
        self.fields = fields
        self.cookies = tuple(value.decode("latin-1") for value in named.get(b"set-cookie", ()))
        self.location = named[b"location"][0].decode("latin-1") if b"location" in named else None
        self.encoding = tuple(token.decode("latin-1") for token in _tokens(named, b"content-encoding"))
        self.is_persistent = _is_persistent(version, _tokens(named, b"connection"))
        self.framing, self.length = _framing(status, named)
        self.is_plain = not self.cookies and not self.is_redirect
        self.is_quick = self.is_plain and self.is_persistent and self.framing is Framing.LENGTH and status >= 200
        self._headers: Headers | None = None

    @property
    def is_redirect(self) -> bool:
        """It says where else to ask; an empty Location says nothing, as in curl, Go and browsers."""
        return self.status in REDIRECTS and bool(self.location and self.location.strip())

    @property
    def is_interim(self) -> bool:
        """A final response follows (RFC 9110, 15.2)."""
        return self.status < 200

    @property
    def headers(self) -> Headers:
        """The fields by name, made when first asked for."""
        if self._headers is None:
            self._headers = Headers(self.fields)
        return self._headers


class HeadMemory:
    """The heads seen lately, by their exact bytes: `known` is read by the connections directly."""

    def __init__(self) -> None:
        self.known: dict[bytes, ResponseHead] = {}

    def read(self, raw: bytes) -> ResponseHead:
        """The head in `raw`, which ends with the empty line; ResponseError where llhttp refuses it."""
        head = self.known.get(raw)
        if head is None:
            head = parse_head(raw)
            if len(raw) <= MAX_REMEMBERED_SIZE:
                self._remember(raw, head)
        return head

    def _remember(self, raw: bytes, head: ResponseHead) -> None:
        if len(self.known) >= MAX_REMEMBERED:
            self.known.clear()
        self.known[raw] = head


class _Collector:
    """What llhttp calls back with."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.is_complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.is_complete = True


def parse_head(raw: bytes) -> ResponseHead:
    """The head in `raw`, up to and with the empty line."""
    check_lines(raw)
    collector = _Collector()
    parser = HttpResponseParser(collector)
    try:
        parser.feed_data(raw)
    except HttpParserUpgrade:
        raise ResponseError("the server switched protocols (status 101), which nobody asked for") from None
    except HttpParserError as error:
        raise ResponseError(f"the response's head cannot be read: {error}") from None
    if not collector.is_complete:
        raise ResponseError("the response's head cannot be read: it has no end")
    return ResponseHead(parser.get_status_code(), raw[5:8], tuple(collector.fields))


def check_lines(raw: bytes, begin: int = 0) -> None:
    """From `begin` on lines end with CR LF; a bare LF would leave the end of the head to taste (RFC 9112, 2.2)."""
    if _BARE_LF.search(raw, begin, MAX_HEAD):
        raise ResponseError("the response's head cannot be read: a line ends with LF alone")


def _tokens(named: dict[bytes, list[bytes]], name: bytes) -> list[bytes]:
    values = named.get(name)
    return [token for token in _LIST.split(b",".join(values).strip().lower()) if token] if values else []


def _is_persistent(version: bytes, connection: list[bytes]) -> bool:
    if version == b"1.0":
        return b"keep-alive" in connection and b"close" not in connection
    return b"close" not in connection


def _framing(status: int, named: dict[bytes, list[bytes]]) -> tuple[Framing, int]:
    """llhttp has refused lengths that contradict each other, or a length beside a transfer coding."""
    if status < 200 or status in (204, 304):
        return Framing.LENGTH, 0
    codings = _tokens(named, b"transfer-encoding")
    if codings:
        return (Framing.CHUNKED if codings[-1] == b"chunked" else Framing.UNTIL_CLOSE), 0
    lengths = named.get(b"content-length")
    return (Framing.LENGTH, int(lengths[0])) if lengths else (Framing.UNTIL_CLOSE, 0)
