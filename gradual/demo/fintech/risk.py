"""Portfolio risk: the value at risk of an account. Bottleneck: one worker that computes.

The value at risk is found by historical simulation (J.P. Morgan/Reuters, "RiskMetrics: Technical Document", 1996, part
I): the portfolio is valued in each of many scenarios, the losses are sorted, and the loss that only 1 % of them exceed
is the result. A real computation is bound by the processor, so its time grows with the number of scenarios. Here the
worker is occupied for 50 µs for each scenario. That time is modelled, so that the capacity is known and the same on
every machine; the result is computed.
"""

from __future__ import annotations

import math
import random
from typing import Any

from gradual.demo.fintech.station import READING_S, Station
from gradual.demo.fintech.trading import INSTRUMENTS
from gradual.demo.routing import Answer, Call, Route, Routes
from gradual.errors import RequestRefusedError

SCENARIO_S = 50e-6
"""How long the worker needs for one scenario."""

SCENARIOS = (100, 2_000)
"""The fewest and the most scenarios of a computation."""

CONFIDENCE = 0.99
LAST_PRICES = (10_000, 4_000, 25_000, 1_500)
"""Cents for one unit of each instrument."""

DAILY_SPREAD = 0.02
"""Standard deviation of the returns of one day."""


def historical_returns(days: int, seed: int = 7) -> list[tuple[float, ...]]:
    """The return of each instrument on each day: the same ones at every start."""
    source = random.Random(seed)  # noqa: S311 - made-up prices, not a secret
    return [tuple(source.gauss(0, DAILY_SPREAD) for _ in INSTRUMENTS) for _ in range(days)]


def positions_of(account: int) -> tuple[int, ...]:
    """The units that an account holds of each instrument: 1 to 100, by its number."""
    return tuple(1 + account * factor % 100 for factor in (7, 13, 29, 31))


def value_at_risk(positions: tuple[int, ...], returns: list[tuple[float, ...]], confidence: float) -> int:
    """The loss in cents that a share of 1 - `confidence` of the scenarios exceeds; 0 if that is a gain."""
    values = [units * price for units, price in zip(positions, LAST_PRICES, strict=True)]
    losses = sorted(-sum(map(float.__mul__, map(float, values), day)) for day in returns)
    return max(0, round(losses[math.ceil(confidence * len(losses)) - 1]))


class Risk:
    """The desk for risk."""

    def __init__(self) -> None:
        self._worker = Station()
        self._returns = historical_returns(SCENARIOS[1])
        self._computed = self._scenarios = 0

    def routes(self) -> Routes:
        """The table of the routes."""
        return {
            ("GET", "/api/portfolio"): Route(self.show_portfolio, needs_token=True),
            ("POST", "/api/risk"): Route(self.compute, needs_token=True),
        }

    def show_portfolio(self, call: Call) -> Answer:
        """What the account holds."""
        held = [
            {"instrument": name, "units": units, "price_cents": price}
            for name, units, price in zip(INSTRUMENTS, positions_of(call.account), LAST_PRICES, strict=True)
        ]
        return Answer(200, {"data": {"account": call.account, "positions": held}}, call.now + READING_S)

    def compute(self, call: Call) -> Answer:
        """The value at risk over `scenarios` days."""
        scenarios = scenarios_of(call.body)
        served = self._worker.serve(call.now, scenarios * SCENARIO_S)
        self._computed += 1
        self._scenarios += scenarios
        positions = positions_of(call.account)
        value = sum(units * price for units, price in zip(positions, LAST_PRICES, strict=True))
        risk = value_at_risk(positions, self._returns[:scenarios], CONFIDENCE)
        content = {"scenarios": scenarios, "confidence": CONFIDENCE, "value_cents": value, "risk_cents": risk}
        return Answer(200, {"data": content}, served.end)

    def totals(self) -> dict[str, int]:
        """Computations and their scenarios."""
        return {"risks": self._computed, "scenarios": self._scenarios}


def scenarios_of(body: dict[str, Any]) -> int:
    """The number of scenarios that a body asks for; RequestRefusedError if it is out of range."""
    low, high = SCENARIOS
    scenarios = body.get("scenarios", 200)
    if type(scenarios) is not int or not low <= scenarios <= high:
        raise RequestRefusedError(
            400, f"scenarios must be a whole number from {low} to {high}, not {str(scenarios)[:40]}"
        )
    return scenarios
