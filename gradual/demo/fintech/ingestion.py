"""Events that come in batches. Bottleneck: one writer with a bounded queue.

The writer needs 0.5 ms for each event, so it stores 2,000 events per second. A batch is answered when it is stored. A
batch that would have to wait for more than a second is refused at once, with 429 and `retry_after_s`: so no more than
about 2,000 events wait.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from gradual.demo.fintech.pages import page_of
from gradual.demo.fintech.station import READING_S, Station
from gradual.demo.routing import Answer, Call, Route, Routes
from gradual.errors import RequestRefusedError

EVENT_S = 0.0005
"""How long the writer needs for one event."""

LONGEST_WAIT_S = 1.0
"""A batch that would wait longer is refused."""

MAX_BATCH = 500
MAX_STORED = 10_000
"""Events that are kept; the oldest are dropped first."""


class Ingestion:
    """The desk that takes events."""

    def __init__(self) -> None:
        self._writer = Station()
        self._stored: deque[tuple[int, dict[str, Any]]] = deque(maxlen=MAX_STORED)
        self._accepted = self._batches = self._refused = 0

    def routes(self) -> Routes:
        """The table of the routes."""
        return {
            ("POST", "/api/events"): Route(self.ingest, needs_token=True),
            ("GET", "/api/events"): Route(self.list_events, needs_token=True),
        }

    def ingest(self, call: Call) -> Answer:
        """Store a batch, or refuse the whole of it."""
        events = events_of(call.body)
        wait = self._writer.wait(call.now)
        if wait > LONGEST_WAIT_S:
            self._refused += 1
            error = {"error": f"the queue is full: {wait:.2f} s of work wait", "retry_after_s": LONGEST_WAIT_S}
            return Answer(429, error)
        ready = self._writer.serve(call.now, EVENT_S * len(events)).end
        first = self._accepted + 1
        self._accepted += len(events)
        self._batches += 1
        self._stored.extend((number, {"number": number, **event}) for number, event in enumerate(events, first))
        return Answer(202, {"data": {"accepted": len(events), "first": first, "last": self._accepted}}, ready)

    def list_events(self, call: Call) -> Answer:
        """The latest events, in pages, and how many were ever accepted."""
        page = page_of(call, "events", self._stored)
        return Answer(200, {**page, "accepted": self._accepted}, call.now + READING_S)

    def totals(self) -> dict[str, int]:
        """Events and batches that were accepted, and batches that were refused."""
        return {"events": self._accepted, "batches": self._batches, "refused_batches": self._refused}


def events_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of a batch; RequestRefusedError if they are none, too many, or no objects."""
    events = body.get("events")
    if not isinstance(events, list) or not 0 < len(events) <= MAX_BATCH:
        raise RequestRefusedError(400, f"events must be a list of 1 to {MAX_BATCH} objects")
    if not all(isinstance(event, dict) for event in events):
        raise RequestRefusedError(400, "every event must be an object")
    return events
