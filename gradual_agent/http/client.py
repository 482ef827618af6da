"""One virtual user's HTTP client: its connections (one per origin), its cookies, and one fetch at a time.

Hot path, marked as one: a fetch of a static request on an idle connection is one `send`, one suspension and one
`resume`, without a task, a future, a timer or an object made for it.

Timeouts: the client has one deadline and at most one entry in the timeline, whatever the number of requests. The entry
is not moved when a request ends; when its instant comes it looks at the deadline, and either it is over or the entry
is set again for it.

A fetch is interrupted or cut from outside while it is suspended: `interrupt` ends it and resumes the user, `cut`
leaves the user where it is. Both close the connection with a FIN behind what the kernel holds; what it has not taken of
a large body is not written (DESIGN 4.4), and not counted.
"""

from __future__ import annotations

from typing import Final

from gradual_agent.http.connecting.connection import Http1Connection
from gradual_agent.http.connecting.dialer import Dial, Dialer, Opened
from gradual_agent.http.cookies import CookieJar
from gradual_agent.http.failures import (
    CONNECT,
    CUT_SHORT,
    NO_LEASE,
    REDIRECT,
    RESET,
    TIMEOUT,
    Failure,
    ResponseError,
)
from gradual_agent.http.reading.decoding import decode_body
from gradual_agent.http.reading.head import ResponseHead
from gradual_agent.http.request import HttpRequest, follow
from gradual_agent.http.response import Headers, Response
from gradual_agent.http.urls import Origin
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.suspension import Resumable, suspend
from gradual_agent.runtime.timeline import Entry
from gradual_common.clock import NEVER, NS_PER_S
from gradual_common.plan.model.plan import Connections, Cookies

Outcome = ResponseHead | Failure

FIRST: Final = 0
HOP: Final = 1
RESEND: Final = 2
"""Why a message is sent; hops and re-sends are counted when their first byte is written (RESULTS)."""

MOST_CONNECTIONS: Final = 256
"""A user keeps so many, as a browser does; the oldest is closed for a new one, and opened again when it is needed."""

NO_CONNECTIONS: Final[dict[Origin, Http1Connection]] = {}
"""Shared by all clients that have at most one connection; never written to."""


