"""The order book of one instrument: price-time priority, as exchanges match.

The best price goes first: the highest bid, the lowest ask. Among orders of one price the oldest goes first. A trade has
the price of the order that was in the book before.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Side(StrEnum):
    """What the owner of an order wants."""

    BUY = "buy"
    SELL = "sell"

    @property
    def other(self) -> Side:
        """The side that it trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY


@dataclass(slots=True)
class Order:
    """An order with a limit: it trades at this price or a better one."""

    number: int
    """Rises with the time of arrival."""
    account: int
    instrument: str
    side: Side
    limit: int
    """Cents for one unit."""
    quantity: int
    remaining: int
    """Units that are neither traded nor cancelled."""
    cancelled: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it still waits in the book."""
        return self.remaining > 0 and not self.cancelled

    @property
    def state(self) -> str:
        """`open`, `filled`, or `cancelled`."""
        return "cancelled" if self.cancelled else "open" if self.remaining else "filled"

    def describe(self) -> dict[str, Any]:
        """The order as JSON data."""
        return {
            "order": self.number,
            "instrument": self.instrument,
            "side": self.side.value,
            "limit_cents": self.limit,
            "quantity": self.quantity,
            "remaining": self.remaining,
            "state": self.state,
        }


class Trade(NamedTuple):
    """Units that changed hands."""

    resting: Order
    price: int
    quantity: int


class OrderBook:
    """The open orders of one instrument."""

    def __init__(self) -> None:
        self._waiting: dict[Side, list[tuple[int, int, Order]]] = {Side.BUY: [], Side.SELL: []}
        """A heap for each side: rank of the price (the best first), number, order. A cancelled order stays until it is
        the first one."""
        self._units: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}
        """Open units by price."""

    def place(self, order: Order) -> list[Trade]:
        """Match an order that arrives; what is left of it waits in the book."""
        trades = []
        while order.remaining and (best := self._best(order.side.other)) and crosses(order, best.limit):
            quantity = min(order.remaining, best.remaining)
            order.remaining -= quantity
            best.remaining -= quantity
            self._add_units(best, -quantity)
            trades.append(Trade(best, best.limit, quantity))
        if order.remaining:
            rank = -order.limit if order.side is Side.BUY else order.limit
            heapq.heappush(self._waiting[order.side], (rank, order.number, order))
            self._add_units(order, order.remaining)
        return trades

    def cancel(self, order: Order) -> None:
        """Take an open order out."""
        order.cancelled = True
        self._add_units(order, -order.remaining)

    def depth(self, side: Side, levels: int) -> list[dict[str, int]]:
        """Open units at the best prices of a side, the best first."""
        prices = sorted(self._units[side], reverse=side is Side.BUY)[:levels]
        return [{"price_cents": price, "quantity": self._units[side][price]} for price in prices]

    def _best(self, side: Side) -> Order | None:
        waiting = self._waiting[side]
        while waiting and not waiting[0][2].is_open:
            heapq.heappop(waiting)
        return waiting[0][2] if waiting else None

    def _add_units(self, order: Order, quantity: int) -> None:
        units = self._units[order.side]
        units[order.limit] = units.get(order.limit, 0) + quantity
        if not units[order.limit]:
            del units[order.limit]


def crosses(order: Order, price: int) -> bool:
    """Whether an order trades at a price of the other side."""
    return order.limit >= price if order.side is Side.BUY else order.limit <= price
