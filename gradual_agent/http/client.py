"""One virtual user's HTTP client: one fetch at a time, over the user's connections and with its cookies.

Hot path: a fetch of a static request on an idle connection is one `send`, one suspension and one `resume`, without a
task, a future, a timer or an object made for it. So connections (`user_connections`) and timeouts (`runtime.deadline`)
are base classes: they keep what is done rarely, and a fetch uses their attributes as its own.

A fetch is interrupted or cut from outside while it is suspended: `interrupt` ends it and resumes the user, `cut`
leaves the user suspended. Both close the connection with a FIN after the bytes that the kernel holds; the rest of a
large body is neither written (docs/design/fleet.md, 4.4) nor counted.
"""

from __future__ import annotations

from collections.abc import Generator
from types import coroutine
from typing import Any, Final

from gradual_agent.http.connecting.connection import Channel
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.connecting.tunnel import CREDENTIALS_WANTED, refusal
from gradual_agent.http.cookies.jar import CookieJar
from gradual_agent.http.failures import (
    CUT_SHORT,
    NO_LEASE,
    PROXY,
    REDIRECT,
    RESET,
    Failure,
    ResponseError,
    timed_out,
)
from gradual_agent.http.long_bytes import Wire
from gradual_agent.http.reading.decoding import decode_body
from gradual_agent.http.reading.head import ResponseHead
from gradual_agent.http.redirects import follow
from gradual_agent.http.request import HttpRequest, RequestSettings
from gradual_agent.http.response import Response
from gradual_agent.http.user_connections import UserConnections
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.suspension import Resumable
from gradual_common.plan.model.plan import Connections, Cookies

Outcome = ResponseHead | Failure

FIRST: Final = 0
HOP: Final = 1
RESEND: Final = 2
AUTH: Final = 3
"""Why a message is sent; all but the first are counted when their first byte is written."""


