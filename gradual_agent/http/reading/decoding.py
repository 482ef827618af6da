"""Codings undone, when something reads the body: gzip, deflate, br, zstd (RFC 9110, 8.4.1; RFC 7932; RFC 8878).

Every coding is bounded: no more is made than the limit allows, whatever a few bytes promise. What stands behind the end
of a stream is passed over, as browsers do, unless it begins another member of its kind; a stream without its end is no
body.
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
"""How a frame begins, or one that is skipped (RFC 8878, 3.1)."""

MOST_CODINGS: Final = 5
"""As in curl: more are an attack, not a use."""

GZIP_PIECE: Final = 64 * 1024
"""What is given to zlib at once: it copies what it leaves of it, for each member."""

MOST_MEMBERS: Final = 4096
"""Of gzip, or frames of zstd: 64 MiB in the blocks of 64 KiB that bgzip makes are a quarter of that; empty ones, of
which a few megabytes hold hundreds of thousands, would hold the loop."""

ZSTD_PIECE: Final = 256
"""Least number of bytes that are given to zstd at once."""

BROTLI_PIECE: Final = 4096
"""In how large pieces the end of a brotli stream is looked for when something stands behind it."""

NO_CODINGS: Final = frozenset({"identity", "none"})


def decode_body(body: bytes, codings: tuple[str, ...], limit: int) -> bytes:
    """`body` without its codings, the last applied first.

    ResponseError when a coding is broken or not known, or when the result is larger than `limit` bytes.
    """
    if len(codings) > MOST_CODINGS:
        raise ResponseError(f"the body has {len(codings)} codings; {MOST_CODINGS} are undone")
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
    place = 0
    for _ in range(MOST_MEMBERS):
        inflater = zlib.decompressobj(GZIP)
        while place < len(body) and room > 0 and not inflater.eof:
            given = body[place : place + GZIP_PIECE]
            pieces.append(inflater.decompress(given, room))
            room -= len(pieces[-1])
            place += len(given) - len(inflater.unused_data)
        if not inflater.eof or not body.startswith(GZIP_MAGIC, place) or room <= 0:
            return b"".join(pieces), inflater.eof
    raise _too_many_members("gzip")


def _too_many_members(coding: str) -> ResponseError:
    return ResponseError(f"the body is {coding} of more than {MOST_MEMBERS:,} parts")


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
    """The piece in which the stream ends or breaks in single bytes: the decoder refuses what stands behind its end.

    Without a limit, for all that comes before it has just been made within one.
    """
    decoder = brotli.Decompressor()
    pieces = [body[place : place + BROTLI_PIECE] for place in range(0, len(body), BROTLI_PIECE)]
    sound = 0
    with contextlib.suppress(brotli.error):
        for piece in pieces:
            decoder.process(piece)
            sound += 1
    yield from pieces[:sound]
    for piece in pieces[sound : sound + 1]:
        yield from (piece[place : place + 1] for place in range(len(piece)))


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
    """Every frame. Four bytes can stand for a block of 128 KiB (RFC 8878, 3.1.1.2), so few are given at once."""
    pieces: list[bytes] = []
    place = 0
    for _ in range(MOST_MEMBERS):
        inflater = zstandard.ZstdDecompressor().decompressobj()
        while place < len(body) and room > 0 and not inflater.eof:
            given = body[place : place + max(ZSTD_PIECE, room >> 15)]
            pieces.append(inflater.decompress(given))
            room -= len(pieces[-1])
            place += len(given) - len(inflater.unused_data)
        if not inflater.eof or room <= 0 or not ZSTD_FRAME.match(body, place):
            return b"".join(pieces), inflater.eof
    raise _too_many_members("zstd")


KNOWN_CODINGS: Final[dict[str, Callable[[bytes, int], tuple[bytes, bool]]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
"""Each gives at most about as many bytes as there is room for, and whether the stream has its end."""
