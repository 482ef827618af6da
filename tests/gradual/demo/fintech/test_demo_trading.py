"""The desk for orders: own orders only, a lock for each instrument, and clear refusals."""

from typing import Any

import pytest

from gradual.demo.fintech import trading as demo_trading
from gradual.demo.fintech.trading import Trading
from gradual.demo.routing import Answer, Call
from gradual.errors import RequestRefusedError


def body(side: str = "buy", limit: int = 100, quantity: int = 5, instrument: str = "ACME") -> dict[str, Any]:
    return {"instrument": instrument, "side": side, "quantity": quantity, "limit_cents": limit}


def data(answer: Answer) -> dict[str, Any]:
    assert isinstance(answer.content, dict)
    content: dict[str, Any] = answer.content["data"]
    return content


def test_two_orders_trade_and_both_accounts_see_it() -> None:
    desk = Trading()
    desk.place(Call(1, body=body("sell", 90)))
    placed = desk.place(Call(2, body=body("buy", 100, 7)))
    assert placed.status == 201
    assert data(placed) == {
        "order": 2, "instrument": "ACME", "side": "buy", "limit_cents": 100, "quantity": 7, "remaining": 2,
        "state": "open", "trades": [{"price_cents": 90, "quantity": 5}],
    }  # fmt: skip
    assert data(desk.show(Call(1, name="1")))["state"] == "filled"
    assert data(desk.list_open(Call(1))) == {"orders": []}
    assert [order["order"] for order in data(desk.list_open(Call(2)))["orders"]] == [2]
    assert data(desk.show_book(Call(name="ACME")))["bids"] == [{"price_cents": 100, "quantity": 2}]
    assert desk.totals() == {"orders": 2, "cancelled_orders": 0, "trades": 1, "traded_units": 5}


def test_changes_of_one_book_wait_for_each_other_and_those_of_two_do_not() -> None:
    desk = Trading()
    ready = [desk.place(Call(1, body=body(instrument=name), now=1.0)).ready for name in ("ACME", "ACME", "BOLT")]
    ready.append(desk.cancel(Call(1, name="1", now=1.0)).ready)
    assert ready == pytest.approx([1.005, 1.010, 1.005, 1.015])
    assert desk.show_book(Call(name="ACME", now=1.0)).ready == pytest.approx(1.002)


def test_an_order_is_cancelled_once_and_by_its_owner_only() -> None:
    desk = Trading()
    desk.place(Call(1, body=body()))
    with pytest.raises(RequestRefusedError, match="no order '1'") as refused:
        desk.cancel(Call(2, name="1"))
    assert refused.value.status == 404
    assert data(desk.cancel(Call(1, name="1")))["state"] == "cancelled"
    again = desk.cancel(Call(1, name="1"))
    assert (again.status, again.content) == (409, {"error": "order 1 is cancelled"})
    assert desk.totals()["cancelled_orders"] == 1


@pytest.mark.parametrize("name", ["", "0", "x", "-1", "²", "9" * 5000])
def test_a_name_that_is_no_number_is_no_order(name: str) -> None:
    with pytest.raises(RequestRefusedError, match="no order"):
        Trading().show(Call(1, name=name))


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"instrument": "GOLD"}, 404, "no instrument 'GOLD'; there are ACME"),
        ({"instrument": ["ACME"]}, 404, "no instrument"),
        ({"side": "hold"}, 400, "side must be buy or sell, not 'hold'"),
        ({"quantity": 0}, 400, "quantity must be a whole number from 1"),
        ({"quantity": True}, 400, "quantity must be"),
        ({"limit_cents": 1.5}, 400, "limit_cents must be a whole number from 1 to 1000000, not 1.5"),
        ({"limit_cents": 1_000_001}, 400, "limit_cents must be"),
    ],
)
def test_an_order_that_cannot_be_is_refused(changes: dict[str, Any], status: int, reason: str) -> None:
    desk = Trading()
    with pytest.raises(RequestRefusedError, match=reason) as refused:
        desk.place(Call(1, body=body() | changes))
    assert refused.value.status == status
    assert desk.totals()["orders"] == 0


def test_open_orders_are_listed_in_pages() -> None:
    desk = Trading()
    for _ in range(5):
        desk.place(Call(1, body=body()))
    pages = []
    after: Any = 0
    while after is not None:
        answer = desk.list_open(Call(1, query={"after": str(after), "limit": "2"}))
        assert isinstance(answer.content, dict)
        pages.append([order["order"] for order in answer.content["data"]["orders"]])
        after = answer.content["next"]
    assert pages == [[1, 2], [3, 4], [5]]


def test_open_and_ended_orders_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_trading, "MAX_OPEN", 2)
    monkeypatch.setattr(demo_trading, "MAX_CLOSED", 1)
    desk = Trading()
    desk.place(Call(1, body=body()))
    desk.place(Call(1, body=body()))
    with pytest.raises(RequestRefusedError, match="2 open orders: cancel one first"):
        desk.place(Call(1, body=body()))
    desk.cancel(Call(1, name="1"))
    desk.cancel(Call(1, name="2"))
    with pytest.raises(RequestRefusedError, match="no order '1'"):
        desk.show(Call(1, name="1"))
    assert data(desk.show(Call(1, name="2")))["state"] == "cancelled"
