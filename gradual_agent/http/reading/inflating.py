"""Undoes gzip and deflate as the bytes of a stream come, in pieces of limited size (`decoding` does whole bodies)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.decoding import GZIP, NO_CODINGS, RAW

PIECE: Final = 64 * 1024
"""Bytes of a piece: a few bytes can expand to gigabytes."""

_GZIP_NAMES: Final = ("gzip", "x-gzip")
_GZIP_MAGIC: Final = b"\x1f"


def inflater_of(codings: tuple[str, ...]) -> Inflater | None:
    """What undoes these codings; None where nothing has to be undone. KeyError for other codings than one of these."""
    applied = [coding for coding in codings if coding not in NO_CODINGS]
    if not applied:
        return None
    if len(applied) == 1 and applied[0] in (*_GZIP_NAMES, "deflate"):
        return Inflater(applied[0])
    raise KeyError(", ".join(applied))


class Inflater:
    """Undoes one coding. As in browsers, bytes after its end are skipped unless they start another member of gzip."""

    __slots__ = ("_has_begun", "_inflater", "_start", "coding")

    def __init__(self, coding: str) -> None:
        self.coding = coding
        self._has_begun = False
        self._inflater = zlib.decompressobj(GZIP) if coding in _GZIP_NAMES else None
        self._start = b""

    @property
    def is_whole(self) -> bool:
        """Whether what has come can be all: it has its end, or there is nothing."""
        return not self._has_begun or (self._inflater is not None and self._inflater.eof)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` adds; ResponseError for what is not in this coding."""
        self._has_begun = self._has_begun or bool(data)
        if self._inflater is None:
            # `deflate` means the zlib format, but some servers send the bare stream (RFC 9110, 8.4.1.2).
            self._start += data
            if len(self._start) < 2:
                return
            data, start = self._start, self._start
            is_zlib = start[0] & 0x0F == 8 and (start[0] << 8 | start[1]) % 31 == 0
            self._inflater = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else RAW)
            self._start = b""
        try:
            yield from self._inflate(self._inflater, data)
        except zlib.error as error:
            raise ResponseError(f"the stream is not valid {self.coding}: {error}") from None

    def _inflate(self, inflater: zlib._Decompress, data: bytes) -> Iterator[bytes]:
        while True:
            if inflater.eof:
                if self.coding not in _GZIP_NAMES or not data.startswith(_GZIP_MAGIC):
                    return
                inflater = self._inflater = zlib.decompressobj(GZIP)
            piece = inflater.decompress(data, PIECE)
            if piece:
                yield piece
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            if not data and len(piece) < PIECE:
                return
