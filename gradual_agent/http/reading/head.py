"""The head of a response: its fields, and where the body after it ends.

The parser is our own, because the rule is "as curl" (RFC 9112, 4 to 7, and what servers really send): llhttp refuses
heads that curl, Go and browsers read. The reference is curl 7.88:

* Lines end with LF, with or without a CR before it.
* A field's name is the text before the first colon.
* Control characters and bytes beyond ASCII are accepted. Folded lines are joined by a blank.
* A line without a colon, a NUL, an unknown version and an impossible status are refused; the error names the field.

Two values of Content-Length must be equal (RFC 9112, 6.3, 5: the RFC and Go refuse others, curl takes the last). A
Transfer-Encoding overrides every length (6.3, 3); when both are there, the connection is not used again.
"""

from __future__ import annotations

import re
from copy import copy
from enum import Enum
from typing import Final

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.decoding import KNOWN_CODINGS, NO_CODINGS
from gradual_agent.http.response import Headers, RawHeaders
from gradual_common.secrecy.quoting import shorten

MAX_HEAD: Final = 300 * 1024
"""Bytes of all heads of a response, interim heads included: curl's limit."""

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_END = re.compile(rb"\n\r*\n")

BLANKS: Final = b" \t\r"

FOLDED_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
"""Fields that may not be folded: readers that join lines and those that do not would see different body lengths."""

_STATUS_LINE = re.compile(rb"(?i:(HTTP)/)(1\.0|1\.1|2|2\.0) +([1-9][0-9]{2})(?![0-9])")
_VERSION = re.compile(rb"(?i:HTTP/)(?:1\.0|1\.1|2|2\.0) ")

Named = dict[bytes, list[bytes]]
"""Values by the names of their fields, in lower case."""

MAX_LENGTH: Final = (1 << 63) - 1
"""A larger Content-Length is ignored, as in curl: the body ends with the connection."""

_LIST = re.compile(rb"[ \t]*,[ \t]*")
_LENGTH = re.compile(rb"\+?([0-9]{1,4000})")


class Framing(Enum):
    """Where the body ends (RFC 9112, 6.3)."""

    LENGTH = "after Content-Length bytes, or at once"
    CHUNKED = "after the last chunk"
    UNTIL_CLOSE = "when the server closes"


class ResponseHead:
    """Status and header fields, and what follows from them."""

    __slots__ = ()

    size: int
    """Its bytes, with the empty line."""
    status: int
    is_error: bool
    """4xx or 5xx."""
    framing: Framing
    length: int
    """The length of the body, for `Framing.LENGTH`."""
    cookies: tuple[str, ...]
    """The values of Set-Cookie."""
    location: str | None
    encoding: tuple[str, ...]
    """The codings of the body, in the order in which they were applied."""
    is_persistent: bool
    """Whether version and Connection keep the connection open (RFC 9112, 9.3)."""
    is_redirect: bool
    """Whether it has a Location to follow; an empty one is ignored, as in curl, Go and browsers."""
    is_plain: bool
    """It has no cookie to store and no redirect to follow."""
    is_quick: bool
    """Its body has a known length, and the connection stays open."""
    fields: RawHeaders
    """Names and values as they came, in order."""

    @property
    def headers(self) -> Headers:
        """The fields by name."""
        return Headers(self.fields)

    def without_codings(self) -> ResponseHead:
        """A copy for a body that is decoded as it comes; the head itself may be shared by responses."""
        decoded = copy(self)
        object.__setattr__(decoded, "encoding", ())
        return decoded

    def forget_body(self) -> None:
        """Keep no bytes but those of the head."""


class ParsedHead(ResponseHead):
    """A head that was read field by field."""

    __slots__ = ("cookies", "encoding", "fields", "framing", "is_error", "is_persistent", "is_plain", "is_quick",
                 "is_redirect", "length", "location", "size", "status")  # fmt: skip

    def __init__(self, size: int, status: int, version: bytes, fields: RawHeaders) -> None:
        named: Named = {}
        for name, value in fields:
            named.setdefault(name.lower(), []).append(value)
        transfer, is_chunked = _read_transfer_codings(named)
        content = [token.decode("latin-1") for token in _list_tokens(named, b"content-encoding")]
        self.fields = fields
        self.size = size
        self.status = status
        self.is_error = status >= 400
        self.framing, self.length = _read_framing(status, named, is_chunked)
        self.cookies = tuple(value.decode("latin-1") for value in named.get(b"set-cookie", ()))
        self.location = location = named[b"location"][0].decode("latin-1") if b"location" in named else None
        self.encoding = (*content, *transfer)
        self.is_persistent = _is_persistent(version, named)
        self.is_redirect = location is not None and status in REDIRECTS and bool(location.strip())
        self.is_plain = not self.cookies and not self.is_redirect
        self.is_quick = self.is_persistent and self.framing is Framing.LENGTH and status >= 200


def parse_head(raw: bytes) -> ResponseHead:
    """The head in `raw`, up to and with the empty line; ResponseError where curl would refuse it."""
    status, version = _read_status_line(raw.partition(b"\n")[0])
    fields = read_fields(raw)
    if status == 101:
        raise ResponseError("the server switched protocols (status 101) without being asked to")
    return ParsedHead(len(raw), status, version, fields)