class HttpClient:
    """`fetch` never raises for what happens on the network: failures are data (RESULTS, "What is measured")."""

    __slots__ = ("_cause", "_connect_timeout", "_connection", "_connections", "_context", "_cookies", "_data",
                 "_deadline", "_dial", "_dialer", "_keeping", "_last_wire", "_owner", "_sample", "_sends_as_is",
                 "_size", "_timer", "_timer_at", "_wants_body", "cookies")  # fmt: skip

    def __init__(self, dialer: Dialer, owner: Resumable, cookies: Cookies, connections: Connections) -> None:
        self._context = context = dialer.context
        self.cookies = CookieJar(context.clock, context.wall_clock)
        self._dialer = dialer
        self._owner = owner
        self._cookies = cookies
        self._keeping = connections
        self._sends_as_is = connections != "close"
        self._connection: Http1Connection | None = None
        self._connections: dict[Origin, Http1Connection] = NO_CONNECTIONS
        self._sample: Sample | None = None
        self._wants_body = False
        self._cause = FIRST
        self._size = 0
        self._data = b""
        self._dial: Dial | None = None
        self._connect_timeout: Failure | None = None
        self._deadline = NEVER
        self._timer: Entry | None = None
        self._timer_at = NEVER
        self._last_wire: tuple[HttpRequest, int, bytes] | None = None

    # The lease is compared before every write (DESIGN 4.4): here, before each request, and in `Upload` before each
    # piece. An agent that was cut off from its master may write until its lease ends, and the master gives its slots to
    # somebody else once that is over: were it looked at once per iteration, or when a ping fails, two users would be
    # active in one slot. A timer would not do, for a process that was frozen, or a machine that slept, goes on in the
    # middle of whatever it did, before any timer runs. So the clock is read right before the write, in the same turn of
    # the loop; the stamp is the sample's `written`, and costs nothing on top. What may still be sent past the end is
    # one write between the look and the kernel. A new connection is not even dialled without a lease (`_connect`), as a
    # handshake is load, too. The fetch then ends as interrupted: not a failure of the system, and nothing was sent.
    async def fetch(self, request: HttpRequest, sample: Sample) -> None:
        """Send `request`, follow and re-send as must be, and fill `sample`, which the caller reset to its start.

        `sample.kind` is 0 whatever the status of the response: judging that is not the engine's task. What nobody
        foresaw is raised; the client is ready for the next fetch all the same.
        """
        self._begin(request, sample)
        context, outcome = self._context, None
        current: HttpRequest | None = request
        try:
            while current is not None:
                connection = self._connection
                if connection is None or connection.origin is not current.origin or not connection.is_free:
                    connection = self._find(current.origin) or await self._connect(current, sample)
                    if connection is None:
                        break
                wire = current.wire if self._sends_as_is and not current.cookie else self._add_cookies(current)
                now = context.clock()
                if now >= context.lease.ends_at:
                    self._end(sample, NO_LEASE)
                    break
                self._wants_body = current.wants_body
                sample.written = now
                self._size = len(wire)
                sent = connection.send(wire, current, self)
                if sent < 0:
                    current = self._after_refusal(connection, current, sample)
                    continue
                if sent:
                    self.on_begun()
                outcome = await suspend()
                current = None if outcome.is_plain else self._next(current, outcome, sample)
        except Exception:
            self._give_up()
            raise
        self._sample = None
        if self._keeping == "close":
            self._close_connections()
        if isinstance(outcome, ResponseHead) and sample.kind == 0 and (request.wants_response or outcome.is_error):
            self._keep_response(request, outcome, sample)

    def _begin(self, request: HttpRequest, sample: Sample) -> None:
        self._sample = sample
        self._cause = FIRST
        self._deadline = deadline = sample.started + request.timeout
        if deadline < self._timer_at:
            self._set_timer(deadline)

    def _give_up(self) -> None:
        """Something was raised, and nobody knows how far the fetch came."""
        self._detach()
        self._sample = None
        self._close_connections()

    def _next(self, request: HttpRequest, outcome: Outcome, sample: Sample) -> HttpRequest | None:
        """What is to be sent after `request` ended with `outcome`; None when the fetch is over."""
        if isinstance(outcome, Failure):
            if outcome.is_stale and request.is_idempotent:
                self._cause = RESEND
                return request
            self._end(sample, outcome)
            return None
        if outcome.cookies:
            self.cookies.store(request, outcome.cookies)
            self._sends_as_is = self._keeping != "close" and not len(self.cookies)
        if not outcome.is_redirect or not request.follow_redirects:
            return None
        return self._after_redirect(request, outcome, sample)

    def _after_redirect(self, request: HttpRequest, head: ResponseHead, sample: Sample) -> HttpRequest | None:
        most = request.follow_redirects
        if sample.hops >= most:
            self._end(sample, Failure(REDIRECT, f"more than {most} redirects, the last from {request.url}"))
            return None
        try:
            following = follow(request, head.status, head.location or "")
        except ResponseError as error:
            self._end(sample, error.failure)
            return None
        self._cause = HOP
        sample.status_code = sample.first_byte = 0
        return following

    def _after_refusal(self, connection: Http1Connection, request: HttpRequest, sample: Sample) -> HttpRequest | None:
        """Nothing was written, so any method may try again, but only where the connection had grown stale."""
        sample.written = 0
        if connection.reused:
            return request
        self._end(sample, Failure(RESET, "the server closed the connection before the request was written"))
        return None

    def _end(self, sample: Sample, failure: Failure) -> None:
        if failure.error is not None:
            raise failure.error
        sample.kind = failure.kind
        sample.detail = failure.detail
        sample.ended = self._context.clock()

    def _keep_response(self, request: HttpRequest, head: ResponseHead, sample: Sample) -> None:
        """For whoever reads it: assertions, extractions, templates; of an error, for who looks for its cause.

        A body that cannot be decoded is kept as it came; the response is complete, and so is its time.
        """
        headers = head.headers if request.wants_headers or head.is_error else Headers()
        body = self._data if request.wants_body or head.is_error else b""
        self._data = b""
        if request.wants_body and head.encoding:
            try:
                body = decode_body(body, head.encoding, request.body_limit)
            except ResponseError as error:
                sample.kind, sample.detail = error.failure.kind, error.failure.detail
        sample.response = Response(head.status, headers, body)

    def _add_cookies(self, request: HttpRequest) -> bytes:
        """The bytes of `request` with this user's cookies; the last ones made are kept."""
        self.cookies.expire()
        version = self.cookies.version
        dressed = self._last_wire
        if dressed is not None and dressed[0] is request and dressed[1] == version:
            return dressed[2]
        cookie = "; ".join(part for part in (request.cookie, self.cookies.header_for(request)) if part)
        lines = [f"Cookie: {cookie}"] if cookie else []
        if self._keeping == "close":
            lines.append("Connection: close")
        wire = request.head_with(lines) + request.body if lines else request.wire
        self._last_wire = (request, version, wire)
        return wire

    def on_response(  # noqa: PLR0917 - hot path: called by position
        self, head: ResponseHead, data: bytes, offset: int, first_byte: int, ended: int, received: int
    ) -> None:
        """The response is complete: the user goes on from here, in the same turn of the loop."""
        sample = self._sample
        assert sample is not None
        sample.first_byte = first_byte
        sample.ended = ended
        sample.bytes_received += received
        sample.status_code = head.status
        if self._wants_body or head.is_error:
            self._data = data[offset:] if offset else data
        self._owner.resume(head)

    def on_begun(self) -> None:
        """The first byte of a message was written: it counts as sent, and a hop or a re-send as such."""
        sample = self._sample
        assert sample is not None
        sample.messages += 1
        sample.bytes_sent += self._size
        if self._cause:
            sample.hops += self._cause == HOP
            sample.resent += self._cause == RESEND
            self._cause = FIRST

    def on_unsent(self, count: int) -> None:
        """The rest of the message will not be written; inside TLS its last piece is counted as ciphertext."""
        sample = self._sample
        assert sample is not None
        if sample.messages:
            sample.bytes_sent = max(0, sample.bytes_sent - count)

    def on_failure(self, failure: Failure, first_byte: int, received: int) -> None:
        """There is no response: the user goes on from here."""
        self._note_part(first_byte, received)
        self._owner.resume(failure)

    def _note_part(self, first_byte: int, received: int) -> None:
        assert self._sample is not None
        self._sample.first_byte = first_byte
        self._sample.bytes_received += received

    def _find(self, origin: Origin) -> Http1Connection | None:
        """A connection to `origin` that is free; equal origins need not be the same object."""
        connection = self._connection
        if connection is None or connection.origin != origin:
            connection = self._connections.get(origin)
        if connection is None or not connection.is_free:
            return None
        self._connection = connection
        return connection

    async def _connect(self, request: HttpRequest, sample: Sample) -> Http1Connection | None:
        """A new connection to the request's origin; None when the fetch has ended instead."""
        context = self._context
        begun = context.clock()
        if begun >= context.lease.ends_at:
            self._end(sample, NO_LEASE)
            return None
        deadline = self._deadline
        self._limit_connecting(begun + request.connect_timeout, request)
        self._dial = self._dialer.dial(request.origin, self._deadline, self._on_dialled)
        opened: Opened = await suspend()
        self._deadline, self._connect_timeout = deadline, None
        if isinstance(opened, Failure):
            self._end(sample, opened)
            if opened.error is not None:
                raise opened.error
            return None
        sample.connect = max(0, sample.connect) + context.clock() - begun
        self._adopt(opened)
        return opened

    def _limit_connecting(self, limit: int, request: HttpRequest) -> None:
        """Until the connection is there its own limit holds, where that is the earlier one."""
        if limit >= self._deadline:
            return
        self._deadline = limit
        seconds = request.connect_timeout / NS_PER_S
        self._connect_timeout = Failure(CONNECT, f"no connection to {request.origin} within {seconds:g} s")
        if limit < self._timer_at:
            self._set_timer(limit)

    def _on_dialled(self, opened: Opened) -> None:
        self._dial = None
        self._owner.resume(opened)

    def _adopt(self, connection: Http1Connection) -> None:
        """Most users have one origin and need no table."""
        current, self._connection = self._connection, connection
        if current is None or current.origin == connection.origin:
            if not self._connections:
                return
        elif not self._connections:
            self._connections = {current.origin: current}
        self._connections[connection.origin] = connection
        if len(self._connections) > MOST_CONNECTIONS:
            self._connections.pop(next(iter(self._connections))).close()

    def _close_connections(self) -> None:
        for connection in self._take_connections():
            connection.close()

    def _take_connections(self) -> set[Http1Connection]:
        held = set(self._connections.values())
        if self._connection is not None:
            held.add(self._connection)
        self._connection, self._connections = None, NO_CONNECTIONS
        return held

    def interrupt(self) -> None:
        """End the fetch that is suspended, if one is, with kind INTERRUPTED; the user is resumed."""
        if self._sample is not None:
            self._abandon(CUT_SHORT)

    def cut(self) -> None:
        """Close everything at once and resume nobody; a fetch in flight ends with kind INTERRUPTED."""
        sample = self._sample
        if sample is not None:
            self._release()
            self._end(sample, CUT_SHORT)
            self._sample = None
        for connection in self._take_connections():
            connection.abort()
        self._clear_timer()

    def close(self) -> None:
        """The user has ended: close its connections."""
        self._close_connections()
        self._clear_timer()

    def end_iteration(self) -> None:
        """Drop what lasts for an iteration only."""
        if self._cookies == "per_iteration" and len(self.cookies):
            self.cookies.clear()
            self._sends_as_is = self._keeping != "close"
        if self._keeping == "per_iteration":
            self._close_connections()

    def _abandon(self, failure: Failure) -> None:
        self._release()
        self._owner.resume(failure)

    def _release(self) -> None:
        """Give up the dial or the exchange that the fetch waits for."""
        if self._dial is None and self._connection is not None:
            self._note_part(*self._connection.cancel(self))
        self._detach()

    def _detach(self) -> None:
        """Neither a dial nor a connection tells this fetch anything any more."""
        dial, self._dial = self._dial, None
        if dial is not None:
            dial.give_up()
        if self._connection is not None:
            self._connection.cancel(self)

    def _set_timer(self, when: int) -> None:
        self._clear_timer()
        self._timer_at = when
        self._timer = self._context.timeline.at(when, self._on_timer)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._context.timeline.cancel(self._timer)
        self._timer = None
        self._timer_at = NEVER

    def _on_timer(self, _: object) -> None:
        """The alarm's instant has come; the deadline may have moved since it was set, or nothing be in flight."""
        self._timer = None
        self._timer_at = NEVER
        if self._sample is None:
            return
        now = self._context.clock()
        if now < self._deadline:
            self._set_timer(self._deadline)
        else:
            # By the limit that the plan sets: how much later the loop looked is no matter of the system.
            seconds = (self._deadline - self._sample.started) / NS_PER_S
            timed_out = Failure(TIMEOUT, f"no complete response within {seconds:g} s")
            self._abandon(self._connect_timeout or timed_out)
