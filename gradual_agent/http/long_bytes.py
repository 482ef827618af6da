"""Long messages in pieces: the files of uploads are in memory once, and every request that sends them shares them.

`LongBytes` has what a message needs of `bytes`: its length, its parts, and a head put before it. Where a message is
short, `join_pieces` gives plain bytes, so that the usual request meets nothing of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

PIECE: Final = 64 * 1024
"""Bytes that are written at once; what is longer is written piece by piece."""

Piece = bytes | memoryview


class LongBytes:
    """More bytes than a piece has, which are not copied. It is never changed."""

    __slots__ = ("_pieces", "_size")

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = tuple(memoryview(piece) for piece in pieces if len(piece))
        self._size = sum(map(len, self._pieces))

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes | LongBytes:
        """A part: plain bytes if it is no longer than a piece, else one that shares the memory."""
        start, stop, _ = part.indices(self._size)
        return join_pieces(self._between(start, stop))

    def __add__(self, after: bytes | LongBytes) -> bytes | LongBytes:
        return join_pieces((*self._pieces, *_pieces_in(after)))

    def __radd__(self, before: bytes) -> bytes | LongBytes:
        return join_pieces((before, *self._pieces))

    def __bytes__(self) -> bytes:
        return b"".join(self._pieces)

    def _between(self, start: int, stop: int) -> Iterator[memoryview]:
        begin = 0
        for piece in self._pieces:
            end = begin + len(piece)
            if start < end and begin < stop:
                yield piece[max(0, start - begin) : stop - begin]
            begin = end


Wire = bytes | LongBytes
"""A message, or a part of one."""


def join_pieces(pieces: Iterable[Piece]) -> Wire:
    """All pieces as one message."""
    joined = LongBytes(pieces)
    return bytes(joined) if len(joined) <= PIECE else joined


def insert_bytes(wire: Wire, at: int, data: bytes) -> Wire:
    """`wire` with `data` put in."""
    if isinstance(wire, LongBytes):
        return wire[:at] + data + wire[at:]
    return b"".join((wire[:at], data, wire[at:]))


def split_piece(wire: Wire | memoryview) -> tuple[Piece, Wire | memoryview]:
    """The first piece of a message, and the rest; neither is copied but the piece of a `LongBytes`."""
    if isinstance(wire, LongBytes):
        return bytes(wire[:PIECE]), wire[PIECE:]
    return wire[:PIECE], wire[PIECE:]


def _pieces_in(wire: Wire) -> tuple[Piece, ...]:
    return wire._pieces if isinstance(wire, LongBytes) else (wire,)
