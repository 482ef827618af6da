"""The accuracy of a busy generator: response times of nginx with 10,000 thinking users and with 200."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from bench.memory import USERS, thinking_plan
from bench.quiet import measure_quietly
from bench.servers import nginx
from bench.support import check_limit, print_table, run_fleet

FEW = 200
"""With so few users the agent is idle: their response times are the reference."""
ROUNDS = 5


def measure_in_turns() -> tuple[dict[int, list[dict[str, Any]]], dict[int, list[float]]]:
    """Per number of users: the last level's response times, and the agent's start lag p99, one per round. The two
    numbers of users alternate, so that a slow minute of the machine hits both."""
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
    """Print the table; True if both limits are met."""
    seen, lags = measure_in_turns()
    medians = {users: [statistics.median(level[q] for level in seen[users]) for q in ("p50", "p99")] for users in seen}
    rows = [
        (f"{users:,}", f"{p50:.2f}", f"{p99:.2f}", f"{statistics.median(lags[users]):.2f}")
        for users, (p50, p99) in medians.items()
    ]
    title = f"Response times over the last half of the level, ms, medians of {ROUNDS}"
    print_table(title, ("users", "p50", "p99", "start lag p99"), rows)
    differences = [abs(many - few) for many, few in zip(medians[USERS], medians[FEW], strict=True)]
    return all(
        [
            check_limit("difference of p50", differences[0], 1.0, " ms"),
            check_limit("difference of p99", differences[1], 1.0, " ms"),
        ]
    )
