"""A chunked body (RFC 9112, 7.1), taken apart as curl does: lines end with LF, what follows a size is passed over.

    size ──n──▶ data ──▶ end of data ──▶ size … ──0──▶ trailers ──empty line──▶ done

Hot path, marked as one: whole chunks as nearly all servers write them are taken in one loop. Measured on one core, best
of seven: 4.9 µs for a response of one chunk with all that is around it, 0.4 µs for each further chunk.
"""

from __future__ import annotations

import re
from typing import Final

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.head import show

MAX_LINES: Final = 64 * 1024
"""Bytes of extensions or trailers without a byte of the body."""

SIZE, DATA, END_OF_DATA, TRAILERS = range(4)
"""What comes next."""

MOST: Final = (1 << 63) - 1

_COMMON = re.compile(rb"([0-9a-fA-F]{1,15})\r\n")
"""A size as nearly all servers write it."""

_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})(?![0-9a-fA-F])")
_CR: Final = 13
_HEX: Final = b"0123456789abcdefABCDEF"


class ChunkedBody:
    """Takes a chunked body apart. `size`: its bytes so far; trailers are checked and dropped."""

    __slots__ = ("_idle", "_in_trailers", "_missing", "_partial", "_place", "has_excess", "is_done", "size")

    def __init__(self) -> None:
        self.size = 0
        self.is_done = False
        self.has_excess = False
        self._place = SIZE
        self._missing = 0
        self._partial = b""
        self._idle = 0
        self._in_trailers = False

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces of the body in `data`; ResponseError where it is not chunked, or 64 KiB bring no chunk."""
        pieces: list[bytes] = []
        begin, end = 0, len(data)
        while begin < end and not self.is_done:
            if self._place == SIZE and not self._partial:
                begin = self._read_common(data, begin, pieces)
            if self._place == DATA:
                piece = data[begin : begin + self._missing]
                pieces.append(piece)
                begin += len(piece)
                self.size += len(piece)
                self._idle = 0
                self._missing -= len(piece)
                if not self._missing:
                    self._place = END_OF_DATA
            elif begin < end and not self.is_done:
                begin = self._read_line(data, begin)
        if begin < end:
            self.has_excess = self.has_excess or bool(data[begin:].strip(b"\r\n"))
        return pieces

    def _read_common(self, data: bytes, begin: int, pieces: list[bytes]) -> int:
        """Whole chunks, and a last one without trailers; where something else begins."""
        while match := _COMMON.match(data, begin):
            start = match.end()
            stop = start + int(match[1], 16)
            if stop == start or data[stop : stop + 2] != b"\r\n":
                break
            pieces.append(data[start:stop])
            self.size += stop - start
            self._idle = 0
            begin = stop + 2
        if data[begin : begin + 5] == b"0\r\n\r\n":
            self.is_done = True
            return begin + 5
        return begin

    def _read_line(self, data: bytes, begin: int) -> int:
        """Read the line that begins, or goes on, at `begin`; where the next one begins."""
        end = data.find(b"\n", begin) + 1
        line = self._partial + data[begin : end or len(data)]
        if not end:
            self._partial = line
            self._check_partial(line)
            self._check_idle(len(line))
            return len(data)
        self._partial = b""
        self._idle += len(line)
        self._check_idle(0)
        if self._place == SIZE:
            self._read_size(line)
        elif self._place == END_OF_DATA:
            self._read_end_of_data(line)
        else:
            self._read_trailer(line)
        return end

    def _check_idle(self, partial: int) -> None:
        if self._idle + partial > MAX_LINES:
            raise ResponseError("the chunked body cannot be read: extensions or trailers of more than 64 KiB")

    def _check_partial(self, line: bytes) -> None:
        """What can be refused before its line is complete is: the outcome must not wait for bytes that never come."""
        if self._place == END_OF_DATA:
            if line.strip(b"\r"):
                self._read_end_of_data(line)
        elif self._place == SIZE:
            if line[0] not in _HEX:
                self._read_size(line)
        elif line[0] == _CR and len(line) > 1:
            self._read_trailer(line)

    def _read_size(self, line: bytes) -> None:
        if line[0] not in _HEX:
            raise ResponseError(f"the chunked body cannot be read: {show(line[:1])} stands where a size should")
        match = _SIZE.match(line)
        size = int(match[1], 16) if match else MOST + 1
        if size > MOST:
            raise ResponseError(f"the chunked body cannot be read: {show(line)} is no size of a chunk")
        self._missing = size
        self._place = DATA if size else TRAILERS

    def _read_end_of_data(self, line: bytes) -> None:
        if found := line.lstrip(b"\r")[:1].strip(b"\n"):
            raise ResponseError(f"the chunked body cannot be read: {show(found)} stands where a chunk should end")
        self._place = SIZE

    def _read_trailer(self, line: bytes) -> None:
        """A field, which is dropped, or the empty line that ends the message."""
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        if not text:
            self.is_done = True
            return
        if b"\r" in text:
            raise ResponseError("the chunked body cannot be read: a CR stands alone behind the last chunk")
        is_folded = self._in_trailers and text[:1] in (b" ", b"\t")
        if b"\0" in text or not (is_folded or b":" in text):
            raise ResponseError(f"the chunked body cannot be read: {show(text)} is no field behind the last chunk")
        self._in_trailers = True
