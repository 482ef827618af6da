"""Decodes a body when something reads it: gzip, deflate, br, zstd (RFC 9110, 8.4.1; RFC 7932; RFC 8878).

The output of every coding is bounded, because a few bytes can expand to gigabytes. As in browsers, bytes after the end
of a stream are skipped unless they start another member of the same coding. A stream without its end is an error.
"""

from __future__ import annotations

import contextlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import brotli
import zstandard

from gradual_agent.http.failures import BODY_TOO_LARGE, ResponseError

GZIP: Final = 16 + zlib.MAX_WBITS
RAW: Final = -zlib.MAX_WBITS
GZIP_MAGIC: Final = b"\x1f\x8b\x08"
ZSTD_FRAME: Final = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""The first bytes of a frame, or of a skippable frame (RFC 8878, 3.1)."""

MAX_CODINGS: Final = 5
"""As in curl: no real server applies more, only an attack does."""

GZIP_PIECE: Final = 64 * 1024
"""Bytes that are given to zlib at once: after each member it copies the rest of them."""

MAX_MEMBERS: Final = 4096
"""Members of gzip, or frames of zstd. 64 MiB in bgzip's blocks of 64 KiB need a quarter of them. Without a
limit a few megabytes could hold hundreds of thousands of empty members, and block the loop."""

MIN_ZSTD_PIECE: Final = 256
"""Bytes that are given to zstd at once, at least."""

BROTLI_PIECE: Final = 4096
"""Bytes of the pieces in which the end of a brotli stream is searched, when other bytes follow it."""

NO_CODINGS: Final = frozenset({"identity", "none"})


def decode_body(body: bytes, codings: tuple[str, ...], limit: int) -> bytes:
    """`body` without its codings; the coding that was applied last is undone first.

    ResponseError when a coding is broken or not known, or when the result is larger than `limit` bytes.
    """
    if len(codings) > MAX_CODINGS:
        raise ResponseError(f"the body has {len(codings)} codings; {MAX_CODINGS} are undone")
    if not body:
        return body
    for coding in reversed(codings):
        if coding not in NO_CODINGS:
            body = _undo(body, coding, limit)
    return body


def _undo(body: bytes, coding: str, limit: int) -> bytes:
    decode = KNOWN_CODINGS.get(coding)
    if decode is None:
        raise ResponseError(f"the body's coding {coding[:40]!r} is not known; {', '.join(KNOWN_CODINGS)} are")
    try:
        decoded, is_whole = decode(body, limit + 1)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise ResponseError(f"the body is not valid {coding}: {error}") from None
    if len(decoded) > limit:
        raise ResponseError(f"the body is larger than {limit} bytes once {coding} is undone", BODY_TOO_LARGE)
    if not is_whole:
        raise ResponseError(f"the body is not valid {coding}: it ends early")
    return decoded


def _gunzip(body: bytes, room: int) -> tuple[bytes, bool]:
    """Every member of the stream: gzip files may be concatenated (RFC 1952, 2.2)."""
    pieces: list[bytes] = []
    position = 0
    for _ in range(MAX_MEMBERS):
        inflater = zlib.decompressobj(GZIP)
        while position < len(body) and room > 0 and not inflater.eof:
            given = body[position : position + GZIP_PIECE]
            pieces.append(inflater.decompress(given, room))
            room -= len(pieces[-1])
            position += len(given) - len(inflater.unused_data)
        if not inflater.eof or not body.startswith(GZIP_MAGIC, position) or room <= 0:
            return b"".join(pieces), inflater.eof
    raise _too_many_members("gzip")


def _too_many_members(coding: str) -> ResponseError:
    return ResponseError(f"the body is {coding} of more than {MAX_MEMBERS:,} parts")


def _inflate(body: bytes, room: int) -> tuple[bytes, bool]:
    """`deflate` means the zlib format, but some servers send the bare stream (RFC 9110, 8.4.1.2)."""
    is_zlib = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    inflater = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else RAW)
    return inflater.decompress(body, room), inflater.eof


def _unbrotli(body: bytes, room: int) -> tuple[bytes, bool]:
    try:
        return _unbrotli_pieces((body,), room)
    except brotli.error:
        return _unbrotli_pieces(_pieces_up_to_its_end(body), room)


def _pieces_up_to_its_end(body: bytes) -> Iterator[bytes]:
    """`body` in pieces; the piece in which the stream ends or breaks in single bytes."""
    # The decoder rejects trailing bytes and does not say where the stream ended. So the piece with the end is given to
    # it byte by byte, and it is finished before it sees a trailing byte. No limit is needed here: the first attempt has
    # just decoded everything before this piece within one.
    decoder = brotli.Decompressor()
    pieces = [body[position : position + BROTLI_PIECE] for position in range(0, len(body), BROTLI_PIECE)]
    sound = 0
    with contextlib.suppress(brotli.error):
        for piece in pieces:
            decoder.process(piece)
            sound += 1
    yield from pieces[:sound]
    for piece in pieces[sound : sound + 1]:
        yield from (piece[position : position + 1] for position in range(len(piece)))


def _unbrotli_pieces(pieces: Iterable[bytes], room: int) -> tuple[bytes, bool]:
    decoder = brotli.Decompressor()
    decoded: list[bytes] = []
    for piece in pieces:
        decoded.append(decoder.process(piece, output_buffer_limit=room))
        room -= len(decoded[-1])
        if room <= 0 or decoder.is_finished():
            break
    return b"".join(decoded), decoder.is_finished()


def _unzstd(body: bytes, room: int) -> tuple[bytes, bool]:
    """Every frame of the stream."""
    # zstd has no output limit. Four bytes can expand to a block of 128 KiB (RFC 8878, 3.1.1.2), a factor of 2^15, so
    # `room >> 15` bytes of input expand to about `room` at most.
    pieces: list[bytes] = []
    position = 0
    for _ in range(MAX_MEMBERS):
        inflater = zstandard.ZstdDecompressor().decompressobj()
        while position < len(body) and room > 0 and not inflater.eof:
            given = body[position : position + max(MIN_ZSTD_PIECE, room >> 15)]
            pieces.append(inflater.decompress(given))
            room -= len(pieces[-1])
            position += len(given) - len(inflater.unused_data)
        if not inflater.eof or room <= 0 or not ZSTD_FRAME.match(body, position):
            return b"".join(pieces), inflater.eof
    raise _too_many_members("zstd")


KNOWN_CODINGS: Final[dict[str, Callable[[bytes, int], tuple[bytes, bool]]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
"""By coding: (body, room) → about `room` bytes at most, and whether the stream has its end."""
