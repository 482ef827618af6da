"""Percentiles of servers whose response times are known, with an agent that uses half of its core; and a stall.

The server notes when the kernel had each request, and when it wrote the answer (`bench.answering`): what the agent
measures besides is the way there and back, and its own delay.

A stall shows what a closed model does (docs/results.md): while the server stands still, each user waits with one
request, and sends no other. With 100 users who think 1 s, a stall of 1.5 s is seen by 100 samples, not by the requests
that an open model would have sent in that time.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.known_servers import answering_as
from bench.quiet import measure_quietly
from bench.support import check_limit, print_table, run_fleet
from gradual_common.clock import NS_PER_S
from gradual_common.histogram.histogram import Histogram

# No percentile that is compared lies between the two modes.
KINDS: dict[str, dict[str, Any]] = {
    "constant": {"constant": 0.02},
    "lognormal": {"lognormal": [0.02, 0.5]},
    "bimodal": {"bimodal": [0.005, 0.2, 0.08]},
}
USERS = 256
THINK = {"distribution": "exponential", "mean": "20ms"}
"""Some 6,000 requests a second, which take about half of the agent's core. Without thinking, users of a constant time
stay in step: their answers come at once, and wait for each other."""
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99_9": 0.999}
RELATIVE_ERROR, ABSOLUTE_ERROR_MS = 0.01, 0.3
CPU = (0.35, 0.65)

STALLED_USERS, STALL_S, SLOW_S = 100, 1.5, 0.3


def plan_of(url: str, users: int, **group: Any) -> dict[str, Any]:
    """Connections are made in the warm-up: they are part of a response time."""
    phases = [{"name": "warm", "duration": "5s", "warm_up": True}, {"name": "main", "duration": "30s"}]
    return {
        "config": {"name": "known latencies", "base_url": url, "phases": phases},
        "users": [{"name": "caller", "concurrency": users, "behavior": ["call"], **group}],
        "actions": {"call": {"url": "/"}},
    }


def measure(kind: str) -> tuple[dict[str, float], dict[str, float], float]:
    """The percentiles that the server gave and that the agent saw, ms, and the agent's share of its core."""
    with answering_as([KINDS[kind]]) as (server,):
        summary = run_fleet(plan_of(server.url, USERS, think_time=THINK))
        times = server.times()
    given = np.array(times) * 1000
    seen = summary["totals"]["response_time_ms"]
    true = {name: float(np.quantile(given, q, method="inverted_cdf")) for name, q in QUANTILES.items()}
    return true, {name: seen[name] for name in QUANTILES}, summary["agents"][0]["cpu_p95"]


def measure_stall() -> tuple[int, int]:
    """How many samples were slow, and how many users waited."""
    with answering_as([{"constant": 0.02, "stall": [15, STALL_S]}]) as (server,):
        summary = run_fleet(plan_of(server.url, STALLED_USERS, think_time="1s"))
    times = Histogram.from_json(summary["actions"][0]["histogram"])
    return times.count_above(SLOW_S * NS_PER_S), STALLED_USERS


def main() -> bool:
    """Print the table; True if all percentiles are close, and the stall was seen as often as the model says."""
    rows, met = [], []
    for kind in KINDS:
        true, seen, cpu = measure_quietly(partial(measure, kind), kind)
        rows.append((kind, *(f"{true[name]:.2f} / {seen[name]:.2f}" for name in QUANTILES), f"{cpu:.0%}"))
        for name in QUANTILES:
            allowed = RELATIVE_ERROR * true[name] + ABSOLUTE_ERROR_MS
            met.append(check_limit(f"{kind}, {name}: off the true value", abs(seen[name] - true[name]), allowed, " ms"))
        met.append(CPU[0] <= cpu <= CPU[1] or _say_cpu(kind, cpu))
    print_table("Response times, ms: given by the server / seen by the agent", ("server", *QUANTILES, "CPU"), rows)
    slow, users = measure_stall()
    print(f"  a stall of {STALL_S:g} s with {users} users who think 1 s: {slow} samples above {SLOW_S:g} s")
    return all([*met, check_limit("slow samples beside one a user", abs(slow - users), 0, "")])


def _say_cpu(kind: str, cpu: float) -> bool:
    print(f"  MISSED {kind}: the agent used {cpu:.0%} of its core, not about half")
    return False
