"""One HTTP/1.1 connection: a socket that the loop reads and that we write.

Hot path, marked as one. What was measured, and what follows from it:

* A request is written by `socket.send` at once, not by `transport.write`: uvloop queues writes to the end of its
  iteration, where an error or an abort can still take them back. `send` says there and then whether the kernel has
  the first byte, which is what `sent` counts, and costs the same (16 to 17 µs of CPU a request for either in a bare
  loop, nearly all of it in the kernel). What the kernel does not take at once is an `Upload`: 64 KiB at a time, each
  piece after a look at the lease.
* A response that comes in one read, with a head seen before and a body of known length, is complete after one search
  and one look-up; everything else goes to `ResponseReader`.
* While idle a connection holds a socket, a transport and this object; buffers and parsers exist only while something
  is partly read.

`Exchange` is all that a connection knows of the client.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final, Protocol, cast

from gradual_agent.http.connecting.upload import PIECE, Upload
from gradual_agent.http.context import HttpContext
from gradual_agent.http.failures import Failure, ResponseError, connection_ended, unexpected
from gradual_agent.http.reading.head import MAX_HEAD, ResponseHead
from gradual_agent.http.reading.reader import ResponseReader, is_excess
from gradual_agent.http.request import HttpRequest
from gradual_agent.http.urls import Origin

NOTHING: Final = memoryview(b"")


class Exchange(Protocol):
    """What sent a request, as the connection sees it: it is called once at the end, with a response or a failure."""

    def on_begun(self) -> None:
        """The first byte was written, of a request of which `send` could write none."""

    def on_unsent(self, count: int) -> None:
        """So many bytes of the request will not be written; called right before the end."""

    def on_response(  # noqa: PLR0917 - hot path: called by position
        self, head: ResponseHead, data: bytes, offset: int, first_byte: int, ended: int, received: int
    ) -> None:
        """A response is complete; its body is `data[offset:]` if it is kept. `received`: its bytes on the wire."""

    def on_failure(self, failure: Failure, first_byte: int, received: int) -> None:
        """There will be no response."""


class Http1Connection(asyncio.Protocol):
    """A connection that takes one exchange at a time.

    `is_free`: it is open, and one more request can be sent. `reused`: it has carried a response before, so the server
    may be closing it just now.
    """

    __slots__ = ("_context", "_early", "_exchange", "_first_byte", "_known", "_limit", "_reader", "_received",
                 "_request", "_socket", "_transport", "_upload", "_write_error", "is_free", "origin",
                 "reused")  # fmt: skip

    def __init__(self, context: HttpContext, origin: Origin, sock: socket.socket) -> None:
        self.origin = origin
        self.is_free = False
        self.reused = False
        self._context = context
        self._known = context.heads
        self._socket = sock
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._request: HttpRequest | None = None
        self._reader: ResponseReader | None = None
        self._upload: Upload | None = None
        self._write_error: OSError | None = None
        self._limit = 0
        self._early = b""
        self._first_byte = 0
        self._received = 0

    def send(self, wire: bytes, request: HttpRequest, exchange: Exchange, rest: memoryview = NOTHING) -> int:
        """Write a request, `wire` and then `rest`. How many bytes the kernel took at once; −1 when the peer is gone.

        0 when the kernel has no room at all, which on an idle connection only a shortage of memory explains; the
        exchange is called when the first byte is written then.
        """
        # The send before the transport: the socket belongs to a transport, which reads it, and we write past it. A
        # transport queues what it is given until the end of the loop's turn; whether a byte has left is known to nobody
        # then, an abort or an error may still take it back, and the lease may have ended meanwhile. `sent`, which must
        # equal what the system counts, is decided here: the kernel has the first byte, or it has none. A peer that is
        # gone shows at once, so a stale connection is replaced and nothing was sent. And the write happens at the
        # instant that was stamped as `written`, which is where the exchange's time begins. On an idle connection the
        # kernel takes a whole request; what it does not take is an `Upload`. The transport never writes but for TLS's
        # close_notify, so nobody's bytes are mixed with ours.
        try:
            sent = self._socket.send(wire if len(wire) <= PIECE else wire[:PIECE])
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.abort()
            return -1
        self.is_free = False
        self._exchange = exchange
        self._request = request
        self._limit = request.body_limit
        if sent < len(wire) or rest:
            self._send_rest(memoryview(wire)[sent:], rest, exchange if sent == 0 else None)
        if self._early:
            self._context.loop.call_soon(self._replay)
        return sent

    def _send_rest(self, sealed: memoryview, rest: memoryview, unbegun: Exchange | None) -> None:
        on_begun = None if unbegun is None else unbegun.on_begun
        self._upload = upload = Upload(
            self._context, self._socket, sealed, rest, self._seal, on_begun, self._on_upload_over
        )
        upload.go_on()

    def _seal(self, piece: memoryview) -> bytes | memoryview:
        """A piece of a request as it goes to the socket."""
        return piece

    def _on_upload_over(self, error: OSError | None) -> None:
        """All is written, or the peer takes no more: what it has said before that is still read."""
        if error is None:
            self._upload = None
        else:
            self._write_error = error
        reader = self._reader
        if reader is not None and reader.is_done:
            self._complete(reader)

    def _drop_upload(self) -> int:
        """Write nothing more; how many bytes that leaves unwritten."""
        upload, self._upload = self._upload, None
        if upload is None:
            return 0
        upload.stop()
        return upload.unsent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop reads from now on."""
        self._transport = cast(asyncio.Transport, transport)
        self._context.connections += 1
        self.is_free = True

    def data_received(self, data: bytes) -> None:
        """Bytes of a response; the quick path for those that need nothing else."""
        exchange = self._exchange
        if exchange is None:
            self._take_early(data)
            return
        # The quick path. Most responses of a load test come in one read: a head that was seen before (kept under
        # its exact bytes), a body of known length, and nothing behind it. For these one search and one look-up
        # say all that the reader would: no buffer, no parser, no object is made, 1 µs instead of 9. What must hold, and
        # why: no reader (nothing of this response was read before) and no upload (an early answer may have to wait for
        # the rest of the request); `is_quick` (no cookies or redirect to act on, and the connection stays open); the
        # bytes end exactly where the body does (more would be an answer that nobody asked for); the body is within the
        # request's limit. First byte and end are one stamp, as both came in one read. The connection is free before the
        # exchange hears of it, for its user sends the next request within that call.
        if self._reader is None and self._upload is None:
            end = data.find(b"\r\n\r\n") + 4
            head = self._known.get(data[:end])
            if head is not None and head.is_quick and end + head.length == len(data) and head.length <= self._limit:
                now = self._context.clock()
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
            self._context.connections -= 1
        if self._upload is not None:
            self._upload.stop()
        if self._early:
            self._replay()
        if self._exchange is not None:
            self._end_without_more(exc)
        self._drop_upload()

    def _end_without_more(self, error: Exception | None) -> None:
        reader = self._reader
        if reader is not None and reader.is_done:
            self._complete(reader)
            return
        has_begun = reader is not None and reader.has_begun
        is_stale = self.reused and not has_begun
        self._fail(connection_ended(error or self._write_error, self._received if has_begun else 0, is_stale))

    def _read(self, data: bytes) -> None:
        assert self._request is not None
        reader = self._reader
        if reader is None:
            reader = self._reader = ResponseReader(self._context.heads, self._request)
        if self._first_byte == 0:
            self._first_byte = self._context.clock()
        self._received += len(data)
        try:
            is_complete = reader.feed(data)
        except ResponseError as error:
            self._fail(error.failure)
            self.close()
            return
        except Exception as error:
            self._fail(unexpected(error))
            self.abort()
            return
        if is_complete:
            # An early answer ends the exchange if it is an error or nothing more can be written; else all is sent
            # first. As curl does: an error says that the rest is not wanted (RFC 9112, 9.3).
            assert reader.head is not None
            if self._upload is None or self._write_error is not None or reader.head.is_error:
                self._complete(reader)
        elif reader.is_at_start:
            self._first_byte = 0

    def _complete(self, reader: ResponseReader) -> None:
        """Hand the response over; the connection serves again if both sides left it in a known state."""
        exchange, head = self._exchange, reader.head
        assert exchange is not None
        assert head is not None
        first_byte, received, ended = self._first_byte, self._received, self._context.clock()
        if reader.leaves_open and self._upload is None and self._transport is not None:
            self._forget()
            self.is_free = self.reused = True
        else:
            self._tell_unsent(exchange)
            self._forget()
            self.close()
        exchange.on_response(head, reader.body, 0, first_byte, ended, received)

    def _tell_unsent(self, exchange: Exchange) -> None:
        """What is not written is not counted; a message that is cut off leaves nothing to say to the peer."""
        if self._upload is not None:
            exchange.on_unsent(self._upload.unsent)

    def _fail(self, failure: Failure) -> None:
        exchange, first_byte, received = self._exchange, self._first_byte, self._received
        self._forget()
        self.is_free = False
        if exchange is not None:
            self._tell_unsent(exchange)
            exchange.on_failure(failure, first_byte, received)

    def _forget(self) -> None:
        self._exchange = self._request = self._reader = None
        self._first_byte = self._received = 0

    def _take_early(self, data: bytes) -> None:
        """What nobody asked for: a fresh connection keeps it for the first request, an idle one is of no more use.

        A server that speaks HTTP/2 without being asked announces itself before the first request is sent; an idle
        connection gets the reason why it will be closed (408), which is no answer to what is sent next (RFC 9112,
        9.3). Line ends that come late belong to the message before (RFC 9112, 2.2).
        """
        if self.is_free and self.reused and not is_excess(data):
            return
        if self.reused or not self.is_free or len(self._early) + len(data) > MAX_HEAD:
            self.close()
        else:
            self._early += data

    def _replay(self) -> None:
        data, self._early = self._early, b""
        if self._exchange is not None:
            self._read(data)

    def cancel(self, exchange: Exchange) -> tuple[int, int]:
        """Close without a call of `exchange`: HTTP/1.1 has no other way to give up a response.

        The instant of its first byte, and the bytes received.
        """
        if self._exchange is not exchange:
            return 0, 0
        part = self._first_byte, self._received
        self._tell_unsent(exchange)
        self._forget()
        self.close()
        return part

    def close(self) -> None:
        """FIN behind what the kernel holds. What it has not taken is not written: nobody waits for the answer."""
        self.is_free = False
        transport, context = self._transport, self._context
        is_cut_off = self._drop_upload() > 0
        if transport is None or transport.is_closing():
            return
        if is_cut_off or context.clock() >= context.lease.ends_at:
            transport.abort()
            return
        if last := self._closing_bytes():
            transport.write(last)
        transport.close()

    def _closing_bytes(self) -> bytes:
        """What is said before the FIN."""
        return b""

    def abort(self) -> None:
        """Close at once; the kernel still delivers what it has."""
        self.is_free = False
        self._drop_upload()
        if self._transport is not None:
            self._transport.abort()
