"""A chunked body, decoded by llhttp (RFC 9112, 7.1).

The parser refers to the callbacks and these to nothing: no cycle is left for a garbage collector that hardly runs.
"""

from __future__ import annotations

from typing import Final

from httptools import HttpParserError, HttpResponseParser

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.head import MAX_HEAD

_HEAD: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
"""llhttp decodes messages, so it is told one whose head is already known."""


class _Callbacks:
    """What llhttp calls back with."""

    __slots__ = ("begun", "has_progressed", "is_done", "pieces", "size")

    def __init__(self) -> None:
        self.begun = 0
        self.has_progressed = False
        self.is_done = False
        self.pieces: list[bytes] = []
        self.size = 0

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_chunk_header(self) -> None:
        self.has_progressed = True

    def on_body(self, data: bytes) -> None:
        if self.begun > 1:
            return
        self.has_progressed = True
        self.size += len(data)
        self.pieces.append(data)

    def on_message_complete(self) -> None:
        self.is_done = True


class ChunkedBody:
    """Takes a chunked body apart. `size`: its bytes so far; trailers are checked and dropped."""

    __slots__ = ("_callbacks", "_idle", "_parser")

    def __init__(self) -> None:
        self._callbacks = _Callbacks()
        self._idle = 0
        self._parser = HttpResponseParser(self._callbacks)
        self._parser.feed_data(_HEAD)

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces of the body in `data`; ResponseError where llhttp refuses, or where 64 KiB bring no chunk."""
        callbacks = self._callbacks
        callbacks.has_progressed = False
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if not callbacks.is_done:
                raise ResponseError(f"the chunked body cannot be read: {error}") from None
            callbacks.begun += 1
        self._idle = 0 if callbacks.has_progressed else self._idle + len(data)
        if self._idle > MAX_HEAD and not callbacks.is_done:
            raise ResponseError("the chunked body cannot be read: extensions or trailers of more than 64 KiB")
        pieces, callbacks.pieces = callbacks.pieces, []
        return pieces

    @property
    def size(self) -> int:
        """Bytes of the body so far."""
        return self._callbacks.size

    @property
    def is_done(self) -> bool:
        """The last chunk and the empty line after the trailers have come."""
        return self._callbacks.is_done

    @property
    def has_excess(self) -> bool:
        """More came than the message."""
        return self._callbacks.begun > 1
