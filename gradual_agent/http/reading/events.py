"""Reads an event stream (WHATWG HTML, 9.2.5 and 9.2.6), without I/O, however its bytes are cut into reads.

`retry` is read over: it says when a client connects again, and a user reads a stream once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from gradual_agent.http.failures import BODY_TOO_LARGE, ResponseError
from gradual_agent.http.response import HasHeaders

MAX_EVENT: Final = 1024 * 1024
"""Bytes of one event, where the plan sets no limit: a server could send one without an end."""

_BOM: Final = b"\xef\xbb\xbf"
_LF: Final = b"\n"
_CR: Final = b"\r"
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event."""

    data: str
    type: str = "message"
    id: str = ""
    """The last id that the stream has named, with this event or before."""


class EventSink(Protocol):
    """What gets the events of one request."""

    def begin(self, head: HasHeaders) -> None:
        """The response is an event stream. A request that is sent again may begin a second one."""

    def take(self, event: ServerEvent) -> bool:
        """An event has come; whether no more are wanted."""
        ...

    @property
    def last_data(self) -> str:
        """The data of the last event, which is the body that is kept."""


class EventParser:
    """Splits a stream into events; what follows the last empty line is no event."""

    __slots__ = ("_data", "_id", "_is_first", "_limit", "_partial", "_size", "_skips_lf", "_type")

    def __init__(self, limit: int = MAX_EVENT) -> None:
        self._limit = limit
        self._partial = bytearray()
        self._size = 0
        """Bytes of the event that is being read."""
        self._skips_lf = False
        self._is_first = True
        self._data: list[str] = []
        self._type = ""
        self._id = ""

    def feed(self, data: bytes) -> Iterator[ServerEvent]:
        """The events that `data` completes; ResponseError for one that is too large."""
        if not data:
            return
        if self._skips_lf:
            # The line ended with the CR before: an event need not wait for what follows.
            data = data.removeprefix(_LF)
        self._skips_lf = data.endswith(_CR)
        *lines, rest = _LINE_END.split(data)
        for line in lines:
            self._grow(line)
            whole, self._partial = bytes(self._partial), bytearray()
            if (event := self._read_line(whole)) is not None:
                yield event
        self._grow(rest)

    def _grow(self, piece: bytes) -> None:
        self._partial += piece
        self._size += len(piece)
        if self._size > self._limit:
            raise ResponseError(f"an event of the stream is larger than {self._limit} bytes", BODY_TOO_LARGE)

    def _read_line(self, line: bytes) -> ServerEvent | None:
        """Take a line; the event that it ends."""
        size = len(line)
        if self._is_first:
            self._is_first = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
            return None
        self._size -= size  # Comments may come for hours, to keep the connection open.
        if name == "event":
            self._type = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _dispatch(self) -> ServerEvent | None:
        """The event; None where no data came since the last one."""
        data, kind = self._data, self._type
        self._data, self._type, self._size = [], "", 0
        return ServerEvent("\n".join(data), kind or "message", self._id) if data else None