def read_fields(raw: bytes) -> RawHeaders:
    """The fields of the head in `raw`, folded lines joined; ResponseError for a line that is not a field."""
    fields: list[tuple[bytes, bytes]] = []
    for line in raw.rstrip(b"\r\n").split(b"\n")[1:]:
        if line[:1] in (b" ", b"\t"):
            _unfold(fields, line)
        else:
            fields.append(_read_field(line))
    return tuple(fields)


def _read_status_line(line: bytes) -> tuple[int, bytes]:
    """Status (100 to 999) and version; `http/1.1` in lower case counts as 1.0, so the connection is not kept."""
    match = _STATUS_LINE.match(line)
    if match is not None and b"\0" not in line:
        return int(match[3]), match[2] if match[1] == b"HTTP" else b"1.0"
    fault = "cannot be read: its version is none of HTTP/1.0, HTTP/1.1"
    if b"\0" in line:
        fault = "holds a NUL"
    elif _VERSION.match(line):
        fault = "cannot be read: a status is a number from 100 to 999"
    raise ResponseError(f"the status line {show(line)} {fault}")


def _read_field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if b"\0" in line:
        raise ResponseError(f"the response's field {show(name)} holds a NUL")
    if not colon:
        raise ResponseError(f"the response's head cannot be read: the line {show(line)} has no colon")
    return name, value.strip(BLANKS)


def _unfold(fields: list[tuple[bytes, bytes]], line: bytes) -> None:
    """Join a line that starts with a blank to the field before it (RFC 9112, 5.2)."""
    if not fields:
        raise ResponseError(f"the response's head cannot be read: its first field {show(line)} begins with a blank")
    name, value = fields[-1]
    if b"\0" in line:
        raise ResponseError(f"the response's field {show(name)} holds a NUL")
    if name.lower() in FOLDED_FRAMING:
        raise ResponseError(f"the response's field {show(name)} is folded, so that it says nothing certain")
    fields[-1] = (name, b" ".join(part for part in (value, line.strip(BLANKS)) if part))


def show(raw: bytes) -> str:
    """The first characters of `raw` for an error message, quoted and escaped."""
    return repr(shorten(raw.rstrip(b"\r\n").decode("latin-1")))


def _list_tokens(named: Named, name: bytes) -> list[bytes]:
    """The elements of a list in all fields called `name`, in lower case, without empty ones (RFC 9110, 5.6.1)."""
    values = named.get(name)
    return [token for token in _LIST.split(b",".join(values).strip(b" \t").lower()) if token] if values else []


def _read_transfer_codings(named: Named) -> tuple[list[str], bool]:
    """The codings other than `chunked`, and whether the body is chunked; ResponseError for an unknown coding."""
    codings = [token.decode("latin-1") for token in _list_tokens(named, b"transfer-encoding")]
    for coding in codings:
        if coding != "chunked" and coding not in KNOWN_CODINGS and coding not in NO_CODINGS:
            raise ResponseError(
                f"the field 'Transfer-Encoding' names {show(coding.encode())}, a coding that is not known"
            )
    return [coding for coding in codings if coding != "chunked"], "chunked" in codings


def _read_framing(status: int, named: Named, is_chunked: bool) -> tuple[Framing, int]:
    """Where the body ends, and its length for `Framing.LENGTH`."""
    lengths = _read_lengths(named)
    has_coding = b"transfer-encoding" in named
    if len(lengths) > 1 and not has_coding:
        raise ResponseError(f"the field 'Content-Length' says {min(lengths)} and {max(lengths)}")
    if status < 200 or status in (204, 304):
        return Framing.LENGTH, 0
    if has_coding:
        return (Framing.CHUNKED if is_chunked else Framing.UNTIL_CLOSE), 0
    length = lengths.pop() if lengths else MAX_LENGTH + 1
    return (Framing.LENGTH, length) if length <= MAX_LENGTH else (Framing.UNTIL_CLOSE, 0)


def _read_lengths(named: Named) -> set[int]:
    """The different values of Content-Length; what follows the digits is skipped, as in curl."""
    lengths = set()
    for value in named.get(b"content-length", ()):
        for part in _LIST.split(value):
            match = _LENGTH.match(part)
            if match is None:
                raise ResponseError(f"the field 'Content-Length' is {show(value)}, which is not a length")
            lengths.add(int(match[1]))
    return lengths


def _is_persistent(version: bytes, named: Named) -> bool:
    """Whether the connection may be used again, as far as the head decides (RFC 9112, 9.3)."""
    options = _list_tokens(named, b"connection")
    if b"close" in options or (version == b"1.0" and b"keep-alive" not in options):
        return False
    # Both together may be an attempt to smuggle a response; the RFC asks to close the connection (6.3, 3).
    return not (b"transfer-encoding" in named and b"content-length" in named)


def find_end(buffer: bytes | bytearray, start: int, seen: int) -> int:
    """The end of the head that starts at `start`, or 0 if it is not complete; `seen`: the bytes searched before."""
    # The search starts at the last line end before `seen`: the empty line may be split between two reads.
    match = _END.search(buffer, max(start, buffer.rfind(b"\n", start, max(start, seen))))
    return match.end() if match else 0
