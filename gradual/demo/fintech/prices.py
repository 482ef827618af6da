"""A stream of prices as Server-Sent Events (WHATWG HTML, 9.2): `GET /api/feed?events=10&every=100`.

Each event has `id`, `event: price` and JSON as its data; the last one is `event: end`. The prices of one number are the
same at every start, so a client can check what it has got.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from gradual.demo.fintech.trading import INSTRUMENTS
from gradual.demo.routing import Answer, Call, Events, Route, Routes

MOST_EVENTS = 10_000
LONGEST_GAP_MS = 60_000


def price_of(number: int) -> dict[str, object]:
    """The price that has this number: the instruments in turn, each between 9,900 and 10,100 cents."""
    instrument = INSTRUMENTS[number % len(INSTRUMENTS)]
    return {"number": number, "instrument": instrument, "price_cents": 9_900 + number * 37 % 201}


def frames_of(count: int) -> Iterator[bytes]:
    """The events of a stream with `count` prices, as they are sent."""
    for number in range(1, count + 1):
        yield f"id: {number}\nevent: price\ndata: {json.dumps(price_of(number))}\n\n".encode()
    yield f'id: {count + 1}\nevent: end\ndata: {{"events": {count}}}\n\n'.encode()


class Prices:
    """The desk that publishes prices."""

    def routes(self) -> Routes:
        """The table of the routes."""
        return {("GET", "/api/feed"): Route(self.stream)}

    def stream(self, call: Call) -> Answer:
        """`events` prices, `every` milliseconds."""
        count = call.number("events", 10, 1, MOST_EVENTS)
        gap = call.number("every", 100, 0, LONGEST_GAP_MS)
        return Answer(200, Events(frames_of(count), gap / 1000))
