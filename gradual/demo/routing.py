"""What a route of the demo bank is: a call that comes in, the answer that goes out, and the table between them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiohttp import web

from gradual.demo.service import Work
from gradual.errors import RequestRefusedError


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a handler sees it."""

    account: int = 0
    """The account of the token; 0 where no token was needed."""
    token: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    """The JSON object that was sent, or what the route's own reader made of the body."""
    name: str = ""
    """The last part of the path, where the route leaves it open: `17` of `/api/orders/17`."""
    query: Mapping[str, str] = field(default_factory=dict)
    now: float = 0.0
    """Seconds of the server's clock."""

    @property
    def item(self) -> int:
        """The number that the last part of the path is; 0 if it is none."""
        return int(self.name[:20]) if self.name.isascii() and self.name.isdigit() else 0

    def number(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number of the query; RequestRefusedError if it is none between `low` and `high`."""
        text = self.query.get(key, str(default))
        if not (text.isascii() and text.isdigit() and low <= int(text[:20]) <= high):
            raise RequestRefusedError(400, f"{key} must be a whole number from {low} to {high}, not {text[:40]!r}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Events:
    """A stream of Server-Sent Events in place of a JSON body."""

    frames: Iterable[bytes]
    """Each event, as it is sent."""
    gap: float
    """Seconds before each event but the first."""


class Answer(NamedTuple):
    """What a handler decides: status, content, and when the client gets it."""

    status: int
    content: dict[str, Any] | Events
    ready: float = 0.0
    """Seconds of the server's clock; the response is not sent before."""


Reader = Callable[[web.BaseRequest], Awaitable[dict[str, Any]]]


async def read_object(request: web.BaseRequest) -> dict[str, Any]:
    """The JSON object in a body, {} when it is empty; RequestRefusedError if it holds anything else."""
    try:
        content = json.loads(await request.read() or b"{}")
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise RequestRefusedError(400, "the body must be a JSON object")
    return content


@dataclass(frozen=True, slots=True)
class Route:
    """A route: its handler, the work it costs, whether it needs a token, and how its body is read."""

    answer: Callable[[Call], Answer]
    work: Work | None = None
    """What it costs the bank's workers; None for a route that says itself when its answer is ready."""
    needs_token: bool = False
    read: Reader = read_object
    is_booked: bool = False
    """Whether it is written into the ledger, after its work and without a worker."""


Routes = dict[tuple[str, str], Route]
"""Routes by method and path; a last part in braces, `/api/orders/{order}`, stands for any one name."""


class RouteTable:
    """Finds the route of a request."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._paths = frozenset(path for _, path in routes)
        self._open = {path.rpartition("/")[0]: path for path in self._paths if path.endswith("}")}

    def path_of(self, path: str) -> str:
        """The path of the table that a request's path means, or the same if there is none."""
        if path in self._paths:
            return path
        parent, _, name = path.rpartition("/")
        return self._open.get(parent, path) if name else path

    def find(self, method: str, path: str) -> Route:
        """The route of a request; RequestRefusedError if there is none."""
        known = self.path_of(path)
        route = self._routes.get((method, known))
        if route is not None:
            return route
        if methods := sorted(method for method, other in self._routes if other == known):
            raise RequestRefusedError(405, f"{path} takes {' or '.join(methods)}")
        raise RequestRefusedError(404, f"there is no {path}; GET / lists the routes")

    def name(self, method: str, path: str) -> str | None:
        """How a route is called in the counts, `GET /api/orders/{order}`; None for a request without a route."""
        known = self.path_of(path)
        return f"{method} {known}" if (method, known) in self._routes else None

    def names(self) -> list[str]:
        """The names of all routes, sorted."""
        return sorted(f"{method} {path}" for method, path in self._routes)
