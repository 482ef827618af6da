"""Where a response's body ends, and what was done to it (RFC 9112, 6 and 7), as curl reads it.

Lengths that are said twice must agree (6.3, 5: curl takes the last, Go and the RFC refuse, and so do we). A transfer
coding overrides every length (6.3, 3), and the connection is not used again when both are there.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.decoding import KNOWN_CODINGS, NO_CODINGS
from gradual_agent.http.reading.lines import show

Named = dict[bytes, list[bytes]]
"""Values by their fields' names in small letters."""

MOST: Final = (1 << 63) - 1
"""A length beyond it is as good as none, as for curl: the body ends with the connection."""

_LIST = re.compile(rb"[ \t]*,[ \t]*")
_LENGTH = re.compile(rb"\+?([0-9]{1,4000})")


class Framing(Enum):
    """Where the body ends (RFC 9112, 6.3)."""

    LENGTH = "after Content-Length bytes, or at once"
    CHUNKED = "after the last chunk"
    UNTIL_CLOSE = "when the server closes"


def list_tokens(named: Named, name: bytes) -> list[bytes]:
    """The elements of a list in all fields called `name`, in small letters; empty ones are none (RFC 9110, 5.6.1)."""
    values = named.get(name)
    return [token for token in _LIST.split(b",".join(values).strip(b" \t").lower()) if token] if values else []


def read_transfer_codings(named: Named) -> tuple[list[str], bool]:
    """The codings to be undone besides the chunks, and whether there are chunks; ResponseError for an unknown one."""
    codings = [token.decode("latin-1") for token in list_tokens(named, b"transfer-encoding")]
    for coding in codings:
        if coding != "chunked" and coding not in KNOWN_CODINGS and coding not in NO_CODINGS:
            raise ResponseError(
                f"the field 'Transfer-Encoding' names {show(coding.encode())}, a coding that is not known"
            )
    return [coding for coding in codings if coding != "chunked"], "chunked" in codings


def read_framing(status: int, named: Named, is_chunked: bool) -> tuple[Framing, int]:
    """Where the body ends, and its length for `Framing.LENGTH`."""
    lengths = _read_lengths(named)
    has_coding = b"transfer-encoding" in named
    if len(lengths) > 1 and not has_coding:
        raise ResponseError(f"the field 'Content-Length' says {min(lengths)} and {max(lengths)}")
    if status < 200 or status in (204, 304):
        return Framing.LENGTH, 0
    if has_coding:
        return (Framing.CHUNKED if is_chunked else Framing.UNTIL_CLOSE), 0
    length = lengths.pop() if lengths else MOST + 1
    return (Framing.LENGTH, length) if length <= MOST else (Framing.UNTIL_CLOSE, 0)


def _read_lengths(named: Named) -> set[int]:
    """The different values of Content-Length; what follows the digits is passed over, as by curl."""
    lengths = set()
    for value in named.get(b"content-length", ()):
        for part in _LIST.split(value):
            match = _LENGTH.match(part)
            if match is None:
                raise ResponseError(f"the field 'Content-Length' is {show(value)}, which is no length")
            lengths.add(int(match[1]))
    return lengths


def is_persistent(version: bytes, named: Named) -> bool:
    """Whether the connection may carry another exchange, as far as the head says so (RFC 9112, 9.3)."""
    options = list_tokens(named, b"connection")
    if b"close" in options or (version == b"1.0" and b"keep-alive" not in options):
        return False
    return not (b"transfer-encoding" in named and b"content-length" in named)
