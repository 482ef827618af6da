"""The time between the first and the last of 4 agents at a level change, by their own clocks in run time."""

from __future__ import annotations

from bench.servers import nginx
from bench.support import check_limit, print_table, run_embedded

AGENTS = 4
LIMIT_MS = 50.0


def main() -> bool:
    """Print the table; True if the limit is met."""
    with nginx() as url:
        summary = run_embedded(
            {
                "config": {
                    "name": "levels",
                    "base_url": url,
                    "duration": "12s",
                    "ramp_up": {"strategy": "additive", "initial": 40, "increment": 40, "interval": "1s"},
                },
                "users": [{"name": "u", "concurrency": 400, "behavior": [{"action": "rates", "think_time": "0.2-1s"}]}],
                "actions": {"rates": {"url": "/rates"}},
            },
            agents=AGENTS,
        )
    spread_ms = summary["fleet"]["level_spread_ms"]
    print_table(f"Level changes on {AGENTS} agents", ("", "ms"), [("largest spread", f"{spread_ms:.2f}")])
    return check_limit("agents apart at a level change", spread_ms, LIMIT_MS, " ms")
