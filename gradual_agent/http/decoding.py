"""Content codings undone, when something reads the body: gzip and deflate (RFC 9110, 8.4.1)."""

from __future__ import annotations

import zlib

from gradual_agent.http.failures import BODY_TOO_LARGE, ResponseError

GZIP = 16 + zlib.MAX_WBITS
RAW = -zlib.MAX_WBITS


def decode_body(body: bytes, codings: tuple[str, ...], limit: int) -> bytes:
    """`body` without its codings, the last applied first; one that is not known ends it and is left.

    ResponseError when a coding is broken, or when the result is larger than `limit` bytes.
    """
    for coding in reversed(codings):
        if coding in ("gzip", "x-gzip"):
            body = _inflate(body, GZIP, coding, limit)
        elif coding == "deflate":
            body = _inflate(body, _wbits_of(body), coding, limit)
        elif coding != "identity":
            break
    return body


def _wbits_of(body: bytes) -> int:
    """`deflate` means the zlib format, but some servers send the bare stream (RFC 9110, 8.4.1.2)."""
    is_zlib = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return zlib.MAX_WBITS if is_zlib else RAW


def _inflate(body: bytes, wbits: int, coding: str, limit: int) -> bytes:
    """Every member of the stream: gzip files may be concatenated (RFC 1952, 2.2)."""
    pieces: list[bytes] = []
    room = limit
    while body:
        inflater = zlib.decompressobj(wbits)
        try:
            piece = inflater.decompress(body, room + 1)
        except zlib.error as error:
            raise ResponseError(f"the body is not valid {coding}: {error}") from None
        room -= len(piece)
        if room < 0:
            raise ResponseError(f"the body is larger than {limit} bytes once {coding} is undone", BODY_TOO_LARGE)
        if not inflater.eof:
            raise ResponseError(f"the body is not valid {coding}: it ends early")
        pieces.append(piece)
        body = inflater.unused_data
    return b"".join(pieces)
