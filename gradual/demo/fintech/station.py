"""A queue before one or more servers, in order of arrival: the bottleneck of a desk, with a capacity that is known.

Because the order is that of arrival and the service time is known at arrival, start and end of a job can be computed at
once: a job starts when it arrives or when the first server becomes free, whichever is later. So no task runs
meanwhile, errors of timers do not add up, and the capacity is exactly servers ÷ service time.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

READING_S = 0.002
"""How long an answer takes that waits at no station, such as a read."""


class Served(NamedTuple):
    """When a job starts and ends, in seconds of the caller's clock."""

    start: float
    end: float


class Station:
    """Servers with one queue."""

    def __init__(self, servers: int = 1) -> None:
        self._free = [0.0] * servers
        """When each server becomes free: a heap."""

    def serve(self, now: float, seconds: float) -> Served:
        """Add a job that arrives `now` and takes `seconds`."""
        start = max(now, self._free[0])
        heapq.heapreplace(self._free, start + seconds)
        return Served(start, start + seconds)

    def wait(self, now: float) -> float:
        """How long a job that arrives `now` would wait before it starts, in seconds."""
        return max(0.0, self._free[0] - now)
