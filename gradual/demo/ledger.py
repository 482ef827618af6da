"""The bank's ledger: one lock, under which bookings are written in batches (group commit).

Who comes while a batch is being written waits, and is in the next one. A batch of n holds the lock for

    c + s·n + p·n·(n - 1)

c is what every write costs, however many share it; s is what each booking adds, one after the other; p is what each
pair of bookings adds, as each is compared with every other one. If n users book again as soon as they can, each batch
has all of them. Then X(n) = n/(c + s·n + p·n·(n - 1)), which is the Universal Scalability Law with γ = 1/(c + s),
α = s/(c + s) and β = p/(c + s): users who wait for each other in step are how the law is derived (N. J. Gunther,
"A General Theory of Computational Scalability Based on Rational Functions", 2008, arXiv:0808.1431). Users who think
come out of step, so that the law fits them with a smaller α.

The times are constant and pass in sleep: they cost no CPU.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from dataclasses import dataclass

from gradual.demo.service import Occupancy

WRITE_S = 0.050
"""Of a batch, however large."""

ENTRY_S = 0.010
"""Of each booking in it."""

PAIR_S = 0.0001
"""Of each ordered pair of bookings in it."""


@dataclass(frozen=True, slots=True)
class LedgerUsage:
    """How busy the ledger is, and has been."""

    waiting: int
    """Bookings that wait for their batch to begin."""
    batches: int
    """Those that were begun."""
    locked_s: float
    """The time in which one of them was being written."""


def batch_seconds(bookings: int) -> float:
    """How long a batch of so many holds the lock."""
    return WRITE_S + ENTRY_S * bookings + PAIR_S * bookings * (bookings - 1)


class Ledger:
    """Writes bookings, batch after batch, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: list[Future[None]] = []
        self._writer: Task[None] | None = None
        self._batches = 0
        self._held = Occupancy()

    async def book(self) -> None:
        """Return when the batch with this booking is written."""
        loop = asyncio.get_running_loop()
        booked: Future[None] = loop.create_future()
        self._waiting.append(booked)
        # A task of its own: a client that leaves must not take along those who are in the same batch.
        if self._writer is None:
            self._writer = loop.create_task(self._write())
        await booked

    def usage(self, now: float) -> LedgerUsage:
        """How busy it is; `now` in seconds of the event loop's clock."""
        return LedgerUsage(len(self._waiting), self._batches, self._held.total(now))

    async def _write(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._waiting:
            batch, self._waiting = self._waiting, []
            self._batches += 1
            self._held.change(1, clock())
            await asyncio.sleep(batch_seconds(len(batch)))
            self._held.change(-1, clock())
            for booked in batch:
                if not booked.done():  # else its client has left
                    booked.set_result(None)
        self._writer = None
