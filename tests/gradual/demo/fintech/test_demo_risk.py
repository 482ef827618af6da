"""The value at risk is what historical simulation gives, and its worker takes one computation after the other."""

from typing import Any

import pytest

from gradual.demo.fintech.risk import Risk, historical_returns, value_at_risk
from gradual.demo.routing import Call
from gradual.errors import RequestRefusedError


def test_the_value_at_risk_is_the_loss_that_the_confidence_leaves_out() -> None:
    """100 units at 10,000 cents are 1,000,000 cents; the returns are losses of 1 to 100 thousandths."""
    returns = [(-number / 1000, 0.0, 0.0, 0.0) for number in range(1, 101)]
    assert value_at_risk((100, 0, 0, 0), returns, 0.99) == 99_000
    assert value_at_risk((100, 0, 0, 0), returns, 0.95) == 95_000
    assert value_at_risk((100, 0, 0, 0), [(0.1, 0.0, 0.0, 0.0)] * 100, 0.99) == 0


def test_the_days_are_the_same_at_every_start() -> None:
    assert historical_returns(50) == historical_returns(50)
    assert historical_returns(50) != historical_returns(50, seed=8)


def test_computations_wait_for_the_one_worker_by_the_number_of_their_scenarios() -> None:
    desk = Risk()
    ready = [desk.compute(Call(7, body={"scenarios": size}, now=2.0)).ready for size in (200, 1000, 200)]
    assert ready == pytest.approx([2.01, 2.06, 2.07])
    assert desk.totals() == {"risks": 3, "scenarios": 1400}


def test_the_same_account_has_the_same_risk_and_another_one_another() -> None:
    results: list[Any] = [Risk().compute(Call(account, body={"scenarios": 500})).content for account in (7, 7, 8)]
    assert results[0] == results[1] != results[2]
    assert 0 < results[0]["data"]["risk_cents"] < results[0]["data"]["value_cents"]


@pytest.mark.parametrize("scenarios", [99, 2001, "200", True, 200.0, None])
def test_a_number_of_scenarios_out_of_range_is_refused(scenarios: object) -> None:
    with pytest.raises(RequestRefusedError, match="whole number from 100 to 2000"):
        Risk().compute(Call(7, body={"scenarios": scenarios}))
