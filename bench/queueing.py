"""A real queue beside exact mean value analysis: throughput, response time and N* of a closed system.

N users think (exponential, 1 s) and request one server, first come, first served, with exponential services of 20 ms.
M. Reiser, S. S. Lavenberg, "Mean-Value Analysis of Closed Multichain Queuing Networks", Journal of the ACM 27 (2),
1980: R(n) = D·(1 + Q(n−1)), X(n) = n/(Z + R(n)), Q(n) = X·R. D is the server's own, as it turned out.

One user completes one request a second, so N = 1 is measured by 50 users who have a server each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.known_servers import KnownServer, answering_as
from bench.support import check_limit, print_table, run_fleet

DEMAND_S, THINK_S = 0.02, 1.0
N_STAR = 51
SINGLE = 50
"""Users with a server of their own. Their steady part may begin as late as in the middle."""
SINGLE_S = 210
LEVELS = ((10, 220), (25, 250), (38, 70), (51, 170), (77, 150), (102, 150))
"""Users, and seconds: 5,000 completions each in the steady part, where they are compared."""
COMPARED = (25, 51, 77, 102)

MAX_THROUGHPUT_ERROR, MAX_RESPONSE_ERROR, MAX_N_STAR_ERROR = 3.0, 8.0, 5.0
"""Per cent."""


@dataclass(frozen=True)
class Theory:
    """Of a number of users."""

    throughput: float
    response_s: float


def solve(users: int, demand_s: float) -> Theory:
    """Exact mean value analysis."""
    queue = 0.0
    for number in range(1, users + 1):
        response = demand_s * (1 + queue)
        throughput = number / (THINK_S + response)
        queue = throughput * response
    return Theory(throughput, response)


def plan_of(servers: list[KnownServer], duration_s: int, ramp: Any = None, users: int = 1) -> dict[str, Any]:
    """A group of users for each server."""
    think = {"distribution": "exponential", "mean": f"{THINK_S:g}s"}
    config = {"name": "queue", "duration": f"{duration_s}s", "think_time": think, "base_url": servers[0].url}
    return {
        "config": config | ({} if ramp is None else {"ramp_up": ramp}),
        "users": [
            {"name": f"caller-{number}", "concurrency": users, "behavior": [f"call-{number}"]}
            for number in range(len(servers))
        ],
        "actions": {f"call-{number}": {"url": f"{server.url}/"} for number, server in enumerate(servers)},
    }


def measure_one_user() -> tuple[float, float, float, int]:
    """Throughput and response time of one user alone, the demand, and the completions."""
    with answering_as([{"queue": DEMAND_S}] * SINGLE) as servers:
        summary = run_fleet(plan_of(servers, SINGLE_S), timeout_s=SINGLE_S + 60)
        demand = sum(server.mean_service_s() for server in servers) / SINGLE
    (level,) = summary["levels"]
    times = level["response_time_ms"]
    return level["throughput_rps"] / SINGLE, times["mean"] / 1000, demand, times["count"]


def measure_levels() -> tuple[dict[str, Any], float]:
    """The summary of the ramp, and the demand."""
    ramp = {"strategy": "levels", "levels": [{"concurrency": users, "for": f"{length}s"} for users, length in LEVELS]}
    duration = sum(length for _, length in LEVELS)
    with answering_as([{"queue": DEMAND_S}]) as servers:
        most = max(users for users, _ in LEVELS)
        summary = run_fleet(plan_of(servers, duration, ramp, most), timeout_s=duration + 60)
        return summary, servers[0].mean_service_s()


def main() -> bool:
    """Print the table; True if throughput, response time and N* are close to theory."""
    rows, met = [], []
    throughput, response, demand, count = measure_one_user()
    found = [(1, throughput, response, demand, count)]
    summary, demand = measure_levels()
    for level in summary["levels"]:
        if level["target"] in COMPARED:
            times = level["response_time_ms"]
            found.append(
                (round(level["target"]), level["throughput_rps"], times["mean"] / 1000, demand, times["count"])
            )
    for users, throughput, response, own, count in found:
        theory = solve(users, own)
        errors = throughput / theory.throughput - 1, response / theory.response_s - 1
        rows.append(
            (
                f"{users}",
                f"{count:,}",
                f"{throughput:.2f}",
                f"{theory.throughput:.2f}",
                f"{errors[0]:+.1%}",
                f"{1000 * response:.1f}",
                f"{1000 * theory.response_s:.1f}",
                f"{errors[1]:+.1%}",
            )
        )
        met += [
            check_limit(f"{users} users: completions", count, 5000, "", at_most=False),
            check_limit(f"{users} users: throughput off theory", 100 * abs(errors[0]), MAX_THROUGHPUT_ERROR, "%"),
            check_limit(f"{users} users: response time off theory", 100 * abs(errors[1]), MAX_RESPONSE_ERROR, "%"),
        ]
    heads = ("users", "completions", "X", "theory", "off", "R ms", "theory", "off")
    print_table(f"A queue with D = {1000 * demand:.2f} ms, Z = 1 s, beside exact mean value analysis", heads, rows)
    expected = (demand + THINK_S) / demand
    n_star = summary["analysis"]["scalability"]["bounds"]["n_star"]
    if n_star is None:
        print("  MISSED N*: the bounds do not call the system saturated")
        return False
    error = 100 * abs(n_star / expected - 1)
    return all(
        [*met, check_limit(f"N* ({n_star:.1f}, theory {expected:.1f}) off theory", error, MAX_N_STAR_ERROR, "%")]
    )
