"""The queueing model behind the demo bank's response times.

A request occupies one of a bounded number of workers for a lognormal service time; reports and transfers hold one lock
for a part of it (contention, α of the Universal Scalability Law); and every service time grows with the number of
requests being served (crosstalk, β: Gunther, "Guerrilla Capacity Planning", 2007, chapter 6). So throughput first rises
with the users, stops rising when all workers or the lock are always busy, and then falls.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass

SPREAD = 0.45
"""σ of the lognormal service times."""

CROSSTALK = 1 / 400
"""Each further request being served adds this share to a service time."""


@dataclass(frozen=True, slots=True)
class Work:
    """The mean service time of a request, in seconds."""

    busy: float
    """How long it occupies a worker."""
    locked: float = 0.0
    """How much of that it holds the lock."""


class Service:
    """The bank's workers and its one contended lock."""

    def __init__(self, workers: int, seed: int = 1) -> None:
        self._workers = asyncio.Semaphore(workers)
        self._lock = asyncio.Lock()
        self._random = random.Random(seed)  # noqa: S311 - latencies are to be repeatable, not secret
        self._present = 0

    async def perform(self, work: Work) -> None:
        """Wait for a worker (and the lock), then be served."""
        self._present += 1
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(self._workers)
                await asyncio.sleep(self._draw(work.busy - work.locked))
                if work.locked:
                    await stack.enter_async_context(self._lock)
                    await asyncio.sleep(self._draw(work.locked))
        finally:
            self._present -= 1

    def _draw(self, mean: float) -> float:
        """A lognormal time whose mean is `mean`·(1 + crosstalk·requests being served)."""
        slowed = mean * (1 + CROSSTALK * (self._present - 1))
        # The mean of a lognormal variable is e^(μ + σ²/2): with μ = -σ²/2 it is 1, for any spread.
        return slowed * self._random.lognormvariate(-SPREAD * SPREAD / 2, SPREAD)
