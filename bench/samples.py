"""Single requests for your own reporter: does the master keep up, and what does it cost the agent?

The reporter is the class of docs/design/results.md, "Reporters". First a paced load of 20,000 requests/s on one agent,
of which no request may be missing. Then the agent's largest throughput with and without the reporter, in turns. Master
and nginx share a core, where the master has a lower priority: its work for the reporter must not slow down the system
under test, which has its own host in reality. So the measurement shows what the agent pays.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench.quiet import measure_quietly
from bench.servers import nginx
from bench.support import check_limit, plan_of_rates, print_table, run_fleet

RATE = 20_000
USERS = 64
SECONDS = 8
ROUNDS = 5

REPORTER = """
import json, os
from gradual.reporting import BaseReporter

class CustomReporter(BaseReporter):
    def on_request_complete(self, request):
        self.metrics.record_latency(request.duration)
        self.metrics.record_status(request.status_code)

    def on_test_complete(self, summary):
        with open(os.environ["GRADUAL_BENCH_COUNTED"], "w") as file:
            json.dump([self.metrics.count, self.metrics.dropped, sum(self.metrics.statuses.values())], file)
"""


def run_with_reporter(plan: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, int, int]]:
    """Run with the reporter: the summary, and the numbers of requests, dropped requests and status codes it counted."""
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as folder:
        (Path(folder) / "counting.py").write_text(REPORTER)
        counted = os.environ["GRADUAL_BENCH_COUNTED"] = f"{folder}/counted"
        summary = run_fleet(plan, options=("-o", f"{folder}/counting.py:CustomReporter"), is_master_nice=True)
        count, dropped, statuses = json.loads(Path(counted).read_text())
        return summary, (count, dropped, statuses)


def missing_at_rate(url: str) -> tuple[float, float]:
    """How many requests of a paced load the reporter did not get, and the actual rate."""
    summary, (count, _, statuses) = run_with_reporter(plan_of_rates(url, SECONDS, RATE // 100, pacing="10ms"))
    requests = summary["totals"]["requests"]
    if statuses != count:
        raise SystemExit(f"{count} latencies and {statuses} status codes")
    return float(requests - count), float(summary["totals"]["request_rate_rps"])


def rates(url: str) -> tuple[float, float]:
    """The largest request rate without and with the reporter."""
    without = run_fleet(plan_of_rates(url, SECONDS, USERS), is_master_nice=True)["totals"]["request_rate_rps"]
    summary, _ = run_with_reporter(plan_of_rates(url, SECONDS, USERS))
    return float(without), float(summary["totals"]["request_rate_rps"])


def main() -> bool:
    """Print both results; True if the limits are met."""
    with nginx() as url:
        paced = measure_quietly(lambda: missing_at_rate(url), "20,000 requests/s")
        rounds = [measure_quietly(lambda: rates(url), f"round {n + 1}") for n in range(ROUNDS)]
    without, with_reporter = (statistics.median(column) for column in zip(*rounds, strict=True))
    rows = [(f"{n + 1}", f"{a:,.0f}", f"{b:,.0f}", f"{b / a:.3f}") for n, (a, b) in enumerate(rounds)]
    print_table("Requests per second of one agent core", ("round", "without", "with samples", "ratio"), rows)
    ratio = statistics.median(b / a for a, b in rounds)
    print(f"  medians: {without:,.0f} without, {with_reporter:,.0f} with; the paced load ran at {paced[1]:,.0f}/s")
    return all(
        [
            check_limit("requests that the reporter did not get", paced[0], 0, ""),
            check_limit("paced rate", paced[1], 0.98 * RATE, "/s", at_most=False),
            check_limit("largest throughput with samples", ratio, 0.85, " of that without", at_most=False),
        ]
    )
