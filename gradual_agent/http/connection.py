"""One HTTP/1.1 connection: a socket that the loop reads and that we write.

Hot path, marked as one. What was measured, and what follows from it:

* A request is written by `socket.send` at once, not by `transport.write`: uvloop queues writes to the end of its
  iteration, where an error or an abort can still take them back. `send` says there and then whether the kernel has
  the first byte, which is what `sent` counts, and costs the same (16 to 17 µs of CPU a request for either in a bare
  loop, nearly all of it in the kernel). Only what the kernel does not take at once goes through the transport, 64 KiB
  at a time, each piece after a look at the lease.
* A response that comes in one read, with a head seen before and a body of known length, is complete after one search
  and one look-up; everything else goes to `ResponseReader`.
* While idle a connection holds a socket, a transport and this object; buffers and parsers exist only while something
  is partly read.

`Connection` and `Exchange` are what client and connection know of each other. A connection of several streams would
keep one exchange per stream; nothing in the client assumes that there is only one.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Protocol, cast

from gradual_agent.http.failures import Failure, ResponseError, connection_ended
from gradual_agent.http.head import MAX_HEAD, ResponseHead
from gradual_agent.http.reader import ResponseReader
from gradual_agent.http.request import Request
from gradual_agent.http.urls import Origin

if TYPE_CHECKING:
    from gradual_agent.http.engine import HttpEngine

PIECE = 64 * 1024
"""What is handed to the transport between two looks at the lease."""


class Exchange(Protocol):
    """Whoever sent a request, as the connection sees it: told once, one or the other."""

    def on_response(  # noqa: PLR0917 - hot path: called by position
        self, head: ResponseHead, data: bytes, offset: int, first_byte: int, ended: int, received: int
    ) -> None:
        """A response is complete; its body is `data[offset:]` if it is kept. `received`: its bytes on the wire."""
        ...

    def on_failure(self, failure: Failure, first_byte: int, received: int) -> None:
        """There will be no response."""
        ...


class Connection(Protocol):
    """A way to an origin that requests can be sent on."""

    origin: Origin
    is_free: bool
    """It is open, and one more request can be sent."""
    reused: bool
    """It has carried a response before, so the server may be closing it just now."""

    def send(self, wire: bytes, request: Request, exchange: Exchange) -> bool:
        """Write a request; False when it turns out that the peer is gone, and nothing reached the kernel."""
        ...

    def cancel(self, exchange: Exchange) -> tuple[int, int]:
        """Forget `exchange`; what it has written still arrives. The instant of the first byte, and bytes received."""
        ...

    def close(self) -> None:
        """Close; what was written still arrives."""
        ...

    def abort(self) -> None:
        """Close; what the kernel does not hold is dropped."""
        ...


class Http1Connection(asyncio.Protocol):
    """A connection that takes one exchange at a time."""

    __slots__ = ("_early", "_engine", "_exchange", "_first_byte", "_known", "_limit", "_paused", "_reader", "_received",
                 "_request", "_rest", "_socket", "_transport", "is_free", "origin", "reused")  # fmt: skip

    def __init__(self, engine: HttpEngine, origin: Origin, sock: socket.socket) -> None:
        self.origin = origin
        self.is_free = False
        self.reused = False
        self._engine = engine
        self._known = engine.heads.known
        self._socket = sock
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._request: Request | None = None
        self._reader: ResponseReader | None = None
        self._rest: memoryview | None = None
        self._limit = 0
        self._paused = False
        self._early = b""
        self._first_byte = 0
        self._received = 0

    # ── Sending ────────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, wire: bytes, request: Request, exchange: Exchange) -> bool:
        """Write a request at once; False when the peer turns out to be gone, and nothing reached the kernel."""
        try:
            sent = self._socket.send(wire)
        except BlockingIOError:
            sent = (
                0  # No room in an empty send buffer: cannot happen on an idle connection, and is not lost if it does.
            )
        except OSError:
            self.abort()
            return False
        self.is_free = False
        self._exchange = exchange
        self._request = request
        self._limit = request.body_limit
        if sent < len(wire):
            self._send_rest(memoryview(wire)[sent:])
        if self._early:
            self._engine.loop.call_soon(self._replay)
        return True

    def _send_rest(self, rest: memoryview) -> None:
        transport = self._transport
        assert transport is not None
        self._rest = rest
        self._paused = False
        transport.set_write_buffer_limits(0)
        self._pump()

    def _pump(self) -> None:
        """Write until the transport has enough; a lease that is over ends it (DESIGN 4.4), and the cut closes."""
        engine, transport = self._engine, self._transport
        while self._rest is not None and not self._paused and transport is not None:
            if engine.clock() >= engine.lease.ends_at:
                return
            piece, rest = self._rest[:PIECE], self._rest[PIECE:]
            self._rest = rest if len(rest) else None
            transport.write(piece)

    # ── What the loop calls ────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop reads from now on."""
        self._transport = cast(asyncio.Transport, transport)
        self._engine.connections += 1
        self.is_free = True

    def data_received(self, data: bytes) -> None:
        """Bytes of a response; the quick path for those that need nothing else."""
        exchange = self._exchange
        if exchange is None:
            self._take_early(data)
            return
        if self._reader is None and self._rest is None:
            end = data.find(b"\r\n\r\n") + 4
            head = self._known.get(data[:end])
            if head is not None and head.is_quick and end + head.length == len(data) and head.length <= self._limit:
                now = self._engine.clock()
                self._exchange = None
                self.is_free = self.reused = True
                exchange.on_response(head, data, end, now, now, len(data))
                return
        self._read(data)

    def eof_received(self) -> None:
        """The server closed its side: the end of some responses; the transport closes ours."""
        self.is_free = False
        reader = self._reader
        if reader is not None and reader.finish():
            self._complete(reader)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come."""
        self.is_free = False
        if self._transport is not None:
            self._transport = None
            self._engine.connections -= 1
        self._rest = None
        if self._early:
            self._replay()
        if self._exchange is not None:
            is_stale = self.reused and self._received == 0
            self._fail(connection_ended(exc, self._received, is_stale))

    def pause_writing(self) -> None:
        """The transport's buffer is not empty."""
        self._paused = True

    def resume_writing(self) -> None:
        """The transport's buffer is empty."""
        self._paused = False
        self._pump()

    # ── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, data: bytes) -> None:
        assert self._request is not None
        reader = self._reader
        if reader is None:
            reader = self._reader = ResponseReader(self._engine.heads, self._request)
        if self._first_byte == 0:
            self._first_byte = self._engine.clock()
        self._received += len(data)
        try:
            if reader.feed(data):
                self._complete(reader)
            elif reader.is_at_start:
                self._first_byte = 0
        except ResponseError as error:
            self._fail(error.failure)
            self.close()

    def _complete(self, reader: ResponseReader) -> None:
        """Hand the response over; the connection serves again if both sides left it in a known state."""
        exchange, head = self._exchange, reader.head
        assert exchange is not None
        assert head is not None
        first_byte, received, ended = self._first_byte, self._received, self._engine.clock()
        if reader.leaves_open and self._rest is None and self._transport is not None:
            self._forget()
            self.is_free = self.reused = True
        else:
            self._forget()
            self.close()
        exchange.on_response(head, reader.body, 0, first_byte, ended, received)

    def _fail(self, failure: Failure) -> None:
        exchange, first_byte, received = self._exchange, self._first_byte, self._received
        self._forget()
        self.is_free = False
        if exchange is not None:
            exchange.on_failure(failure, first_byte, received)

    def _forget(self) -> None:
        self._exchange = self._request = self._reader = None
        self._first_byte = self._received = 0

    def _take_early(self, data: bytes) -> None:
        """What nobody asked for: a fresh connection keeps it for the first request, an idle one is of no more use.

        A server that speaks HTTP/2 without being asked announces itself before the first request is sent; an idle
        connection is told why it will be closed (408), which is no answer to what is sent next (RFC 9112, 9.3).
        """
        if self.reused or not self.is_free or len(self._early) + len(data) > MAX_HEAD:
            self.close()
        else:
            self._early += data

    def _replay(self) -> None:
        data, self._early = self._early, b""
        if self._exchange is not None:
            self._read(data)

    # ── Closing ────────────────────────────────────────────────────────────────────────────────────────────────────

    def cancel(self, exchange: Exchange) -> tuple[int, int]:
        """Close without telling `exchange`: HTTP/1.1 has no other way to give up a response."""
        if self._exchange is not exchange:
            return 0, 0
        part = self._first_byte, self._received
        self._forget()
        self.close()
        return part

    def close(self) -> None:
        """FIN after all that was written: a message that counts as sent arrives whole while there is a lease."""
        self.is_free = False
        transport, rest = self._transport, self._rest
        if transport is None or transport.is_closing():
            return
        if rest is not None and self._engine.clock() >= self._engine.lease.ends_at:
            transport.abort()
            return
        self._rest = None
        for last in (rest, self._last_words()):
            if last:
                transport.write(last)
        transport.close()

    def _last_words(self) -> bytes:
        """What is said before the FIN."""
        return b""

    def abort(self) -> None:
        """Close at once; the kernel still delivers what it has."""
        self.is_free = False
        self._rest = None
        if self._transport is not None:
            self._transport.abort()
