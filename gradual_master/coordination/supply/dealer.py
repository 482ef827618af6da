"""One supply of rows, handed out in blocks: in order, each row once in a pass."""

from dataclasses import dataclass, field

from gradual_common.plan.data.data_files import Row
from gradual_common.plan.data.supplies import Supply
from gradual_common.protocol.messages import MAX_BLOCK_BYTES

SHARE = 2
"""A block has at most this part of what is left for each agent, so that all agents use up their rows at about the same
time (guided self-scheduling: Polychronopoulos and Kuck, IEEE Transactions on Computers, 1987)."""


@dataclass(frozen=True, slots=True)
class Dealt:
    """Consecutive rows of one pass."""

    first: int
    passes: int
    """How often the whole set had been handed out before."""
    rows: tuple[Row, ...]
    exhausted: bool
    """Nothing follows."""
    count: int = 0
    """Of a sequence: how many numbers."""


@dataclass(slots=True)
class Dealer:
    """Hands out the rows of a supply."""

    supply: Supply
    handed_out: int = field(init=False, default=0)
    """In all passes."""
    _next: int = field(init=False, default=0)
    """The index of the next row; the number of rows when all are handed out."""
    _passes: int = field(init=False, default=0)

    def deal(self, wanted: int, agents: int) -> Dealt:
        """The next rows: as many as are wanted, if they fit into a message and leave enough to the other agents."""
        rows = self.supply.rows
        if self.supply.recycles and self._next == len(rows):
            self._next, self._passes = 0, self._passes + 1
        left = len(rows) - self._next
        if not self.supply.recycles:
            wanted = min(wanted, max(1, left // (SHARE * max(1, agents))))
        first = self._next
        self._next += self._fitting(min(wanted, left))
        self.handed_out += self._next - first
        exhausted = self._next == len(rows) and not self.supply.recycles
        return Dealt(first, self._passes, tuple(rows[first : self._next]), exhausted)

    def _fitting(self, count: int) -> int:
        """How many of the next `count` rows fit into a message; a row that is larger goes alone."""
        room = MAX_BLOCK_BYTES
        for taken in range(count):
            room -= self.supply.sizes[self._next + taken] + 1
            if room < 0:
                return max(1, taken)
        return count


@dataclass(slots=True)
class SequenceDealer:
    """Hands out the numbers 1, 2, … of a sequence."""

    _next: int = field(init=False, default=1)

    def deal(self, wanted: int, agents: int) -> Dealt:
        """The next numbers; they never run out, so the number of agents does not matter."""
        first = self._next
        self._next += wanted
        return Dealt(first, 0, (), exhausted=False, count=wanted)
