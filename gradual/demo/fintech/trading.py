"""Orders on four instruments. Bottleneck: the lock of a book.

Who places or cancels an order holds the lock of its instrument's book for 5 ms. So each instrument has a capacity of
200 changes per second, and is a queue of its own. Reading waits for no lock.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any

from gradual.demo.fintech.order_book import Order, OrderBook, Side, Trade
from gradual.demo.fintech.pages import page_of
from gradual.demo.fintech.station import READING_S, Station
from gradual.demo.routing import Answer, Call, Route, Routes
from gradual.errors import RequestRefusedError

INSTRUMENTS = ("ACME", "BOLT", "CORE", "DUNE")

LOCKED_S = 0.005
"""How long a change holds the lock of a book."""

LARGEST = 1_000_000
"""Units of an order, and cents of its limit."""

MAX_OPEN = 1_000
"""Open orders of one account."""

MAX_CLOSED = 100_000
"""Orders that are remembered after their end, of all accounts."""

LEVELS = 5
"""Prices that a book shows for each side."""


class Trading:
    """The desk for orders."""

    def __init__(self) -> None:
        self._books = {name: (OrderBook(), Station()) for name in INSTRUMENTS}
        self._orders: dict[int, Order] = {}
        self._open: dict[int, OrderedDict[int, Order]] = {}
        """Open orders of each account, by number."""
        self._closed: deque[int] = deque()
        self._placed = self._cancelled = self._trades = self._traded = 0

    def routes(self) -> Routes:
        """The table of the routes."""
        return {
            ("POST", "/api/orders"): Route(self.place, needs_token=True),
            ("GET", "/api/orders"): Route(self.list_open, needs_token=True),
            ("GET", "/api/orders/{order}"): Route(self.show, needs_token=True),
            ("DELETE", "/api/orders/{order}"): Route(self.cancel, needs_token=True),
            ("GET", "/api/book/{instrument}"): Route(self.show_book),
        }

    def place(self, call: Call) -> Answer:
        """Match an order; what is left waits in the book."""
        order = self._order_of(call)
        book, lock = self._books[order.instrument]
        ready = lock.serve(call.now, LOCKED_S).end
        self._placed += 1
        trades = book.place(order)
        self._settle(order, trades)
        done = [{"price_cents": trade.price, "quantity": trade.quantity} for trade in trades]
        return Answer(201, {"data": {**order.describe(), "trades": done}}, ready)

    def cancel(self, call: Call) -> Answer:
        """Take an own order out of the book; 409 if it is not open any more."""
        order = self._own(call)
        book, lock = self._books[order.instrument]
        ready = lock.serve(call.now, LOCKED_S).end
        if not order.is_open:
            return Answer(409, {"error": f"order {order.number} is {order.state}"}, ready)
        book.cancel(order)
        self._cancelled += 1
        self._close(order)
        return Answer(200, {"data": order.describe()}, ready)

    def show(self, call: Call) -> Answer:
        """An own order, open or not."""
        return Answer(200, {"data": self._own(call).describe()}, call.now + READING_S)

    def list_open(self, call: Call) -> Answer:
        """The open orders of the account, in pages."""
        return Answer(200, page_of(call, "orders", self._described(call.account)), call.now + READING_S)

    def show_book(self, call: Call) -> Answer:
        """The best prices of an instrument, with the units that wait there."""
        book, _ = self._books[instrument_of(call.name)]
        sides = {"bids": book.depth(Side.BUY, LEVELS), "asks": book.depth(Side.SELL, LEVELS)}
        return Answer(200, {"data": {"instrument": call.name, **sides}}, call.now + READING_S)

    def totals(self) -> dict[str, int]:
        """Orders placed and cancelled, trades, and units that changed hands."""
        return {
            "orders": self._placed,
            "cancelled_orders": self._cancelled,
            "trades": self._trades,
            "traded_units": self._traded,
        }

    def _order_of(self, call: Call) -> Order:
        instrument = instrument_of(call.body.get("instrument"))
        if call.body.get("side") not in ("buy", "sell"):
            raise RequestRefusedError(400, f"side must be buy or sell, not {call.body.get('side')!r}")
        quantity, limit = (whole_number_of(call.body, key) for key in ("quantity", "limit_cents"))
        if len(self._open.get(call.account, ())) >= MAX_OPEN:
            raise RequestRefusedError(409, f"this account has {MAX_OPEN} open orders: cancel one first")
        return Order(
            self._placed + 1, call.account, instrument, Side(call.body["side"]), limit, quantity, remaining=quantity
        )

    def _own(self, call: Call) -> Order:
        order = self._orders.get(call.item)
        if order is None or order.account != call.account:
            raise RequestRefusedError(404, f"this account has no order {call.name[:40]!r}")
        return order

    def _described(self, account: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, order in self._open.get(account, {}).items():
            yield number, order.describe()

    def _settle(self, order: Order, trades: list[Trade]) -> None:
        self._trades += len(trades)
        self._traded += sum(trade.quantity for trade in trades)
        self._orders[order.number] = order
        self._open.setdefault(order.account, OrderedDict())[order.number] = order
        for ended in (order, *(trade.resting for trade in trades)):
            if not ended.is_open:
                self._close(ended)

    def _close(self, order: Order) -> None:
        del self._open[order.account][order.number]
        self._closed.append(order.number)
        if len(self._closed) > MAX_CLOSED:
            del self._orders[self._closed.popleft()]


def instrument_of(name: object) -> str:
    """An instrument's name; RequestRefusedError if there is no such instrument."""
    if not isinstance(name, str) or name not in INSTRUMENTS:
        raise RequestRefusedError(404, f"there is no instrument {str(name)[:40]!r}; there are {', '.join(INSTRUMENTS)}")
    return name


def whole_number_of(body: dict[str, Any], key: str) -> int:
    """A positive whole number of a body; RequestRefusedError if it is none."""
    value = body.get(key)
    if type(value) is not int or not 0 < value <= LARGEST:
        raise RequestRefusedError(400, f"{key} must be a whole number from 1 to {LARGEST}, not {str(value)[:40]}")
    return value
