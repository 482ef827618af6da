"""Taking batches in: each number once and in order; intervals closed in order (DESIGN 5.2, 5.4).

A batch is *received* when it came, *merged* when it is in the aggregate; the acknowledgement follows the merge. A
number that came before is acknowledged again, one that leaves a gap closes the stream: the agent dials again and
sends what was not acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.errors import WireError
from gradual_common.protocol.batch import Batch

PATIENCE = 3 * NS_PER_S
"""How long after its end an interval waits for batches that are still to come."""

BRIEF = 500 * NS_PER_MS
"""How long it waits for agents whose connection is broken: one that is just dialling again is back within that (the
first attempt comes after 0.1 to 0.2 s), and for one that was killed nobody waits three seconds to see users missing."""

LATE_LEVEL = 50 * NS_PER_MS
"""A level put in force later than this after its instant is a late one: it is the stated clock error on a LAN."""


class Receipt(Enum):
    """What to do with a batch that came."""

    MERGE = "merge"
    AGAIN = "acknowledge again"
    GAP = "gap"


@dataclass(slots=True)
class Delivery:
    """What one agent has delivered."""

    received: int = 0
    """The number of the last batch that came."""
    received_interval: int = -1
    merged: int = 0
    """The number of the last batch that is in the aggregate: what is acknowledged."""
    interval: int = -1
    """The last interval of which a batch is in the aggregate; −1: nothing is yet."""
    is_last: bool = False
    """The batch marked last is in the aggregate."""
    is_awaited: bool = False
    """Intervals wait for it."""
    cut_off_at: int | None = None
    """Since when it has been without a connection."""


class Intake:
    """The numbers of every agent's batches, and which interval may be closed next."""

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.start: int | None = None
        self.next_open = 0
        self.late_batches = 0
        self.late_levels = 0
        self.resent_batches = 0
        self._unread_until = 0
        self._deliveries: dict[str, Delivery] = {}
        self._owing: set[str] = set()
        """Agents of which a batch of the next open interval is still to come."""

    def of(self, agent: str) -> Delivery:
        """What this agent has delivered."""
        return self._deliveries.setdefault(agent, Delivery())

    def begin(self, start: int) -> None:
        """Interval k covers [start + k·interval, start + (k + 1)·interval)."""
        self.start = start

    def note_stall(self, now: int) -> None:
        """The master itself stood still until `now`: what came meanwhile is still to be read."""
        self._unread_until = now + PATIENCE

    def wait_for(self, agent: str) -> None:
        """From now on intervals wait for this agent's batches."""
        self.of(agent).is_awaited = True
        self._note_owing(agent)

    def stop_waiting_for(self, agent: str) -> None:
        """The agent is gone: no interval waits for it; what still comes of it is merged all the same."""
        self.of(agent).is_awaited = False
        self._note_owing(agent)

    def cut_off(self, agent: str, now: int) -> None:
        """The connection to the agent is broken: intervals wait for it only briefly."""
        self.of(agent).cut_off_at = now

    def reconnect(self, agent: str) -> None:
        """The agent is connected."""
        self.of(agent).cut_off_at = None

    def receive(self, agent: str, batch: Batch, now: int) -> Receipt:
        """Judge a batch by its number; WireError when its interval cannot be true."""
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
        # A sealed interval is over, on a clock that is right to within one more interval.
        newest = (now - self.start) // self.interval + 1
        if not max(0, delivery.received_interval) <= batch.interval <= newest:
            raise WireError(
                f"batch {batch.number} is of interval {batch.interval}; "
                f"allowed are {max(0, delivery.received_interval)} to {newest}"
            )

    def merged(self, agent: str, batch: Batch) -> None:
        """The batch is in the aggregate."""
        delivery = self.of(agent)
        delivery.merged = max(delivery.merged, batch.number)
        delivery.interval = max(delivery.interval, batch.interval)
        delivery.is_last = delivery.is_last or batch.last
        self._note_owing(agent)
        self.late_batches += batch.interval < self.next_open
        self.late_levels += sum(entry.applied_at - entry.apply_at > LATE_LEVEL for entry in batch.applied)

    def close_due(self, now: int) -> Iterator[int]:
        """Close, in order, each interval that is over and waits for nobody, or no longer."""
        while self.start is not None and self._may_close(self.start, now):
            yield self._close_next()

    def _may_close(self, start: int, now: int) -> bool:
        """Whether the next interval is over, and waits for nobody, or no longer."""
        # An interval that closes is judged: live objectives, reporters and the monitor see it, and what comes later
        # changes none of that. So it should be complete, and so it should not be late: three wishes against each other.
        # Complete: it waits for every agent that owes it a batch. Usually all of them come within milliseconds of the
        # end (they are spread over half an interval), and it closes with the last of them, not at a fixed time.
        # Not late: an agent that does not deliver must not hold back everybody's numbers. PATIENCE is the most, for
        # one that is connected, since its batch may be on a slow wire. Without a connection there is nothing on the
        # way: BRIEF is the time in which an agent that is merely dialling again is back. A killed one is not, and
        # whoever watches then sees within two seconds that its users are missing.
        # And the master itself: when it stood still, everything lies unread in its sockets, and nobody is late. Until
        # it has had time to read that (`note_stall`), no interval closes without those that owe it.
        # All this is asked after every event, so that the usual answers come first and cost nothing.
        end = start + (self.next_open + 1) * self.interval
        if now < end:
            return False
        if not self._owing:
            return True
        if now < max(end + BRIEF, self._unread_until):
            return False
        return now >= end + PATIENCE or all(self._is_given_up(self._deliveries[agent], now) for agent in self._owing)

    @staticmethod
    def _is_given_up(delivery: Delivery, now: int) -> bool:
        return delivery.cut_off_at is not None and now >= delivery.cut_off_at + BRIEF

    def _note_owing(self, agent: str) -> None:
        delivery = self.of(agent)
        if delivery.is_awaited and not delivery.is_last and delivery.interval < self.next_open:
            self._owing.add(agent)
        else:
            self._owing.discard(agent)

    def close_rest(self) -> Iterator[int]:
        """Close, in order, every interval of which anything was merged: the run is over."""
        newest = max((delivery.interval for delivery in self._deliveries.values()), default=-1)
        while self.next_open <= newest:
            yield self._close_next()

    def _close_next(self) -> int:
        self.next_open += 1
        for agent in self._deliveries:
            self._note_owing(agent)
        return self.next_open - 1
