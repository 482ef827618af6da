"""Does a busy generator still measure correctly? Response times of nginx with 10,000 thinking users and with 200."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from bench.memory import USERS, thinking_plan
from bench.quiet import measure_quietly
from bench.support import bar, nginx, print_table, run_fleet

FEW = 200
"""With so few users the agent is idle: their response times are the reference."""
ROUNDS = 5


def measure_in_turns() -> tuple[dict[int, list[dict[str, Any]]], dict[int, list[float]]]:
    """Per number of users: the last level's response times, and the agent's start lag p99, one per round. The two
    numbers of users take turns."""
    seen: dict[int, list[dict[str, Any]]] = {FEW: [], USERS: []}
    lags: dict[int, list[float]] = {FEW: [], USERS: []}
    with nginx() as url:
        for number in range(ROUNDS):
            for users, levels in seen.items():
                plan = thinking_plan(url, users)
                summary = measure_quietly(partial(run_fleet, plan), f"round {number + 1}, {users} users")
                levels.append(summary["levels"][-1]["response_time_ms"])
                lags[users].append(summary["agents"][0]["start_lag_ms_p99"])
    return seen, lags


def main() -> bool:
    """Print the table; True when both bars are met."""
    seen, lags = measure_in_turns()
    medians = {users: [statistics.median(level[q] for level in seen[users]) for q in ("p50", "p99")] for users in seen}
    rows = [
        (f"{users:,}", f"{p50:.2f}", f"{p99:.2f}", f"{statistics.median(lags[users]):.2f}")
        for users, (p50, p99) in medians.items()
    ]
    title = f"Response times over the last half of the level, ms, medians of {ROUNDS}"
    print_table(title, ("users", "p50", "p99", "start lag p99"), rows)
    apart = [abs(many - few) for many, few in zip(medians[USERS], medians[FEW], strict=True)]
    return all([bar("p50 apart", apart[0], 1.0, " ms"), bar("p99 apart", apart[1], 3.0, " ms")])
