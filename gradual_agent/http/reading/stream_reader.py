"""Reads a response whose body is an event stream: each event is passed on when it comes, and may end the exchange.

A response of another kind (an error, a redirect) is read as any other. Of a stream nothing is kept but the event that
is being read, so its length costs no memory.
"""

from __future__ import annotations

from typing import Final

from gradual_agent.http.failures import ResponseError
from gradual_agent.http.reading.chunks import ChunkedBody
from gradual_agent.http.reading.events import MAX_EVENT, EventParser, EventSink
from gradual_agent.http.reading.head import ResponseHead
from gradual_agent.http.reading.inflating import Inflater, inflater_of
from gradual_agent.http.reading.quick_head import KnownHeads
from gradual_agent.http.reading.reader import ResponseReader
from gradual_agent.http.request import UNLIMITED, HttpRequest

STREAM_TYPE: Final = "text/event-stream"


class StreamReader(ResponseReader):
    """Reads one response; it is done when the sink wants no more events, or when the stream ends."""

    __slots__ = ("_inflater", "_is_left", "_max_event", "_parser", "_sink")

    def __init__(self, heads: KnownHeads, request: HttpRequest, sink: EventSink) -> None:
        super().__init__(heads, request)
        self._sink = sink
        self._parser: EventParser | None = None
        self._inflater: Inflater | None = None
        self._is_left = False
        limit = request.settings.max_body
        self._max_event = MAX_EVENT if limit is None else limit

    @property
    def body(self) -> bytes:
        """The data of the last event."""
        return super().body if self._parser is None else self._sink.last_data.encode()

    @property
    def leaves_open(self) -> bool:
        """Not where the stream goes on: HTTP/1.1 has no other way to end it."""
        return super().leaves_open and not self._is_left

    def finish(self) -> bool:
        """Whether the stream is complete now that the server has closed; not if its coding lacks its end."""
        inflater = self._inflater
        return super().finish() and (self.is_done or inflater is None or inflater.is_whole)

    def _begin_body(self, head: ResponseHead) -> None:
        if self._expects_body and head.status == 200 and is_event_stream(head):
            try:
                self._inflater = inflater_of(head.encoding)
            except KeyError:
                super()._begin_body(head)
                return
            if head.encoding:
                head = head.without_codings()
            self._limit = UNLIMITED
            self._parser = EventParser(self._max_event)
            self._sink.begin(head)
        super()._begin_body(head)

    def _read_body(self, head: ResponseHead, data: bytes) -> None:
        super()._read_body(head, data)
        if self._is_left:
            self._is_left = not self.is_done
            self.is_done = True
        elif self.is_done and self._inflater is not None and not self._inflater.is_whole:
            raise ResponseError(f"the stream is not valid {self._inflater.coding}: it ends early")

    def _take(self, data: bytes) -> None:
        if self._parser is None:
            super()._take(data)
            return
        self._size += len(data)
        for piece in (data,) if self._inflater is None else self._inflater.feed(data):
            if not self._is_left:
                self._is_left = any(map(self._sink.take, self._parser.feed(piece)))

    def _read_chunks(self, chunks: ChunkedBody, data: bytes) -> None:
        if self._parser is None:
            super()._read_chunks(chunks, data)
            return
        for piece in chunks.feed(data):
            self._take(piece)
        self.is_done = chunks.is_done
        self.has_excess = chunks.has_excess


def is_event_stream(head: ResponseHead) -> bool:
    """Whether the Content-Type is that of an event stream."""
    return head.headers.get("content-type", "").partition(";")[0].strip().lower() == STREAM_TYPE


def reader_for(request: HttpRequest, heads: KnownHeads) -> ResponseReader:
    """A reader of the response to `request`."""
    events = request.events
    return ResponseReader(heads, request) if events is None else StreamReader(heads, request, events)
