"""Reads a response from bytes, without I/O, whenever the connection's quick path is not possible.

The result does not depend on how the bytes are cut into reads: the tests feed each response whole, byte by byte and
cut at random.

    head ──complete──▶ body ──complete──▶ done         (interim heads, status 1xx, are skipped)
"""

from __future__ import annotations

import re
from typing import Final

from gradual_agent.http.failures import BODY_TOO_LARGE, HTTP1_ONLY, ResponseError
from gradual_agent.http.reading.chunks import ChunkedBody
from gradual_agent.http.reading.head import MAX_HEAD, Framing, ResponseHead, find_end
from gradual_agent.http.reading.quick_head import KnownHeads
from gradual_agent.http.request import MAX_KEPT_ERROR, UNLIMITED, HttpRequest

_PREFIX: Final = b"http/"
_LINE_ENDS: Final = re.compile(rb"[\r\n]*")
_LINE_END: Final = (b"\r", b"\n")
_SETTINGS: Final = 4
_FRAME_HEADER: Final = 9


class ResponseReader:
    """Reads one response. `feed` raises ResponseError for bytes that cannot be one."""

    __slots__ = ("_buffer", "_chunks", "_expects_body", "_heads", "_interim", "_keeps_up_to", "_limit", "_pieces",
                 "_size", "_skipped", "has_excess", "head", "is_done")  # fmt: skip

    def __init__(self, heads: KnownHeads, request: HttpRequest) -> None:
        self.head: ResponseHead | None = None
        self.is_done = False
        self.has_excess = False
        self._heads = heads
        self._interim = 0
        settings = request.settings
        self._expects_body = settings.method != "HEAD"
        self._keeps_up_to = UNLIMITED if settings.wants_body else 0
        self._limit = settings.body_limit
        self._buffer = bytearray()
        self._chunks: ChunkedBody | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._skipped = 0

    @property
    def body(self) -> bytes:
        """The body so far, if it is kept; of an error that the plan does not read, the first part."""
        return b"".join(self._pieces)

    @property
    def is_at_start(self) -> bool:
        """Whether no byte of the final response has come: nothing at all, or interim heads only."""
        return self.head is None and not self._buffer

    @property
    def has_begun(self) -> bool:
        """Whether any byte of a response has come, an interim head included."""
        return self._interim > 0 or self.head is not None or bool(self._buffer)

    @property
    def leaves_open(self) -> bool:
        """Whether the connection can carry another exchange (RFC 9112, 9.3)."""
        head = self.head
        if head is None or not head.is_persistent or self.has_excess:
            return False
        return head.framing is not Framing.UNTIL_CLOSE or not self._expects_body

    def feed(self, data: bytes) -> bool:
        """Read `data`; return whether the response is complete."""
        if self.head is None:
            rest = self._read_heads(data)
            if rest is None:
                return False
            data = rest
        assert self.head is not None
        if self.is_done:
            self.has_excess = self.has_excess or is_excess(data)
        else:
            self._read_body(self.head, data)
        return self.is_done

    def finish(self) -> bool:
        """Whether the response is complete now that the server has closed."""
        head = self.head
        return self.is_done or (head is not None and head.framing is Framing.UNTIL_CLOSE)

    def _read_heads(self, data: bytes) -> bytes | None:
        """The bytes after the final head, or None if that is not complete; interim heads are skipped."""
        # `buffer` is what was kept before plus `data`. The buffer stays empty while heads come in one read, so that the
        # usual response is not copied.
        seen, start = len(self._buffer), 0
        if seen:
            self._buffer += data
        buffer = self._buffer if seen else data
        while True:
            if (start or not seen) and buffer[start : start + 1] in _LINE_END:
                start = self._skip_empty_lines(buffer, start)
            end = self._find_end(buffer, start, seen)
            if not end:
                if start or not seen:
                    self._buffer = bytearray(buffer[start:])
                return None
            head = self._heads.read(bytes(buffer[start:end]))
            if head.status >= 200:  # Not interim: a final response follows those (RFC 9110, 15.2).
                break
            self._interim += end - start
            start = end
        self._buffer.clear()
        self._begin_body(head)
        return data[end - seen :]

    def _find_end(self, buffer: bytes | bytearray, start: int, seen: int) -> int:
        """The end of the head that starts at `start`, or 0; ResponseError when all heads together are too large."""
        check_beginning(buffer[start : start + _FRAME_HEADER])
        end = find_end(buffer, start, seen)
        if self._interim + (end or len(buffer)) - start > MAX_HEAD:
            raise ResponseError(f"the response's head is larger than {MAX_HEAD >> 10} KiB")
        return end

    def _skip_empty_lines(self, buffer: bytes | bytearray, start: int) -> int:
        """Skip line ends before a status line: they belong to the message before (RFC 9112, 2.2)."""
        match = _LINE_ENDS.match(buffer, start)
        assert match is not None
        self._skipped += match.end() - start
        if self._skipped > MAX_HEAD:
            raise ResponseError("empty lines came instead of a response")
        return match.end()

    def _begin_body(self, head: ResponseHead) -> None:
        self.head = head
        if head.is_error:
            self._keeps_up_to = max(self._keeps_up_to, MAX_KEPT_ERROR)
        if not self._expects_body or (head.framing is Framing.LENGTH and not head.length):
            self.is_done = True
        elif head.framing is Framing.CHUNKED:
            self._chunks = ChunkedBody()
        self._check_limit(head.length if self._expects_body else 0)

    def _read_body(self, head: ResponseHead, data: bytes) -> None:
        if self._chunks is not None:
            self._read_chunks(self._chunks, data)
        elif head.framing is Framing.LENGTH:
            missing = head.length - self._size
            if len(data) > missing:
                self.has_excess = is_excess(data[missing:])
                data = data[:missing]
            self._take(data)
            self.is_done = self._size == head.length
        else:
            self._take(data)
        self._check_limit(self._size)

    def _read_chunks(self, chunks: ChunkedBody, data: bytes) -> None:
        pieces = chunks.feed(data)
        if self._size < self._keeps_up_to:
            self._pieces += pieces
        self._size = chunks.size
        self.is_done = chunks.is_done
        self.has_excess = chunks.has_excess

    def _take(self, data: bytes) -> None:
        if self._size < self._keeps_up_to and data:
            self._pieces.append(data)
        self._size += len(data)

    def _check_limit(self, size: int) -> None:
        if size > self._limit:
            raise ResponseError(f"the body is larger than {self._limit} bytes", BODY_TOO_LARGE)


def is_excess(data: bytes) -> bool:
    """Whether bytes after a message are more than line ends, which some servers add (RFC 9112, 2.2)."""
    return bool(data.strip(b"\r\n"))


def check_beginning(buffer: bytes | bytearray) -> None:
    """ResponseError for bytes that cannot start an HTTP/1 response.

    A server that speaks only HTTP/2 sends a SETTINGS frame first (RFC 9113, 3.4), and is named as such.
    """
    # The frame is recognised by its nine header bytes, which no HTTP/1 message starts with. Until all nine are there
    # nothing is decided, so that the failure is the same however the bytes are cut into reads.
    if buffer.startswith(b"HTTP/") or buffer[: len(_PREFIX)].lower() == _PREFIX[: len(buffer)]:
        return
    if buffer.startswith(b"\0"):
        if len(buffer) < _FRAME_HEADER:
            return
        if buffer[3] == _SETTINGS and buffer[5:9] == b"\0\0\0\0":
            raise ResponseError(f"the server speaks HTTP/2 without being asked to; {HTTP1_ONLY}")
    raise ResponseError(f"what came is not an HTTP/1.1 response; {HTTP1_ONLY}")