class HttpClient(UserConnections):
    """One user's client. `fetch` never raises for what happens on the network: failures are data.

    An exception is a bug; after it the client is ready for the next fetch. See docs/design/results.md, "What is
    measured".
    """

    __slots__ = ("_cause", "_connection_policy", "_cookie_policy", "_data", "_jar", "_last_wire", "_sample",
                 "_sends_as_is", "_size", "_wants_body")  # fmt: skip

    def __init__(self, dialer: Dialer, owner: Resumable, cookies: Cookies, connections: Connections) -> None:
        super().__init__(dialer, owner)
        self._cookie_policy = cookies
        self._connection_policy = connections
        self._jar: CookieJar | None = None
        self._sends_as_is = connections != "close"
        self._sample: Sample | None = None
        self._wants_body = False
        self._cause = FIRST
        self._size = 0
        self._data = b""
        self._last_wire: tuple[HttpRequest, int, Wire] | None = None

    def beside(self, owner: Resumable) -> HttpClient:
        """Another client of the same user, for a fetch at the same time: it shares cookies and line alone."""
        made = self._make_another(owner)
        if self._jar is None:
            self._jar = CookieJar(self._context.clock, self._context.wall_clock)
        made._jar = self._jar
        self._share_lines(made)
        for client in (self, made):
            # Any of them may get a cookie at any time: so each request asks the jar.
            client._sends_as_is = False
        return made

    def _make_another(self, owner: Resumable) -> HttpClient:
        return HttpClient(self._dialer, owner, self._cookie_policy, self._connection_policy)

    @property
    def _may_send_as_is(self) -> bool:
        """Whether a request without cookies is sent as it was encoded."""
        return self._connection_policy != "close" and self._lines is None

    @coroutine
    def fetch(self, request: HttpRequest, sample: Sample) -> Generator[None, Any, None]:
        """Send `request`, follow redirects, re-send once if needed, and fill `sample`, which the caller has reset.

        `sample.kind` is 0 for every complete response, also for status 4xx and 5xx: assertions judge them.
        """
        # A generator, not a coroutine that awaits `suspend()`: that saves an object and a call per request, 0.1 µs.
        self._sample = sample
        self._deadline = deadline = sample.started + request.settings.timeout
        if deadline < self._timer_at:
            self._set_timer(deadline)
        context = self._context
        outcome: Any = None  # An `Outcome`; a head if the sample has not failed.
        current: HttpRequest | None = request
        try:
            while current is not None:
                settings, connection = current.settings, self._connection
                if connection is None or connection.origin is not settings.origin or not connection.is_free:
                    connection = self._find(settings.origin) or (yield from self._connect(settings, sample))
                    if connection is None:
                        break
                wire = current.wire if self._sends_as_is and not settings.cookie else self._add_cookies(current)
                # The lease is checked before every write (`runtime.lease`); `sample.written` is the same clock reading.
                now = context.clock()
                if now >= context.lease.ends_at:
                    self._end(sample, NO_LEASE)
                    break
                self._wants_body = settings.wants_body
                sample.written = now
                self._size = len(wire)
                sent = connection.send(wire, current, self)
                if sent < 0:
                    current = self._after_failed_write(connection, current, sample)
                    continue
                if sent and not self._cause:
                    sample.messages += 1
                    sample.bytes_sent += self._size
                elif sent:
                    self.on_begun()
                outcome = yield
                current = None if outcome.is_plain else self._next(current, outcome, sample)
        except Exception:
            self._give_up()
            raise
        self._sample = None
        self._cause = FIRST
        if self._connection_policy == "close":
            self._close_connections()
        if sample.kind == 0 and (request.settings.wants_response or outcome.is_error):
            self._keep_response(request, outcome, sample)

    def _give_up(self) -> None:
        """Drop everything after an unexpected exception: the state of the exchange is not known."""
        self._detach()
        self._sample = None
        self._cause = FIRST
        self._close_connections()

    def _next(self, request: HttpRequest, outcome: Outcome, sample: Sample) -> HttpRequest | None:
        """The next request after `request` ended with `outcome`; None when the fetch is over."""
        if isinstance(outcome, Failure):
            # Stale: the server closed an idle connection just as we wrote on it, and sent nothing back. It may still
            # have acted on the request, so only an idempotent method is sent again (RFC 9110, 9.2.2). It is sent again
            # at most once: a user has one connection per origin, so the second try is on a new one, which is never
            # stale.
            if outcome.is_stale and request.settings.is_idempotent:
                self._cause = RESEND
                return request
            self._end(sample, outcome)
            return None
        if outcome.cookies:
            if self._jar is None:
                self._jar = CookieJar(self._context.clock, self._context.wall_clock)
            self._jar.store(request, outcome.cookies)
            self._sends_as_is = self._may_send_as_is and not len(self._jar)
        if not outcome.is_redirect or not request.settings.follow_redirects:
            return None
        return self._after_redirect(request, outcome, sample)

    def _after_redirect(self, request: HttpRequest, head: ResponseHead, sample: Sample) -> HttpRequest | None:
        limit = request.settings.follow_redirects
        if sample.hops >= limit:
            self._end(sample, Failure(REDIRECT, f"more than {limit} redirects, the last from {request.url}"))
            return None
        try:
            following = follow(request, head.status, head.location or "")
        except ResponseError as error:
            self._end(sample, error.failure)
            return None
        self._cause = HOP
        sample.status_code = sample.first_byte = 0
        return following

    def _after_failed_write(self, connection: Channel, request: HttpRequest, sample: Sample) -> HttpRequest | None:
        """The request again if the connection was reused: nothing was written, so any method may be sent again.

        On a new connection the peer really refuses, and a second try would only repeat that.
        """
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
        """Keep head and body for assertions, extractions and templates; those of an error also for the report.

        A body that cannot be decoded is kept as it came. The response was complete, so its measured times stay.
        """
        settings = request.settings
        if head.status == CREDENTIALS_WANTED and settings.origin.plain_proxy is not None:
            # The system was not reached: there is no response of its own.
            sample.status_code = 0
            self._data = b""
            self._end(sample, Failure(PROXY, refusal(settings.origin.plain_proxy, head.status)))
            return
        body = self._data if settings.wants_body or head.is_error else b""
        self._data = b""
        if settings.wants_body and head.encoding:
            try:
                body = decode_body(body, head.encoding, settings.body_limit)
            except ResponseError as error:
                sample.kind, sample.detail = error.failure.kind, error.failure.detail
        head.forget_body()
        sample.response = Response(head.status, head, body)

    def _add_cookies(self, request: HttpRequest) -> Wire:
        """The bytes of `request` with this user's cookies, cached until the request or the jar changes."""
        version, jar = 0, self._jar
        if jar is not None:
            jar.expire()
            version = jar.version
        cached = self._last_wire
        if cached is not None and cached[0] is request and cached[1] == version:
            return cached[2]
        fields, cookie = "", self.cookies_for(request)
        if cookie:
            fields = f"Cookie: {cookie}\r\n"
        if self._connection_policy == "close":
            fields += "Connection: close\r\n"
        wire = request.wire_with(fields) if fields else request.wire
        self._last_wire = None if request.is_signed else (request, version, wire)
        return wire

    def cookies_for(self, request: HttpRequest) -> str:
        """The Cookie field of `request`: the plan's own cookies, then those of the user."""
        own, jar = request.settings.cookie, self._jar
        kept = "" if jar is None else jar.header_for(request)
        return f"{own}; {kept}" if own and kept else own or kept

    def cookie(self, name: str) -> str | None:
        """The value of the user's latest cookie called `name`."""
        return None if self._jar is None else self._jar.get(name)

    def on_response(  # noqa: PLR0917 - hot path: called by position
        self, head: ResponseHead, data: bytes, offset: int, first_byte: int, ended: int, received: int
    ) -> None:
        """Store a complete response in the sample and resume the user, in the same turn of the loop."""
        sample = self._sample
        assert sample is not None
        sample.first_byte = first_byte
        sample.ended = ended
        sample.bytes_received += received
        sample.status_code = head.status
        if self._wants_body or head.is_error:
            self._data = data[offset:] if offset else data
        self._owner.resume(head)

    def on_written(self, now: int) -> None:
        """The message was written at another time than it was sent: it had to pass the user's line."""
        assert self._sample is not None
        self._sample.written = now

    def on_begun(self) -> None:
        """Count the message as sent, now that its first byte is written; a hop or a re-send also as such."""
        sample = self._sample
        assert sample is not None
        sample.messages += 1
        sample.bytes_sent += self._size
        if self._cause:
            sample.hops += self._cause == HOP
            sample.resent += self._cause == RESEND
            sample.auth_sent += self._cause == AUTH
            self._cause = FIRST

    def on_unsent(self, count: int) -> None:
        """Take back the bytes that will not be written."""
        # With TLS `count` mixes plain text and the ciphertext of the last piece, which is a little longer. So the
        # result may be off by the overhead of one record, but is never negative.
        sample = self._sample
        assert sample is not None
        if sample.messages:
            sample.bytes_sent = max(0, sample.bytes_sent - count)

    def on_failure(self, failure: Failure, first_byte: int, received: int) -> None:
        """Resume the user with a failure; there is no response."""
        self._note_part(first_byte, received)
        self._owner.resume(failure)

    def _note_part(self, first_byte: int, received: int) -> None:
        assert self._sample is not None
        self._sample.first_byte = first_byte
        self._sample.bytes_received += received

    def _connect(self, settings: RequestSettings, sample: Sample) -> Generator[None, Any, Channel | None]:
        """Open a connection to the origin of a request; None when the fetch has ended instead."""
        # A handshake is load, too: without a lease no connection is opened.
        context = self._context
        begun = context.clock()
        if begun >= context.lease.ends_at:
            self._end(sample, NO_LEASE)
            return None
        opened = yield from self._open(settings, begun)
        if isinstance(opened, Failure):
            self._end(sample, opened)
            return None
        sample.connect = max(0, sample.connect) + context.clock() - begun
        self._adopt(opened)
        return opened

    def interrupt(self) -> None:
        """End the fetch that is suspended, if one is, with kind INTERRUPTED; the user is resumed."""
        if self._sample is not None:
            self._abandon(CUT_SHORT)

    def cut(self) -> None:
        """Close everything at once without resuming the user; a fetch in flight ends with kind INTERRUPTED."""
        sample = self._sample
        if sample is not None:
            self._note_part(*self._detach())
            self._end(sample, CUT_SHORT)
            self._sample = None
            self._cause = FIRST
        for connection in self._take_connections():
            connection.abort()
        self._clear_timer()

    def close(self) -> None:
        """The user has ended: close its connections."""
        self._close_connections()
        self._clear_timer()

    def end_iteration(self) -> None:
        """Drop what lasts for an iteration only."""
        if self._cookie_policy == "per_iteration" and self._jar is not None:
            self._jar.clear()
            self._sends_as_is = self._may_send_as_is
        if self._connection_policy == "per_iteration":
            self._close_connections()

    def _abandon(self, failure: Failure) -> None:
        self._note_part(*self._detach())
        self._owner.resume(failure)

    def _detach(self) -> tuple[int, int]:
        """Give up the dial or the exchange that the fetch waits for: neither calls this client again.

        Returns the instant of the first byte and the bytes received, as far as the exchange came.
        """
        self._give_up_dial()
        return (0, 0) if self._connection is None else self._connection.cancel(self)

    @property
    def _is_waiting(self) -> bool:
        return self._sample is not None

    def _run_out_of_time(self) -> None:
        assert self._sample is not None
        # The text names the limit of the plan, not the time that has passed: a late timer is our delay.
        limit = self._deadline - self._sample.started
        self._abandon(self._connect_timeout or timed_out(limit))
