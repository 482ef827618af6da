"""The demo bank's own counts, exact: a request is counted when its head has been parsed, whatever becomes of it.

aiohttp reaches a handler only if the client is still there when its turn comes; a client that sends two requests and
leaves is counted once by a middleware. So the count is taken in the protocol, in the very call that parses.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

from aiohttp import web

UNREADABLE = "unreadable"
OTHER = "other"
INTERNAL = frozenset({"/stats", "/reset"})


class Counts:
    """Requests per route, responses per status, and how many requests were served at once at most."""

    def __init__(self, routes: frozenset[str]) -> None:
        self._routes = routes
        self._requests: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._concurrent = 0
        self._peak = 0

    def count(self, message: Any) -> None:
        """Count one parsed request; aiohttp stands an error record in for one that cannot be read."""
        url = getattr(message, "url", None)
        if url is None:
            self._requests[UNREADABLE] += 1
        elif url.path not in INTERNAL:
            route = f"{message.method} {url.path}"
            self._requests[route if route in self._routes else OTHER] += 1

    def begin(self) -> None:
        """A handler has been reached."""
        self._concurrent += 1
        self._peak = max(self._peak, self._concurrent)

    def end(self, status: int | None) -> None:
        """The handler is through; `status` None when it has no response."""
        self._concurrent -= 1
        if status is not None:
            self._statuses[status] += 1

    def reset(self) -> None:
        """Begin again; requests that are being served stay in the concurrency."""
        self._requests.clear()
        self._statuses.clear()
        self._peak = self._concurrent

    def report(self) -> dict[str, Any]:
        """The counts as JSON data."""
        return {
            "requests": self._requests.total(),
            "routes": dict(sorted(self._requests.items())),
            "statuses": {str(status): number for status, number in sorted(self._statuses.items())},
            "concurrent": self._concurrent,
            "peak_concurrent": self._peak,
        }


class CountingHandler(web.RequestHandler):
    """aiohttp's protocol, with every parsed request counted at once."""

    __slots__ = ("_counts",)

    def __init__(self, server: web.Server, counts: Counts, **options: Any) -> None:
        super().__init__(server, **options)
        self._counts = counts

    def data_received(self, data: bytes) -> None:
        """Parse, then count what the parsing has added to the queue; nothing can be taken from it meanwhile."""
        known = len(self._messages)
        super().data_received(data)
        for message, _ in islice(self._messages, known, None):
            self._counts.count(message)
