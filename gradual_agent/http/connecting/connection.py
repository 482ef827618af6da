"""One HTTP/1.1 connection: a socket that the loop reads and that we write.

Hot path. What was measured, and what follows from it:

* A request is written by `socket.send` at once, not by `transport.write`, which queues (see `Http1Connection.send`).
  Both cost the same: 16 to 17 µs of CPU per request in a bare loop, nearly all of it in the kernel. An `Upload` writes
  what the kernel does not take at once: 64 KiB at a time, each piece after a check of the lease.
* A response that comes in one read, with a head that is written as usual and a body of known length, is complete after
  one search and one look-up, or one match (`reading.quick_head`); `ResponseReader` reads every other response.
* While idle a connection holds a socket, a transport and this object; buffers and parsers exist only while something
  is partly read.

`ResponseHandler` is all that a connection knows of the client.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final, Protocol, cast

from gradual_agent.http.connecting.line_use import Lines
from gradual_agent.http.connecting.upload import Rest, Upload
from gradual_agent.http.context import HttpContext
from gradual_agent.http.failures import Failure, ResponseError, connection_ended, unexpected
from gradual_agent.http.long_bytes import PIECE, LongBytes, Piece, Wire, split_piece
from gradual_agent.http.reading.head import MAX_HEAD, ResponseHead
from gradual_agent.http.reading.reader import ResponseReader, is_excess
from gradual_agent.http.reading.stream_reader import reader_for
from gradual_agent.http.request import HttpRequest
from gradual_agent.http.urls import Origin

NOTHING: Final = memoryview(b"")


class ResponseHandler(Protocol):
    """Gets the outcome of one request: `on_response` or `on_failure` is called exactly once, at the end."""

    def on_written(self, now: int) -> None:
        """The request was written at `now`, later than it was sent; 0: it is not written yet. Only a line calls it."""

    def on_begun(self) -> None:
        """The first byte was written later, because `send` could write none."""

    def on_unsent(self, count: int) -> None:
        """`count` bytes of the request will not be written; called right before the end."""

    def on_response(  # noqa: PLR0917 - hot path: called by position
        self, head: ResponseHead, data: bytes, offset: int, first_byte: int, ended: int, received: int
    ) -> None:
        """A response is complete; its body is `data[offset:]` if it is kept. `received`: its bytes on the wire."""

    def on_failure(self, failure: Failure, first_byte: int, received: int) -> None:
        """There will be no response."""


class Channel(Protocol):
    """What a user sends on: an `Http1Connection`, or one behind a line (`LineConnection`)."""

    @property
    def origin(self) -> Origin:
        """What it is connected to."""

    @property
    def is_free(self) -> bool:
        """Whether one more request can be sent."""

    @property
    def reused(self) -> bool:
        """Whether it has carried a response before."""

    def share_line(self, lines: Lines) -> None:
        """Share the line with the connections of the same user that carry something at the same time."""

    def send(self, wire: Wire, request: HttpRequest, handler: ResponseHandler, rest: Rest = NOTHING) -> int:
        """Write a request: see `Http1Connection.send`."""

    def cancel(self, handler: ResponseHandler) -> tuple[int, int]:
        """Close without an outcome for `handler`; return the instant of the first byte and the bytes received."""

    def close(self) -> None:
        """Close with a FIN."""

    def abort(self) -> None:
        """Close at once."""


class Http1Connection(asyncio.Protocol):
    """A connection that takes one exchange at a time.

    `is_free`: it is open, and one more request can be sent. `reused`: it has carried a response before, so the server
    may be closing it just now.
    """

    __slots__ = ("_context", "_early", "_first_byte", "_handler", "_heads", "_limit", "_reader",
                 "_received", "_request", "_socket", "_transport", "_upload", "_write_error", "is_free", "origin",
                 "reused")  # fmt: skip

    def __init__(self, context: HttpContext, origin: Origin, sock: socket.socket) -> None:
        self.origin = origin
        self.is_free = False
        self.reused = False
        self._context = context
        self._heads = context.heads
        self._socket = sock
        self._transport: asyncio.Transport | None = None
        self._handler: ResponseHandler | None = None
        self._request: HttpRequest | None = None
        self._reader: ResponseReader | None = None
        self._upload: Upload | None = None
        self._write_error: OSError | None = None
        self._limit = 0
        self._early = b""
        self._first_byte = 0
        self._received = 0

    @property
    def round_trips(self) -> int:
        """Round trips after that of TCP, before the first request could be sent."""
        return 0

    def share_line(self, lines: Lines) -> None:
        """Nothing: it is behind no line."""

    def send(self, wire: Wire, request: HttpRequest, handler: ResponseHandler, rest: Rest = NOTHING) -> int:
        """Write a request, `wire` and then `rest`; return how many bytes the kernel took at once.

        −1: the peer is gone. 0: the kernel has no room at all, which happens on an idle connection only when memory is
        short; then `on_begun` is called when the first byte is written.
        """
        # The transport owns the socket and reads from it, but we write to the socket directly. Why not
        # `transport.write`, which queues until the end of the loop's turn:
        # - `sent` must equal what the system counts. Here the kernel has the first byte or it has not; a queued byte
        #   may still be dropped by an abort or an error.
        # - The lease may end while bytes wait in the queue.
        # - The write happens at the instant that is stamped as `written`, where the measured time starts.
        # - A peer that is gone shows at once: a stale connection is replaced, and nothing was sent.
        # The transport itself writes only TLS's close_notify, so its bytes never mix with ours.
        try:
            sent = self._socket.send(wire if len(wire) <= PIECE else split_piece(wire)[0])  # type: ignore[arg-type]  # bytes
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.abort()
            return -1
        self.is_free = False
        self._handler = handler
        self._request = request
        self._limit = request.settings.quick_limit
        if sent < len(wire) or rest:
            first, rest = split_piece(wire) if isinstance(wire, LongBytes) else (wire, rest)
            self._send_rest(memoryview(first)[sent:], rest, handler if sent == 0 else None)
        if self._early:
            # With a reader the quick path is closed to what comes next, which follows the early bytes in `_read`.
            self._reader = reader_for(request, self._heads)
            self._context.loop.call_soon(self._replay)
        return sent

    def _send_rest(self, sealed: memoryview, rest: Rest, unbegun: ResponseHandler | None) -> None:
        on_begun = None if unbegun is None else unbegun.on_begun
        self._upload = upload = Upload(
            self._context, self._socket, sealed, rest, self._seal, on_begun, self._on_upload_over
        )
        upload.go_on()

    def _seal(self, piece: Piece) -> Piece:
        """A piece of a request as it goes to the socket."""
        return piece

    def _on_upload_over(self, error: OSError | None) -> None:
        """The request is written, or the peer takes no more; what the peer sent before that is still read."""
        if error is None:
            self._upload = None
        else:
            self._write_error = error
        reader = self._reader
        if reader is not None and reader.is_done:
            self._complete(reader)

    def _drop_upload(self) -> int:
        """Write nothing more; return how many bytes stay unwritten."""
        upload, self._upload = self._upload, None
        if upload is None:
            return 0
        upload.stop()
        return upload.unsent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is ready: the loop reads from now on."""
        self._transport = cast(asyncio.Transport, transport)
        self._context.connections += 1
        self.is_free = True

    def data_received(self, data: bytes) -> None:
        """Read bytes of a response, by the quick path where it is possible."""
        handler = self._handler
        if handler is None:
            self._take_early(data)
            return
        # The quick path takes 1 to 2 µs, the reader 9 µs. Most responses of a load test come in one read, with a head
        # that is written as usual (`reading.quick_head`) and a body of known length. The quick path then gives the same
        # result as the reader. The conditions, and why:
        # - no reader: nothing of this response was read before;
        # - no upload: an early answer may have to wait until the request is written;
        # - `is_quick`: the body has a known length, and the connection stays open;
        # - the data ends where the body ends: more bytes would belong to no request;
        # - the body is within the request's limit.
        # One clock reading is both first byte and end, as both came in one read. The connection is free before the
        # handler is called, because its user sends the next request within that call.
        if self._reader is None and self._upload is None:
            heads = self._heads
            head = heads.exact.get(data[: heads.size]) or heads.find(data)
            if (
                head is not None
                and head.is_quick
                and head.size + head.length == len(data)
                and head.length <= self._limit
            ):
                now = self._context.clock()
                self._handler = None
                self.is_free = self.reused = True
                handler.on_response(head, data, head.size, now, now, len(data))
                return
        self._read(data)

    def eof_received(self) -> None:
        """The server closed its side, which ends a response without a length; the transport closes our side."""
        self.is_free = False
        reader = self._reader
        if reader is not None and reader.finish():
            self._complete(reader)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the exchange in flight, if there is one: nothing more will come."""
        self.is_free = False
        if self._transport is not None:
            self._transport = None
            self._context.connections -= 1
        if self._upload is not None:
            self._upload.stop()
        if self._early:
            self._replay()
        reader = self._reader
        if reader is not None and reader.is_done:
            self._complete(reader)
        elif self._handler is not None:
            has_begun = reader is not None and reader.has_begun
            received = self._received if has_begun else 0
            is_stale = self.reused and not has_begun
            self._fail(connection_ended(exc or self._write_error, received, is_stale))
        self._drop_upload()

    def _read(self, data: bytes) -> None:
        assert self._request is not None
        reader = self._reader
        if reader is None:
            reader = self._reader = reader_for(self._request, self._context.heads)
        if self._early:
            data, self._early = self._early + data, b""
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
            # A response may come before the request is written. As in curl, it ends the exchange only if it is an
            # error (the server does not want the rest: RFC 9112, 9.3) or if nothing more can be written.
            assert reader.head is not None
            if self._upload is None or self._write_error is not None or reader.head.is_error:
                self._complete(reader)
        elif reader.is_at_start:
            self._first_byte = 0

    def _complete(self, reader: ResponseReader) -> None:
        """Pass on the response; keep the connection if request and response both ended completely."""
        handler, head = self._handler, reader.head
        assert handler is not None
        assert head is not None
        first_byte, received, ended = self._first_byte, self._received, self._context.clock()
        if reader.leaves_open and self._upload is None and self._transport is not None:
            self._forget()
            self.is_free = self.reused = True
        else:
            self._report_unsent(handler)
            self._forget()
            self.close()
        handler.on_response(head, reader.body, 0, first_byte, ended, received)

    def _report_unsent(self, handler: ResponseHandler) -> None:
        """Report the bytes of the request that will never be written, so that they are not counted."""
        if self._upload is not None:
            handler.on_unsent(self._upload.unsent)

    def _fail(self, failure: Failure) -> None:
        handler, first_byte, received = self._handler, self._first_byte, self._received
        self._forget()
        self.is_free = False
        if handler is not None:
            self._report_unsent(handler)
            handler.on_failure(failure, first_byte, received)

    def _forget(self) -> None:
        self._handler = self._request = self._reader = None
        self._first_byte = self._received = 0

    def _take_early(self, data: bytes) -> None:
        """Bytes without a request: a new connection keeps them for its first one, a reused connection is closed."""
        # - New: a server that speaks only HTTP/2 may send its SETTINGS at once. They are kept, so the first request
        #   fails with a clear reason.
        # - Reused: the server may explain why it closes (408). That must not be read as the answer to the next request
        #   (RFC 9112, 9.3).
        # - Late line ends belong to the message before, and are dropped (RFC 9112, 2.2).
        if self.is_free and self.reused and not is_excess(data):
            return
        if self.reused or not self.is_free or len(self._early) + len(data) > MAX_HEAD:
            self.close()
        else:
            self._early += data

    def _replay(self) -> None:
        """Read the early bytes, unless they were read with what came after them."""
        if self._early and self._handler is not None:
            self._read(b"")
        self._early = b""

    def cancel(self, handler: ResponseHandler) -> tuple[int, int]:
        """Close without an outcome for `handler`; return the instant of the first byte and the bytes received.

        The connection is lost with it: HTTP/1.1 has no other way to give up a response.
        """
        if self._handler is not handler:
            return 0, 0
        part = self._first_byte, self._received
        self._report_unsent(handler)
        self._forget()
        self.close()
        return part

    def close(self) -> None:
        """Close with a FIN after the bytes that the kernel holds; the rest of a request is not written."""
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
        """Bytes to write before the FIN: none without TLS."""
        return b""

    def abort(self) -> None:
        """Close at once; the kernel still delivers what it has."""
        self.is_free = False
        self._drop_upload()
        if self._transport is not None:
            self._transport.abort()
