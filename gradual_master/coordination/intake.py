"""Accepts batches, each number once and in order, and closes intervals in order (docs/design/fleet.md, 5.2, 5.4).

A batch is *received* when it arrives and *merged* when it is in the aggregate; it is acknowledged after the merge. A
batch that was received before is acknowledged again. If a number is missing before it, the stream is closed: the agent
dials again and sends everything that was not acknowledged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.errors import WireError
from gradual_common.protocol.batch import Batch

BATCH_WAIT_NS = 3 * NS_PER_S
"""How long after its end an interval waits for batches of connected agents."""

REDIAL_WAIT_NS = 500 * NS_PER_MS
"""How long an interval waits for an agent whose connection is broken. An agent that dials again is back within this
time (its first attempt comes after 0.1 to 0.2 s). The time is short because a killed agent does not come back, and its
missing users should be seen soon."""

LATE_LEVEL_NS = 50 * NS_PER_MS
"""A level that is applied later than this is counted as late. 50 ms is the stated clock error on a LAN."""


class Receipt(Enum):
    """What to do with a batch that was received."""

    MERGE = "merge"
    AGAIN = "acknowledge again"
    GAP = "gap"


@dataclass(slots=True)
class Delivery:
    """What one agent has delivered."""

    received: int = 0
    """The number of the last batch that was received."""
    received_interval: int = -1
    """The interval of that batch; −1 before the first."""
    merged: int = 0
    """The number of the last batch that is in the aggregate. This number is acknowledged."""
    interval: int = -1
    """The last interval with a batch in the aggregate; −1 before the first."""
    is_last: bool = False
    """Whether the batch that is marked as the last one is in the aggregate."""
    is_awaited: bool = False
    """Whether intervals wait for its batches."""
    cut_off_at: int | None = None
    """When its connection broke; None while it is connected."""


class Intake:
    """Tracks the batch numbers of every agent, and which interval can be closed next."""

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.start: int | None = None
        """The schedule's time 0, in run time; None before the load. Interval k starts at start + k·interval."""
        self.next_open = 0
        """The number of the first interval that is not closed."""
        self.late_batches = 0
        """Batches that were merged after their interval was closed."""
        self.late_levels = 0
        self.resent_batches = 0
        self._unread_until = 0
        """After a stall of the master: until when it may still be reading what arrived during the stall."""
        self._deliveries: dict[str, Delivery] = {}
        self._owing: set[str] = set()
        """Agents whose batch of the next open interval has not been merged yet."""

    def of(self, agent: str) -> Delivery:
        """What this agent has delivered."""
        return self._deliveries.setdefault(agent, Delivery())

    def note_stall(self, now: int) -> None:
        """The master itself did not run until `now`: it has still to read what arrived in that time."""
        self._unread_until = now + BATCH_WAIT_NS

    def wait_for(self, agent: str) -> None:
        """From now on intervals wait for this agent's batches."""
        self.of(agent).is_awaited = True
        self._note_owing(agent)

    def stop_waiting_for(self, agent: str) -> None:
        """The agent is gone: no interval waits for it. Batches that it still sends are merged."""
        self.of(agent).is_awaited = False
        self._note_owing(agent)

    def cut_off(self, agent: str, now: int) -> None:
        """The connection to the agent is broken: intervals wait for it for `REDIAL_WAIT_NS` only."""
        self.of(agent).cut_off_at = now

    def reconnect(self, agent: str) -> None:
        """The agent is connected again."""
        self.of(agent).cut_off_at = None

    def receive(self, agent: str, batch: Batch, now: int) -> Receipt:
        """Decide by its number what to do with a batch; WireError if its interval is impossible."""
        delivery = self.of(agent)
        if batch.number <= delivery.received:
            return Receipt.AGAIN
        if batch.number > delivery.received + 1:
            return Receipt.GAP
        self._check(batch, delivery, now)
        delivery.received = batch.number
        delivery.received_interval = batch.interval
        return Receipt.MERGE

    def _check(self, batch: Batch, delivery: Delivery, now: int) -> None:
        if self.start is None:
            raise WireError(f"batch {batch.number} came before the schedule began")
        # An agent seals an interval after its end. The "+ 1" allows its clock to be fast by up to one interval.
        newest = (now - self.start) // self.interval + 1
        if not max(0, delivery.received_interval) <= batch.interval <= newest:
            raise WireError(
                f"batch {batch.number} is of interval {batch.interval}; "
                f"allowed are {max(0, delivery.received_interval)} to {newest}"
            )

    def merged(self, agent: str, batch: Batch) -> None:
        """Record that the batch is in the aggregate."""
        delivery = self.of(agent)
        delivery.merged = max(delivery.merged, batch.number)
        delivery.interval = max(delivery.interval, batch.interval)
        delivery.is_last = delivery.is_last or batch.last
        self._note_owing(agent)
        self.late_batches += batch.interval < self.next_open
        self.late_levels += sum(entry.applied_at - entry.apply_at > LATE_LEVEL_NS for entry in batch.applied)

    def close_due(self, now: int) -> Iterator[int]:
        """Close, in order, each interval that is over and does not wait for batches (any more)."""
        while self.start is not None and self._may_close(self.start, now):
            yield self._close_next()

    def _may_close(self, start: int, now: int) -> bool:
        """Whether the next interval is over and does not wait for batches (any more)."""
        # When an interval closes it is judged: live objectives, reporters and the monitor use it, and later batches do
        # not change that. So it should be complete, but it should not be late. The rules that balance the two:
        # - It waits for every agent that owes it a batch. Usually all batches arrive within half an interval after its
        #   end (they are spread over that time), and it closes with the last of them, not at a fixed time.
        # - It waits at most BATCH_WAIT_NS for a connected agent: the batch may be on a slow network.
        # - It waits at most REDIAL_WAIT_NS for an agent without a connection. An agent that dials again is back by
        #   then. A killed agent is not, and its missing users are seen within two seconds.
        # - After a stall of the master itself all batches lie unread in its sockets, and no agent is late. Until the
        #   master has had time to read them (`note_stall`), it closes no interval that is incomplete.
        # This is checked after every event, so the common answers come first and are cheap.
        end = start + (self.next_open + 1) * self.interval
        if now < end:
            return False
        if not self._owing:
            return True
        if now < max(end + REDIAL_WAIT_NS, self._unread_until):
            return False
        return now >= end + BATCH_WAIT_NS or all(
            self._is_given_up(self._deliveries[agent], now) for agent in self._owing
        )

    @staticmethod
    def _is_given_up(delivery: Delivery, now: int) -> bool:
        return delivery.cut_off_at is not None and now >= delivery.cut_off_at + REDIAL_WAIT_NS

    def _note_owing(self, agent: str) -> None:
        delivery = self.of(agent)
        if delivery.is_awaited and not delivery.is_last and delivery.interval < self.next_open:
            self._owing.add(agent)
        else:
            self._owing.discard(agent)

    def close_rest(self) -> Iterator[int]:
        """Close, in order, all intervals up to the last one with a merged batch: the run is over."""
        newest = max((delivery.interval for delivery in self._deliveries.values()), default=-1)
        while self.next_open <= newest:
            yield self._close_next()

    def _close_next(self) -> int:
        self.next_open += 1
        for agent in self._deliveries:
            self._note_owing(agent)
        return self.next_open - 1
