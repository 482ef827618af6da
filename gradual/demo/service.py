"""How long the demo bank takes: a queueing model with a knee to find.

A request holds one of a bounded number of workers for a lognormal service time; reports and transfers hold one lock
for a part of it (contention, α of the Universal Scalability Law); and every service time grows with the number of
requests in the house (crosstalk, β: Gunther, "Guerrilla Capacity Planning", 2007, chapter 6). So throughput rises
with the users, bends where workers or lock are busy all the time, and then sinks.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass

WORKERS = 16
SPREAD = 0.45
CROSSTALK = 1 / 400


@dataclass(frozen=True, slots=True)
class Work:
    """What a request needs: mean seconds of a worker, and of the lock within them."""

    busy: float
    locked: float = 0.0


class Service:
    """The bank's workers and its one contended lock."""

    def __init__(self, workers: int = WORKERS, seed: int = 1) -> None:
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
        """A lognormal time whose mean is `mean`·(1 + crosstalk·requests in the house)."""
        slowed = mean * (1 + CROSSTALK * (self._present - 1))
        return slowed * self._random.lognormvariate(-SPREAD * SPREAD / 2, SPREAD)
