"""What the master wants of this agent: orders, and the set-up or teardown of the run (docs/design/fleet.md, 4.6, 4.12).

What is received waits until the session asks for it: users may send only with an offset and a lease. The job must be
stored, too. What waits is forgotten with its stream, as the master says it again on the next one; what is in force or
was begun stays.
"""

from __future__ import annotations

from gradual_common.protocol.messages import Confirm, Once, Orders

NO_ORDERS = (0, 0)


class AgentDuties:
    """Orders, sections and provisions: what waits, what is in force or was begun, and what is confirmed."""

    def __init__(self) -> None:
        self.is_scheduled = False
        """Levels have been in force: there is something to drain and to deliver."""
        self._provisioned = 0
        """The highest provision that is stored. The first one is the job."""
        self._in_force = NO_ORDERS
        """The version of the orders that are in force."""
        self._waiting_orders: Orders | None = None
        self._waiting_once: Once | None = None
        self._begun: set[str] = set()
        """The sections that were begun here: none is begun again."""
        self._ended: set[str] = set()
        """Those of them that have ended."""
        self._confirms = False
        """The next message confirms which orders are in force and what is provisioned."""

    def dial(self) -> None:
        """A new stream: what waits is forgotten."""
        self._waiting_orders = self._waiting_once = None

    def repeat(self) -> None:
        """The master has welcomed this agent: the former stream may have lost what was confirmed."""
        self._confirms = self._in_force != NO_ORDERS or self._provisioned > 0

    def receive_orders(self, orders: Orders) -> None:
        """Newer orders replace those that wait or are in force; at others, those in force are confirmed again."""
        known = version_of(self._waiting_orders) if self._waiting_orders else self._in_force
        if version_of(orders) > known:
            self._waiting_orders = orders
        elif self._waiting_orders is None:
            self._confirms = True

    def receive_once(self, once: Once) -> None:
        """A section is to be performed, once: the master says it on every stream, until it has the report."""
        if once.ends:
            self._waiting_once = None
        elif once.section not in self._begun:
            self._waiting_once = once

    def note_provision(self, sequence: int) -> None:
        """The provisions up to `sequence` are stored."""
        self._provisioned = max(self._provisioned, sequence)
        self._confirms = True

    def note_performed(self, section: str) -> None:
        """A section has ended."""
        self._ended.add(section)

    def obey(self) -> Orders | None:
        """Put the orders that wait in force, once the job is stored: they are to be carried out now."""
        orders = self._waiting_orders
        if orders is None or not self._provisioned:
            return None
        self._waiting_orders = None
        self._in_force = version_of(orders)
        self._confirms = True
        self.is_scheduled = self.is_scheduled or bool(orders.levels)
        return orders

    def begin(self) -> Once | None:
        """Begin the section that waits, once the job is stored: it is to be performed now."""
        once = self._waiting_once
        if once is None or not self._provisioned:
            return None
        self._waiting_once = None
        self._begun.add(once.section)
        return once

    def has_begun(self, section: str) -> bool:
        """Whether the section was begun here."""
        return section in self._begun

    @property
    def is_performing(self) -> bool:
        """Whether a section was begun here and has not ended."""
        return bool(self._begun - self._ended)

    def take_confirm(self) -> Confirm | None:
        """What is in force and provisioned, if that is to be said."""
        confirms, self._confirms = self._confirms, False
        return Confirm(*self._in_force, self._provisioned) if confirms else None


def version_of(orders: Orders) -> tuple[int, int]:
    """The version of orders: a later one is greater. A restarted master has a new epoch."""
    return orders.epoch, orders.version
