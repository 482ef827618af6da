"""Sealed batches on their way: kept until the master has acknowledged them (DESIGN 4.11, 5.2, 5.5).

Why there is a bound, and why users are cut at it: without a master an agent goes on measuring, a batch an interval, and
nobody knows for how long. Dropping the oldest would lose requests that the system has seen, and every count would be
wrong from then on; keeping everything would take the memory that users need, until the kernel ends the process and all
is lost. So an agent whose batches nobody takes stops making load: what it has measured stays exact, and the missing
users are counted as such. The bound lies beyond two leases, so that a master which restarts within the time that its
slots are held finds nothing cut, and at 60 batches at least, so that short leases do not make it nervous.

At most `MAX_IN_FLIGHT` batches are sent and not acknowledged: a master that comes back after a minute would else be
given 60 batches of each agent at once, ahead of the pongs on which every lease depends.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields
from itertools import islice

import numpy as np

from gradual_common.protocol.batch import Batch

MAX_IN_FLIGHT = 8
MAX_BYTES = 64 * 1024 * 1024
OVERHEAD_BYTES = 512
"""Room for what a batch carries beside its columns: frames, health, lengths and tags."""


def estimated_bytes(batch: Batch) -> int:
    """What a batch takes on the wire, from above: its columns are sent as they lie in memory."""
    columns = [getattr(batch, field.name) for field in fields(batch)]
    columns += [getattr(batch.histograms, field.name) for field in fields(batch.histograms)]
    packed = sum(column.nbytes for column in columns if isinstance(column, np.ndarray))
    return packed + OVERHEAD_BYTES + 48 * (len(batch.frames) + len(batch.applied))


@dataclass(frozen=True, slots=True)
class WaitingBatch:
    """A batch with its size and the instant (agent clock, ns) before which it is not sent."""

    batch: Batch
    size: int
    send_at: int


class Outbox:
    """Batches in order of their numbers; the first `in_flight` of them are sent and not yet acknowledged."""

    def __init__(self, max_batches: int, max_bytes: int = MAX_BYTES) -> None:
        self._batches: deque[WaitingBatch] = deque()
        self._bytes = 0
        self._max_batches = max_batches
        self._max_bytes = max_bytes
        self.in_flight = 0

    @staticmethod
    def bound(lease: int, interval: int) -> int:
        """How many unacknowledged batches an agent may keep."""
        return max(60, 2 * lease // interval)

    def resize(self, max_batches: int) -> None:
        """Change the bound; what is kept stays."""
        self._max_batches = max_batches

    def put(self, batch: Batch, send_at: int) -> None:
        """Keep a batch that was just sealed."""
        one = WaitingBatch(batch, estimated_bytes(batch), send_at)
        self._batches.append(one)
        self._bytes += one.size

    def acknowledge(self, number: int) -> None:
        """The master has everything up to `number`."""
        while self._batches and self._batches[0].batch.number <= number:
            self._bytes -= self._batches.popleft().size
            self.in_flight = max(0, self.in_flight - 1)

    def rewind(self) -> None:
        """A new stream: what is not acknowledged is sent again."""
        self.in_flight = 0

    def take(self, now: int) -> tuple[WaitingBatch, ...]:
        """The batches that go out now, in order: one that is due takes those before it along."""
        sendable = self._sendable()
        due = max((place for place, one in enumerate(sendable, 1) if one.send_at <= now), default=0)
        self.in_flight += due
        return tuple(sendable[:due])

    def _sendable(self) -> list[WaitingBatch]:
        return list(islice(self._batches, self.in_flight, MAX_IN_FLIGHT))

    @property
    def next_due(self) -> int | None:
        """When a batch is to be sent next; None while there is none, or enough are in flight."""
        return min((one.send_at for one in self._sendable()), default=None)

    @property
    def is_full(self) -> bool:
        """The bound is reached."""
        return self._reaches_bound(0, 0)

    def is_full_with(self, batch: Batch) -> bool:
        """This batch reaches the bound: the agent cuts its users."""
        return self._reaches_bound(1, estimated_bytes(batch))

    def _reaches_bound(self, batches: int, size: int) -> bool:
        return len(self._batches) + batches >= self._max_batches or self._bytes + size >= self._max_bytes

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the batches that are kept."""
        return tuple(one.batch.number for one in self._batches)
