"""One virtual user's HTTP client: its connections (one per origin), its cookies, and one fetch at a time.

Hot path, marked as one: a fetch of a static request on an idle connection is one `send`, one suspension and one
`resume`, without a task, a future, a timer or an object made for it.

Timeouts: the client has one deadline and at most one entry in the timeline, whatever the number of requests. The entry
is not moved when a request ends; when its instant comes it looks at the deadline, and either it is over or the entry
is set again for it.

A fetch is interrupted or cut from outside while it is suspended: `interrupt` ends it and resumes the user, `cut`
leaves the user where it is. Both close the connection with a FIN behind what was written, so that a request that
counts as sent reaches the system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from gradual_agent.http.connection import Connection
from gradual_agent.http.cookies import CookieJar
from gradual_agent.http.decoding import decode_body
from gradual_agent.http.dialer import Dial, Opened
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
from gradual_agent.http.head import ResponseHead
from gradual_agent.http.reader import MAX_KEPT_BODY
from gradual_agent.http.redirects import follow
from gradual_agent.http.request import Request
from gradual_agent.http.response import NO_HEADERS, Response
from gradual_agent.http.urls import Origin
from gradual_agent.sample import Sample
from gradual_agent.suspension import Resumable, suspend
from gradual_common.clock import NS_PER_S

if TYPE_CHECKING:
    from gradual_agent.http.engine import HttpEngine

NEVER: Final = 1 << 63

Outcome = ResponseHead | Failure


class HttpClient:
    """`fetch` never raises for what happens on the network: failures are data (RESULTS, 'What is measured')."""

    __slots__ = ("_alarm_at", "_connection", "_connections", "_cookies_last", "_data", "_deadline", "_dial",
                 "_dressed", "_engine", "_is_bare", "_keeps", "_owner", "_request", "_sample", "cookies")  # fmt: skip

    def __init__(
        self,
        engine: HttpEngine,
        owner: Resumable,
        cookies: Literal["per_user", "per_iteration"],
        connections: Literal["keep_alive", "per_iteration", "close"],
    ) -> None:
        self.cookies = CookieJar(engine.clock, engine.wall_clock)
        self._engine = engine
        self._owner = owner
        self._cookies_last = cookies == "per_user"
        self._keeps = connections
        self._is_bare = connections != "close"
        self._connection: Connection | None = None
        self._connections: dict[Origin, Connection] | None = None
        self._sample: Sample | None = None
        self._request: Request | None = None
        self._dial: Dial | None = None
        self._deadline = NEVER
        self._alarm_at = NEVER
        self._data = b""
        self._dressed: tuple[Request, int, bytes] | None = None

    async def fetch(self, request: Request, sample: Sample) -> None:
        """Send `request`, follow and re-send as it must be, and fill `sample`, which was reset to its start.

        `sample.kind` is 0 whatever the status of the response is: judging it is not the engine's task.
        """
        engine = self._engine
        self._sample = sample
        self._deadline = deadline = sample.started + request.timeout
        if deadline < self._alarm_at:
            self._set_alarm(deadline)
        current: Request | None = request
        while current is not None:
            connection = self._connection
            if connection is None or connection.origin is not current.origin or not connection.is_free:
                connection = self._find(current.origin) or await self._connect(current)
                if connection is None:
                    break
            wire = current.wire if self._is_bare and not current.cookie else self._dress(current)
            now = engine.clock()
            if now >= engine.lease.ends_at:
                self._end(NO_LEASE)
                break
            sample.written = now
            if not connection.send(wire, current, self):
                current = self._after_refusal(connection, current)
                continue
            sample.messages += 1
            sample.bytes_sent += len(wire)
            self._request = current
            outcome: Outcome = await suspend()
            if outcome.is_plain:
                current = None
            else:
                current = self._next(current, outcome)
        if request.wants_response and sample.status_code:
            self._keep_response(request, sample)
        self._sample = None
