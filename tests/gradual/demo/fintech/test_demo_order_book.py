"""An order book matches by price, then by time, and loses no unit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual.demo.fintech.order_book import Order, OrderBook, Side

BUY, SELL = Side.BUY, Side.SELL


def order(number: int, side: Side, limit: int, quantity: int) -> Order:
    return Order(number, 1, "ACME", side, limit, quantity, remaining=quantity)


def filled(trades: list[Any]) -> list[tuple[int, int, int]]:
    return [(trade.resting.number, trade.price, trade.quantity) for trade in trades]


CASES: list[Any] = [
    ("the best price first", [(SELL, 12, 5), (SELL, 11, 5)], (BUY, 12, 6), [(2, 11, 5), (1, 12, 1)]),
    ("the oldest of one price first", [(SELL, 11, 5), (SELL, 11, 5)], (BUY, 11, 7), [(1, 11, 5), (2, 11, 2)]),
    ("the highest bid first", [(BUY, 8, 1), (BUY, 9, 1)], (SELL, 1, 2), [(2, 9, 1), (1, 8, 1)]),
    ("at the price of who was there before", [(BUY, 10, 3)], (SELL, 7, 3), [(1, 10, 3)]),
    ("not beyond the limit", [(SELL, 11, 5)], (BUY, 10, 5), []),
    ("not with its own side", [(BUY, 11, 5)], (BUY, 12, 5), []),
]


@pytest.mark.parametrize(("reason", "before", "arriving", "expected"), CASES, ids=[case[0] for case in CASES])
def test_orders_match(reason: str, before: Any, arriving: Any, expected: list[tuple[int, int, int]]) -> None:
    book = OrderBook()
    for number, (side, limit, quantity) in enumerate(before, 1):
        assert book.place(order(number, side, limit, quantity)) == []
    assert filled(book.place(order(9, *arriving))) == expected, reason


def test_what_is_left_of_an_order_waits_and_can_be_cancelled() -> None:
    book = OrderBook()
    book.place(order(1, SELL, 10, 4))
    rest = order(2, BUY, 10, 9)
    book.place(rest)
    assert (rest.remaining, rest.state) == (5, "open")
    assert book.depth(BUY, 5) == [{"price_cents": 10, "quantity": 5}]
    assert book.depth(SELL, 5) == []
    book.cancel(rest)
    assert (book.depth(BUY, 5), rest.state) == ([], "cancelled")
    assert book.place(order(3, SELL, 10, 5)) == []


def test_the_depth_shows_the_best_prices_of_each_side_first() -> None:
    book = OrderBook()
    for number, limit in enumerate((7, 9, 8, 9), 1):
        book.place(order(number, BUY, limit, 2))
        book.place(order(number + 10, SELL, limit + 10, 2))
    assert book.depth(BUY, 2) == [{"price_cents": 9, "quantity": 4}, {"price_cents": 8, "quantity": 2}]
    assert book.depth(SELL, 2) == [{"price_cents": 17, "quantity": 2}, {"price_cents": 18, "quantity": 2}]


arriving = st.tuples(st.sampled_from(Side), st.integers(1, 6), st.integers(1, 9), st.booleans())


@given(st.lists(arriving, max_size=80))
def test_no_unit_is_lost_and_no_book_is_crossed(orders: list[tuple[Side, int, int, bool]]) -> None:
    book, placed, traded = OrderBook(), [], 0
    for number, (side, limit, quantity, cancels) in enumerate(orders, 1):
        placed.append(order(number, side, limit, quantity))
        traded += sum(trade.quantity for trade in book.place(placed[-1]))
        if cancels and placed[number // 2].is_open:
            book.cancel(placed[number // 2])
    filled_units = sum(each.quantity - each.remaining for each in placed)
    assert filled_units == 2 * traded
    bids, asks = book.depth(BUY, 10), book.depth(SELL, 10)
    for side, levels in ((BUY, bids), (SELL, asks)):
        assert sum(level["quantity"] for level in levels) == sum(
            each.remaining for each in placed if each.is_open and each.side is side
        )
    assert not bids or not asks or bids[0]["price_cents"] < asks[0]["price_cents"]
