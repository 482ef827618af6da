"""Trace contexts: each request of a traced action carries a `traceparent`, by which the system's own traces find it.

The form is that of W3C Trace Context (Recommendation of 23 November 2021), 3.2: version 00, a trace-id of 16 and a
parent-id of 8 random bytes, neither of them all zeros, and flags, of which only "sampled" is used.

The ids come from a stream of their own, so that the values that a plan draws are the same with and without them.
"""

from __future__ import annotations

from collections.abc import Generator
from hashlib import blake2b
from types import coroutine
from typing import Any

from gradual_agent.http.client import HttpClient
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.request import HttpRequest
from gradual_agent.runtime.sample import Sample
from gradual_agent.runtime.suspension import Resumable
from gradual_common.plan.model.plan import Connections, Cookies
from gradual_common.randomness import RandomStream

HEADER = "traceparent"


class TraceStream:
    """The trace contexts of one user."""

    __slots__ = ("_stream",)

    def __init__(self, user: int, client: int) -> None:
        """`user`: where the user's own stream is, which no other user shares; `client`: a number within this agent.

        The number is new for each client: the one that replaces another may find the user's stream where it was.
        """
        key = f"trace/{user}/{client}".encode()
        self._stream = RandomStream(int.from_bytes(blake2b(key, digest_size=8).digest(), "big"))

    def next(self, share: float) -> str:
        """The value of the header; `share` of all requests are marked as sampled."""
        word = self._stream.word
        trace, parent = word() << 64 | word(), word()
        flags = "01" if self._stream.unit() < share else "00"
        return f"00-{trace or 1:032x}-{parent or 1:016x}-{flags}"

    def stamp(self, request: HttpRequest, sample: Sample) -> HttpRequest:
        """The request with a context, which the sample names, too; the request itself if it is not traced."""
        share = request.settings.trace
        if share is None:
            return request
        sample.trace = self.next(share)
        field = f"{HEADER}: {sample.trace}\r\n"
        return HttpRequest(request.settings, request.wire_with(field), request.head_size + len(field))


class TracingClient(HttpClient):
    """A client whose requests carry a trace context where their action is traced."""

    __slots__ = ("_traces",)

    def __init__(
        self, dialer: Dialer, owner: Resumable, cookies: Cookies, connections: Connections, traces: TraceStream
    ) -> None:
        super().__init__(dialer, owner, cookies, connections)
        self._traces = traces

    def _make_another(self, owner: Resumable) -> HttpClient:
        return TracingClient(self._dialer, owner, self._cookie_policy, self._connection_policy, self._traces)

    @coroutine
    def fetch(self, request: HttpRequest, sample: Sample) -> Generator[None, Any, None]:
        """Fetch with a new context; hops and re-sends of the request keep it."""
        yield from super().fetch(self._traces.stamp(request, sample), sample)
