"""The queueing model behind the demo bank's response times.

A request occupies one of a bounded number of workers for a lognormal service time; reports hold one lock for a part of
it (contention, α of the Universal Scalability Law); and every service time grows with the number of requests being
served (crosstalk, β: Gunther, "Guerrilla Capacity Planning", 2007, chapter 6). So throughput first rises with the
users, stops rising when all workers or the lock are always busy, and then falls. What is written into the ledger waits
for that, too (`ledger.py`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass

SPREAD = 0.45
"""σ of the lognormal service times."""

CROSSTALK = 1 / 400
"""Each further request being served adds this share to a service time."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How busy the service is, and has been."""

    workers: int
    busy_workers: int
    waiting: int
    """Requests that wait for a worker."""
    busy_s: float
    """The time of all workers together in which they had a request."""
    locked_s: float
    """The time in which the lock was held."""


class Occupancy:
    """How many hold something, and for how long all together; the time is passed in, seconds."""

    def __init__(self) -> None:
        self.holders = 0
        self._total = 0.0
        self._since = 0.0

    def change(self, by: int, now: float) -> None:
        """One more or one less holds it."""
        self._total, self._since = self.total(now), now
        self.holders += by

    def total(self, now: float) -> float:
        """Seconds, of all holders."""
        return self._total + self.holders * (now - self._since)


@dataclass(frozen=True, slots=True)
class Work:
    """The mean service time of a request, in seconds."""

    busy: float
    """How long it occupies a worker."""
    locked: float = 0.0
    """How much of that it holds the lock."""


class Service:
    """The bank's workers, and the lock of its reports."""

    def __init__(self, workers: int, seed: int = 1, slower: float = 0.0) -> None:
        """`slower`: by what share every service time is longer."""
        self._size = workers
        self._slowdown = 1 + slower
        self._workers = asyncio.Semaphore(workers)
        self._lock = asyncio.Lock()
        self._random = random.Random(seed)  # noqa: S311 - latencies are to be repeatable, not secret
        self._present = 0
        self._busy, self._locked = Occupancy(), Occupancy()

    async def perform(self, work: Work) -> None:
        """Wait for a worker (and the lock), then be served."""
        self._present += 1
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(self._workers)
                stack.enter_context(self._counted(self._busy))
                await asyncio.sleep(self._draw(work.busy - work.locked))
                if work.locked:
                    await stack.enter_async_context(self._lock)
                    stack.enter_context(self._counted(self._locked))
                    await asyncio.sleep(self._draw(work.locked))
        finally:
            self._present -= 1

    def usage(self, now: float) -> Usage:
        """How busy it is; `now` in seconds of the event loop's clock."""
        busy, locked = self._busy, self._locked
        waiting = self._present - busy.holders
        return Usage(self._size, busy.holders, waiting, busy.total(now), locked.total(now))

    @contextmanager
    def _counted(self, occupancy: Occupancy) -> Iterator[None]:
        clock = asyncio.get_running_loop().time
        occupancy.change(1, clock())
        try:
            yield
        finally:
            occupancy.change(-1, clock())

    def _draw(self, mean: float) -> float:
        """A lognormal time whose mean is `mean`·(1 + crosstalk·requests being served)."""
        slowed = mean * self._slowdown * (1 + CROSSTALK * (self._present - 1))
        # The mean of a lognormal variable is e^(μ + σ²/2): with μ = -σ²/2 it is 1, for any spread.
        return slowed * self._random.lognormvariate(-SPREAD * SPREAD / 2, SPREAD)
