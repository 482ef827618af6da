"""A connection behind a user's line (`network`): what is sent and what comes is delayed as the line would delay it.

The connection itself works as always, close to the system. So the exchange and the time to the first byte are those of
the system, and only the response time has the line in it. The instants that the user sees are computed from those of
the exchange: that a timer fires late changes no measured time.

Nothing waits outside of this object: a stop, a cut or a timeout in the middle of a delay closes the connection as in an
exchange, and what was not written by then is never written.
"""

from __future__ import annotations

from typing import Any

from gradual_agent.http.connecting.connection import NOTHING, Http1Connection, ResponseHandler
from gradual_agent.http.connecting.line_use import Lines, LineUse
from gradual_agent.http.connecting.upload import Rest
from gradual_agent.http.context import HttpContext
from gradual_agent.http.failures import NO_LEASE, RESET, Failure
from gradual_agent.http.long_bytes import Wire
from gradual_agent.http.reading.head import ResponseHead
from gradual_agent.http.request import HttpRequest
from gradual_agent.http.urls import Origin
from gradual_agent.runtime.timeline import Entry
from gradual_common.net.line import Line


class LineConnection:
    """A `Channel` that delays another one; it is the handler of its exchanges."""

    __slots__ = (
        "_connection",
        "_context",
        "_due",
        "_entry",
        "_handler",
        "_line",
        "_part",
        "_use",
        "_waiting",
        "_written",
    )

    def __init__(self, context: HttpContext, connection: Http1Connection, line: Line) -> None:
        self._context = context
        self._connection = connection
        self._line = line
        self._use = LineUse(line)
        """Its own, until the user's connections share one."""
        self._handler: ResponseHandler | None = None
        self._entry: Entry | None = None
        self._waiting: tuple[Wire, HttpRequest, Rest] | None = None
        """The request that is on the line."""
        self._due = 0
        """When the request has passed the line."""
        self._written = 0
        self._part = (0, 0)
        """First byte and bytes of a response that is on the line."""

    @property
    def origin(self) -> Origin:
        """What it is connected to."""
        return self._connection.origin

    @property
    def is_free(self) -> bool:
        """Whether one more request can be sent."""
        return self._handler is None and self._connection.is_free

    @property
    def reused(self) -> bool:
        """Whether it has carried a response before."""
        return self._connection.reused

    def share_line(self, lines: Lines) -> None:
        """From now on share the line with the connections of the user's other clients; no exchange is under way."""
        self._use = lines.setdefault(self._line, self._use)

    def send(self, wire: Wire, request: HttpRequest, handler: ResponseHandler, rest: Rest = NOTHING) -> int:
        """Put a request on the line; 0, as nothing is written yet."""
        self._handler = handler
        self._waiting = wire, request, rest
        self._part = (0, 0)
        handler.on_written(0)
        self._due = self._use.send(self, self._context.clock(), len(wire) + len(rest))
        self._at(self._due, self._write)
        return 0

    def _at(self, when: int, callback: Any, argument: Any = None) -> None:
        self._entry = self._context.timeline.at(when, callback, argument)

    def _write(self, _: object) -> None:
        """Write the request, which has passed the line; the lease may have ended meanwhile."""
        assert self._waiting is not None
        assert self._handler is not None
        (wire, request, rest), self._waiting, self._entry = self._waiting, None, None
        now = self._context.clock()
        if now >= self._context.lease.ends_at:
            self._see_failure((NO_LEASE, 0, 0))
            return
        self._written = now
        self._handler.on_written(now)
        sent = self._connection.send(wire, request, self, rest)
        if sent < 0:
            self._handler.on_written(0)
            self.on_failure(Failure(RESET, "the server closed the connection before the request was written"), 0, 0)
        elif sent:
            self._handler.on_begun()

    def on_written(self, now: int) -> None:
        """Nothing: only a line tells its user when it writes."""

    def on_begun(self) -> None:
        """Pass it on."""
        assert self._handler is not None
        self._handler.on_begun()

    def on_unsent(self, count: int) -> None:
        """Pass it on."""
        assert self._handler is not None
        self._handler.on_unsent(count)

    def on_response(  # noqa: PLR0917 - as in ResponseHandler
        self, head: ResponseHead, data: bytes, offset: int, first_byte: int, ended: int, received: int
    ) -> None:
        """Let a response pass the line."""
        late = self._written - self._due
        seen = self._use.receive(self, first_byte - late, ended - late, received)
        self._part = first_byte, received
        self._at(seen, self._see_response, (head, data, offset, first_byte, ended, received, seen))

    def _see_response(self, response: tuple[ResponseHead, bytes, int, int, int, int, int]) -> None:
        """The user has the response."""
        # All instants of the exchange are moved to the time that the user sees, so that differences stay the system's.
        head, data, offset, first_byte, ended, received, seen = response
        handler = self._take_handler()
        shift = seen - ended
        handler.on_written(self._written + shift)
        handler.on_response(head, data, offset, first_byte + shift, seen, received)

    def on_failure(self, failure: Failure, first_byte: int, received: int) -> None:
        """Let the end of the connection pass the line; a bug is reported at once."""
        self._part = first_byte, received
        outcome = failure, first_byte, received
        if failure.error is not None:
            self._see_failure(outcome)
        else:
            self._at(self._context.clock() + self._line.half_back, self._see_failure, outcome)

    def _see_failure(self, outcome: tuple[Failure, int, int]) -> None:
        self._take_handler().on_failure(*outcome)

    def _take_handler(self) -> ResponseHandler:
        """The handler, which gets its outcome now: it may send again within that call."""
        handler, self._handler, self._entry = self._handler, None, None
        assert handler is not None, "what is on the line is cancelled with its exchange"
        self._use.end(self)
        return handler

    def cancel(self, handler: ResponseHandler) -> tuple[int, int]:
        """Close without an outcome for `handler`; return the instant of the first byte and the bytes received."""
        if self._handler is not handler:
            return 0, 0
        first_byte, received = self._connection.cancel(self)
        part = self._part if self._part[1] else (first_byte, received)
        self.close()
        return part

    def close(self) -> None:
        """Close with a FIN; what is on the line is dropped."""
        self._drop()
        self._connection.close()

    def abort(self) -> None:
        """Close at once; what is on the line is dropped."""
        self._drop()
        self._connection.abort()

    def _drop(self) -> None:
        if self._handler is not None:
            self._use.cut(self, self._context.clock())
        self._handler = self._waiting = None
        if self._entry is not None:
            self._context.timeline.cancel(self._entry)
            self._entry = None
