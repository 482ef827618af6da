"""100,000 users on two cores: six agent processes, 40–60 s of think time, a new connection for each request.

The requests go to several addresses of the loopback network, since one address has only 28,000 ports. Nothing is pinned
to a core: agents, master and nginx share both. GRADUAL_BENCH_USERS makes it smaller.
"""

from __future__ import annotations

import os
import subprocess
from typing import Any

from bench.memory import MemoryWatch
from bench.servers import ADDRESSES, nginx_site
from bench.support import BOTH_CORES, check_limit, print_table, read_summary, running, started_master, tool

USERS = int(os.environ.get("GRADUAL_BENCH_USERS", "100000"))
PROCESSES = 6
RAMP_S, HOLD_S = 60, 60
MAX_KB = 5.0
"""Of resident memory per user, without that of the processes themselves."""


def plan_of_many(port: int, users: int, ramp_s: int, hold_s: int) -> dict[str, Any]:
    """A linear ramp to `users` users, then a constant level."""
    group = {
        "name": "saver",
        "concurrency": users,
        "connections": "close",
        "behavior": [{"action": "rates", "think_time": "40-60s"}],
    }
    climb = {"strategy": "linear", "over": f"{ramp_s}s"}
    hold = {"strategy": "levels", "levels": [{"concurrency": users}]}
    return {
        "config": {
            "name": "many users",
            "graceful_stop": "5s",
            "phases": [
                {"name": "ramp", "duration": f"{ramp_s}s", "warm_up": True, "ramp_up": climb},
                {"name": "hold", "duration": f"{hold_s}s", "ramp_up": hold},
            ],
        },
        "users": [group],
        "actions": {"rates": {"url": f"http://127.0.0.{{{{vu.slot % {ADDRESSES} + 1}}}}:{port}/rates"}},
    }


def run_many(port: int, users: int, ramp_s: int, hold_s: int) -> tuple[dict[str, Any], int]:
    """The summary, and the most resident memory of all agent processes, KiB."""
    plan = plan_of_many(port, users, ramp_s, hold_s)
    with started_master(plan, 1, "-o", "json=summary.json", "--allow-saturated", core=BOTH_CORES) as (master, folder):
        command = [tool("gradual-agent"), "--master", f"unix:{folder}/master", "--processes", str(PROCESSES)]
        watch = MemoryWatch(with_children=True)
        with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as agent:
            watch(agent.pid)
            _, log = master.communicate(timeout=ramp_s + hold_s + 180)
        return read_summary(folder, log), max(watch.kib)


def main() -> bool:
    """Print the table; True if every limit is met."""
    with nginx_site() as site:
        port = int(site.url.rsplit(":", 1)[1])
        _, idle_kib = run_many(port, PROCESSES * 10, 1, 10)
        summary, kib = run_many(port, USERS, RAMP_S, HOLD_S)
    level, totals, fleet = summary["levels"][-1], summary["totals"], summary["fleet"]
    rows = [
        ("users, mean of the level", f"{level['users_mean']:,.1f}"),
        ("requests, each on a new connection", f"{totals['requests']:,}"),
        ("per second", f"{level['request_rate_rps']:,.0f}"),
        ("p99 of the response time, ms", f"{level['response_time_ms']['p99']:.1f}"),
        ("start lag p99, ms (worst process)", f"{max(row['start_lag_ms_p99'] for row in summary['agents']):.1f}"),
    ]
    print_table(f"{USERS:,} users, {PROCESSES} agent processes on 2 cores", ("", "measured"), rows)
    return all(
        [
            check_limit("users that are missing", 1 - level["users_mean"] / USERS, 0.001, ""),
            check_limit("failures", totals["failures"], 0, ""),
            check_limit("requests that are not counted", fleet["begun"] - fleet["merged"], 0, ""),
            check_limit("memory per user", (kib - idle_kib) * 1.024 / USERS, MAX_KB, " KB"),
        ]
    )
