"""The outbox: sealed batches, kept until the master acknowledges them, and the messages that carry them
(docs/design/fleet.md, 4.11, 5.2, 5.5).

Why there is a bound, and why users are cut at it: without a master an agent goes on measuring, one batch per
interval, for an unknown time. Dropping the oldest would lose requests that the system has seen, and every count would
be wrong from then on; keeping everything would take the memory that users need, until the kernel ends the process and
all is lost. So an agent whose batches are not taken stops making load: what it has measured stays exact, and the
missing users are counted as such. The bound is at least two leases, so that a master that restarts while it holds the
agents' slots finds all users running, and at least 60 batches, so that a short lease does not cut users after a short
delay.

At most `MAX_IN_FLIGHT` batches are sent and not acknowledged: otherwise a master that comes back
after a minute would get 60 batches from each agent at once, and the pongs, on which every lease depends, would come
after them.

Everything that is due is sent in as few messages as the limit of 256 KiB allows: grpc.aio costs about 0.15 ms of a
core per message of any size, so a ping joins a batch.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields, replace
from itertools import islice, zip_longest

import numpy as np

from gradual_common.clock import NEVER
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import MAX_MESSAGE_BYTES, AgentMessage, SlotRun

MAX_IN_FLIGHT = 8
MAX_KEPT_BYTES = 64 * 1024 * 1024
OVERHEAD_BYTES = 512
"""An upper bound for what a batch has beside its columns: health, lengths and tags."""

RUN_BYTES = 24
"""An upper bound for a slot run on the wire: four varints of at most 5 bytes with their tags, and the length."""

RUNS_PER_MESSAGE = MAX_MESSAGE_BYTES // 4 // RUN_BYTES
"""Released and finished slots get a quarter of a message each, batches the other half (`_split_batches`)."""

NOTHING = AgentMessage()


class Intervals:
    """Says which interval is sealed next. Interval k is [start + k·length, start + (k+1)·length), run time in ns."""

    def __init__(self, start: int, length: int, now: int) -> None:
        self.start = start
        self.length = length
        self.next = max(0, (now - start) // length)

    def end_of(self, interval: int) -> int:
        """The first instant after `interval`."""
        return self.start + (interval + 1) * self.length

    def take_ended(self, now: int) -> bool:
        """Whether the next interval has ended; it counts as sealed from here on."""
        ended = self.end_of(self.next) <= now
        self.next += ended
        return ended


def estimated_bytes(batch: Batch) -> int:
    """An upper bound for the size of a batch on the wire: its columns are sent as they are in memory."""
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

    def __init__(self, max_batches: int, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._batches: deque[WaitingBatch] = deque()
        self._bytes = 0
        self.max_batches = max_batches
        """At this many batches the users are cut. A new bound drops no batch."""
        self._max_bytes = max_bytes
        self._has_last = False
        self.newest = 0
        """The number of the batch that was sealed last."""
        self.in_flight = 0
        """Batches that were sent on this stream and are not acknowledged."""

    @staticmethod
    def bound(lease: int, interval: int) -> int:
        """How many unacknowledged batches an agent may keep."""
        return max(60, 2 * lease // interval)

    def put(self, batch: Batch, send_at: int) -> None:
        """Keep a batch that was just sealed."""
        waiting = WaitingBatch(batch, estimated_bytes(batch), send_at)
        self._batches.append(waiting)
        self._bytes += waiting.size
        self.newest, self._has_last = batch.number, batch.last

    def acknowledge(self, number: int) -> None:
        """The master has everything up to `number`."""
        while self._batches and self._batches[0].batch.number <= number:
            self._bytes -= self._batches.popleft().size
            self.in_flight = max(0, self.in_flight - 1)

    def rewind(self) -> None:
        """On a new stream, every batch that is not acknowledged is sent again."""
        self.in_flight = 0

    def take(self, now: int) -> tuple[WaitingBatch, ...]:
        """The batches to send now, in order: a batch that is due takes all earlier ones with it."""
        sendable = self._sendable()
        due = max((count for count, waiting in enumerate(sendable, 1) if waiting.send_at <= now), default=0)
        # Batches are sent in order of their numbers, as an acknowledgement covers all up to its number.
        self.in_flight += due
        return tuple(sendable[:due])

    def _sendable(self) -> list[WaitingBatch]:
        return list(islice(self._batches, self.in_flight, MAX_IN_FLIGHT))

    @property
    def next_due(self) -> int:
        """When a batch is to be sent next; `NEVER` while there is none, or enough are in flight."""
        return min((waiting.send_at for waiting in self._sendable()), default=NEVER)

    @property
    def is_full(self) -> bool:
        """The bound is reached."""
        return len(self._batches) >= self.max_batches or self._bytes >= self._max_bytes

    def is_full_with(self, batch: Batch) -> bool:
        """This batch reaches the bound: the agent cuts its users."""
        size = self._bytes + estimated_bytes(batch)
        return len(self._batches) + 1 >= self.max_batches or size >= self._max_bytes

    @property
    def is_delivered(self) -> bool:
        """The last batch of the run is sealed, and everything is acknowledged."""
        return self._has_last and not self._batches

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the batches that are kept."""
        return tuple(waiting.batch.number for waiting in self._batches)


def pack(message: AgentMessage, waiting: tuple[WaitingBatch, ...]) -> list[AgentMessage]:
    """Split a message and batches into messages within the size limit.

    Everything but slots and batches goes into the first.
    """
    if not waiting and message == NOTHING:
        return []
    parts = zip_longest(
        _split_runs(message.released), _split_runs(message.finished), _split_batches(waiting), fillvalue=()
    )
    messages = []
    for released, finished, batches in list(parts) or [((), (), ())]:
        messages.append(replace(message, released=released, finished=finished, batches=batches))
        message = NOTHING
    return messages


def _split_runs(runs: tuple[SlotRun, ...]) -> list[tuple[SlotRun, ...]]:
    return [runs[first : first + RUNS_PER_MESSAGE] for first in range(0, len(runs), RUNS_PER_MESSAGE)]


def _split_batches(waiting: tuple[WaitingBatch, ...]) -> list[tuple[Batch, ...]]:
    """Batches in order, as many per message as fit into half of it; slots have the other half."""
    # A batch that is larger than that goes alone: it cannot be split, and gRPC takes 4 MiB (`rpc`).
    messages: list[tuple[Batch, ...]] = []
    room = 0
    for kept in waiting:
        if not messages or kept.size > room:
            messages.append(())
            room = MAX_MESSAGE_BYTES // 2
        messages[-1] += (kept.batch,)
        room -= kept.size
    return messages
