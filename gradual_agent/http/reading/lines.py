"""The lines of a response's head, read as curl reads them (RFC 9112, 4 and 5, and what servers really send).

The oracle is curl 7.88: lines end with LF, a CR before it or not; a field's name is whatever stands before the first
colon; control characters and bytes beyond ASCII are taken as they are; folded lines are joined by a blank. A line
without a colon, a NUL, a version or a status that does not exist are refused, with the name of the field.
"""

from __future__ import annotations

import re
from typing import Final

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.response import RawHeaders
from gradual_common.secrecy.quoting import shorten

BLANKS: Final = b" \t\r"

FOLDED_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
"""Where the body ends must not hang on whether a reader joins lines."""

_STATUS_LINE = re.compile(rb"(?i:(HTTP)/)(1\.0|1\.1|2|2\.0) +([1-9][0-9]{2})(?![0-9])")
_VERSION = re.compile(rb"(?i:HTTP/)(?:1\.0|1\.1|2|2\.0) ")


def read_lines(raw: bytes) -> tuple[int, bytes, RawHeaders]:
    """Status, version and fields of a head that ends with its empty line; ResponseError where curl would refuse it."""
    first, *lines = raw.rstrip(b"\r\n").split(b"\n")
    status, version = read_status_line(first)
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            _unfold(fields, line)
        else:
            fields.append(_read_field(line))
    return status, version, tuple(fields)


def read_status_line(line: bytes) -> tuple[int, bytes]:
    """Status, 100 to 999, and version; one in small letters promises nothing about the connection, as 1.0."""
    match = _STATUS_LINE.match(line)
    if match is None or b"\0" in line:
        raise ResponseError(f"the status line {show(line)} {_fault_of(line)}")
    return int(match[3]), match[2] if match[1] == b"HTTP" else b"1.0"


def _fault_of(line: bytes) -> str:
    if b"\0" in line:
        return "holds a NUL"
    if _VERSION.match(line):
        return "cannot be read: a status is a number from 100 to 999"
    return "cannot be read: its version is none of HTTP/1.0, HTTP/1.1"


def _read_field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if b"\0" in line:
        raise ResponseError(f"the response's field {show(name)} holds a NUL")
    if not colon:
        raise ResponseError(f"the response's head cannot be read: the line {show(line)} has no colon")
    return name, value.strip(BLANKS)


def _unfold(fields: list[tuple[bytes, bytes]], line: bytes) -> None:
    """A line that begins with a blank goes on with the field before it (RFC 9112, 5.2)."""
    if not fields:
        raise ResponseError(f"the response's head cannot be read: its first field {show(line)} begins with a blank")
    name, value = fields[-1]
    if b"\0" in line:
        raise ResponseError(f"the response's field {show(name)} holds a NUL")
    if name.lower() in FOLDED_FRAMING:
        raise ResponseError(f"the response's field {show(name)} is folded, so that it says nothing certain")
    fields[-1] = (name, b" ".join(part for part in (value, line.strip(BLANKS)) if part))


def show(raw: bytes) -> str:
    """What came, for a sentence: its begin, in quotes, with escapes for what cannot be seen."""
    return repr(shorten(raw.rstrip(b"\r\n").decode("latin-1")))
