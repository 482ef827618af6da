"""Rows of data sets with `per: iteration`, as one agent gets them from the master: in blocks, ahead of their use
(docs/design/fleet.md, 4.13).

An agent asks for the next block when what it has left would last for less than half of `AHEAD_NS` at its present rate.
It asks for what that rate uses in `AHEAD_NS`, but for at most twice as much as the last time. There is one request at a
time for each set; a new stream repeats it, since its answer may be lost. Instants are on the agent's clock, ns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from gradual_common.clock import NS_PER_S
from gradual_common.protocol.messages import SEQUENCE, BlockRequest, BlockUse, DealtBlock, SlotRun, Source

AHEAD_NS = NS_PER_S
MAX_ROWS = 10_000
"""Rows of one request."""

NUMBERS = 100_000
"""Numbers of a sequence in one block."""

NONE_YET: Final = object()
"""No row is here, but one may come."""
USED_UP: Final = object()
"""No row will come any more."""


class RowWaiter(Protocol):
    """Who waits for a row."""

    def note_row(self) -> None:
        """A row has come, or none will come any more: ask again, in a later turn of the loop."""


class AgentSupply:
    """The rows of one data set of one group. `on_need` is called when there is a request to send."""

    def __init__(self, source: Source, on_need: Callable[[], object]) -> None:
        self._source = source
        self._on_need = on_need
        self._rows: deque[dict[str, Any]] = deque()
        self._waiting: dict[RowWaiter, None] = {}
        self._number = 0
        self._wanted = 0
        """How many rows the last request asked for."""
        self._is_asking = False
        self._is_used_up = False
        self._asked_at = 0
        self._used_before = 0
        """How many rows were used when the last request was made."""
        self.used = 0

    def take(self, now: int) -> Any:
        """The next row, which is used from here on; `NONE_YET` or `USED_UP` without one."""
        if self._rows:
            self.used += 1
            row = self._rows.popleft()
            if 2 * len(self._rows) < self._wanted:
                self._ask(now)
            return row
        if self._is_used_up:
            return USED_UP
        self._ask(now)
        return NONE_YET

    def expect(self, users: int, now: int) -> None:
        """So many users will want a row: ask for the first block before they come."""
        if not self._number and users:
            self._wanted = min(users, MAX_ROWS)
            self._send(now)

    def _ask(self, now: int) -> None:
        if self._is_asking or self._is_used_up:
            return
        rate_wants = (self.used - self._used_before) * AHEAD_NS // max(1, now - self._asked_at)
        least = max(1, len(self._waiting))
        self._wanted = min(max(least, min(rate_wants, 2 * self._wanted)), MAX_ROWS)
        self._send(now)

    def _send(self, now: int) -> None:
        self._number += 1
        self._is_asking = True
        self._asked_at, self._used_before = now, self.used
        self._on_need()

    @property
    def request(self) -> BlockRequest | None:
        """The request that is not answered; None if there is none."""
        return BlockRequest(*self._source, self._number, self._wanted) if self._is_asking else None

    def receive(self, block: DealtBlock) -> None:
        """Take a block; one that is here already is ignored."""
        if not self._is_asking or block.number != self._number:
            return
        self._is_asking = False
        self._rows.extend(block.values)
        self._is_used_up = block.exhausted
        # Each of them asks again when its turn comes: in between, another user may have taken the row.
        self._tell(len(self._waiting) if self._is_used_up else len(self._rows))

    def _tell(self, count: int) -> None:
        for waiter in list(self._waiting)[:count]:
            del self._waiting[waiter]
            waiter.note_row()

    def pass_on(self) -> None:
        """A user that waited ends: if a row was meant for it, another user gets it."""
        self._tell(min(1, len(self._rows)))

    def join(self, waiter: RowWaiter) -> None:
        """Wait for a row."""
        self._waiting[waiter] = None

    def leave(self, waiter: RowWaiter) -> None:
        """Wait no more."""
        self._waiting.pop(waiter, None)


class AgentSequence:
    """The numbers of one sequence. They cost nothing, so blocks are large: a user never waits for one."""

    def __init__(self, source: Source, on_need: Callable[[], object]) -> None:
        self._source = source
        self._on_need = on_need
        self._next = self._left = 0
        self._following: DealtBlock | None = None
        """The block after the present one."""
        self._number = 0
        self._is_asking = False
        self.used = 0
        """Is not reported: a number that nobody uses is no loss."""

    def expect(self, users: int, now: int) -> None:
        """Ask for the first block before users come."""
        if not self._number:
            self._ask()

    def take(self) -> int | None:
        """The next number; None if none is here."""
        if not self._left and self._following is not None:
            self._next, self._left, self._following = self._following.first, self._following.count, None
        if self._following is None and not self._is_asking and 2 * self._left <= NUMBERS:
            self._ask()
        if not self._left:
            return None
        number = self._next
        self._next, self._left = number + 1, self._left - 1
        return number

    def _ask(self) -> None:
        self._number += 1
        self._is_asking = True
        self._on_need()

    @property
    def request(self) -> BlockRequest | None:
        """The request that is not answered; None if there is none."""
        return BlockRequest(*self._source, self._number, NUMBERS) if self._is_asking else None

    def receive(self, block: DealtBlock) -> None:
        """Take a block; one that is here already is ignored."""
        if self._is_asking and block.number == self._number:
            self._is_asking = False
            self._following = block


class AgentSupplies:
    """The supplies of one agent, and what is to be said of them."""

    def __init__(self, on_need: Callable[[], object]) -> None:
        self._on_need = on_need
        self._supplies: dict[Source, AgentSupply | AgentSequence] = {}
        self._sequences: dict[str, AgentSequence] = {}
        self._said: dict[Source, int] = {}
        """The number of the last request that was sent on this stream."""
        self._told: dict[Source, int] = {}
        """How many used rows were reported on this stream."""

    def declare(self, sources: Iterable[Source], sequences: Iterable[str] = ()) -> dict[Source, AgentSupply]:
        """The plan deals out these."""
        rows = {source: AgentSupply(source, self._on_need) for source in sources}
        self._sequences = {name: AgentSequence((SEQUENCE, name), self._on_need) for name in sequences}
        self._supplies = {**rows, **{(SEQUENCE, name): one for name, one in self._sequences.items()}}
        return rows

    def next_number(self, name: str) -> int | None:
        """The next number of a sequence; None if none is here, or the plan does not name this sequence."""
        sequence = self._sequences.get(name)
        return None if sequence is None else sequence.take()

    def repeat(self) -> None:
        """On a new stream all is said again."""
        self._said.clear()
        self._told.clear()

    def expect(self, slots: Iterable[SlotRun], now: int) -> None:
        """The agent has these slots."""
        users: dict[int, int] = {}
        for run in slots:
            users[run.group] = users.get(run.group, 0) + run.count
        for (group, _), supply in self._supplies.items():
            supply.expect(users.get(group, 0), now)

    def receive(self, block: DealtBlock) -> None:
        """Take a block."""
        supply = self._supplies.get((block.group, block.name))
        if supply is not None:
            supply.receive(block)

    def take_requests(self) -> tuple[BlockRequest, ...]:
        """The requests that are not sent yet."""
        found = []
        for source, supply in self._supplies.items():
            request = supply.request
            if request is not None and self._said.get(source) != request.number:
                self._said[source] = request.number
                found.append(request)
        return tuple(found)

    def take_used(self) -> tuple[BlockUse, ...]:
        """What has changed in the number of used rows."""
        found = []
        for source, supply in self._supplies.items():
            if supply.used > self._told.get(source, 0):
                self._told[source] = supply.used
                found.append(BlockUse(*source, supply.used))
        return tuple(found)
