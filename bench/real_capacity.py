"""`find_capacity` for real, twice in a row: the users that a queue of known demand holds with a mean below 100 ms."""

from __future__ import annotations

from typing import Any

from bench.known_servers import answering_as
from bench.queueing import DEMAND_S, plan_of, solve
from bench.support import check_limit, print_table, run_fleet

LIMIT_S = 0.1
ROUNDS = 2
MAX_ERROR = 8.0
"""Per cent."""
LONGEST_S = 3600


def capacity_of(demand_s: float) -> int:
    """The greatest number of users with a mean response time below the limit, by exact mean value analysis."""
    users = 1
    while solve(users + 1, demand_s).response_s < LIMIT_S:
        users += 1
    return users


def search() -> tuple[dict[str, Any], int]:
    """What the search found, and what theory says of the demand that the server turned out to have."""
    ramp = {"strategy": "find_capacity", "initial": 10, "max_concurrency": 200, "precision": "5%"}
    with answering_as([{"queue": DEMAND_S}]) as servers:
        plan = plan_of(servers, LONGEST_S, ramp, 200) | {"thresholds": [f"mean < {1000 * LIMIT_S:g}ms"]}
        summary = run_fleet(plan, timeout_s=LONGEST_S + 60)
        found: dict[str, Any] = summary["analysis"]["capacity"]
        return found, capacity_of(servers[0].mean_service_s())


def main() -> bool:
    """Print the table; True if both searches end within 8 % of theory."""
    rows, met = [], []
    for number in range(1, ROUNDS + 1):
        found, truth = search()
        users, trials = found["users"] or 0, found["trials"]
        minutes = trials[-1]["ended_s"] / 60
        interval = f"{found['low']} – {found['high']}"
        rows.append((str(number), str(truth), str(users), interval, str(len(trials)), f"{minutes:.0f}"))
        met.append(check_limit(f"search {number} off theory", 100 * abs(users / truth - 1), MAX_ERROR, "%"))
        met.append(check_limit(f"search {number} confirmed", float(found["confirmed"]), 1.0, "", at_most=False))
    heads = ("search", "theory", "found", "interval", "trials", "minutes")
    print_table("Users that a queue holds with a mean below 100 ms", heads, rows)
    return all(met)
