"""The cost of a large fleet for its master: over gRPC with simulated agents, and the core alone with encoded
batches."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.fleet_batches import plan_document
from bench.fleet_core import Cost, cost_of, memory_over
from bench.quiet import measure_quietly
from bench.support import LOAD_CORE, answering, check_limit, pinned, print_table, running, started_master, tool

STREAMS = ((10, 20, "1s", "10s"), (100, 20, "1s", "10s"), (300, 30, "1s", "10s"), (1000, 40, "5s", "30s"))
"""Agents, seconds, interval, lease. A thousand simulated agents on one core can only report every 5 s."""

SIZES = (10, 100, 300, 1_000, 3_000)
MAX_CPU_SHARE, MAX_ACK_MS, MAX_MERGE_US, MAX_GROWTH_MIB = 0.5, 200.0, 150.0, 8.0
MEMORY_AGENTS, MEMORY_MINUTES = 30, 10
ROUNDS, STARTING_AGENTS, MAX_START_S = 5, 3, 1.0


class CpuWatch(threading.Thread):
    """Reads the CPU seconds of a process, by default once per second: after its end the last reading is still there."""

    def __init__(self, pid: int, pause_s: float = 1.0) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._pause_s = pause_s
        self.readings: list[tuple[float, float]] = []

    def run(self) -> None:
        """Read until the process has ended."""
        while True:
            try:
                fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                return
            self.readings.append((time.monotonic(), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")))
            time.sleep(self._pause_s)

    def spent(self, start: float, end: float) -> float:
        """CPU seconds between two instants, by the readings after them."""
        before, after = (
            next((seconds for at, seconds in self.readings if at >= instant), self.readings[-1][1])
            for instant in (start, end)
        )
        return after - before

    def share(self, skip: int) -> float:
        """CPU share of a core from the `skip`th reading to the third last: without start and end of the run."""
        (start, before), (end, after) = self.readings[skip], self.readings[-3]
        return (after - before) / (end - start)


def over_streams(agents: int, seconds: int, interval: str, lease: str) -> dict[str, Any]:
    """A master on one core, simulated agents on the other; the master's CPU share and what the agents saw."""
    options = ["--interval", interval, "--lease", lease, "--allow-missing", "100%", "--allow-saturated"]
    plan = plan_document(agents, seconds)
    with started_master(plan, agents, *options, stderr=subprocess.DEVNULL) as (master, folder):
        watch = CpuWatch(master.pid)
        watch.start()
        simulation = [sys.executable, "-m", "bench.fleet_streams", f"unix:{folder}/master", str(agents), str(seconds)]
        done = subprocess.run(
            pinned(LOAD_CORE, simulation), capture_output=True, text=True, timeout=seconds + 120, check=True
        )
        result: dict[str, Any] = json.loads(done.stdout)
        result["cpu"] = watch.share(skip=len(watch.readings) - seconds)
        result["code"] = master.wait(30)
        return result


def show_streams() -> bool:
    """Print the table of real streams; True if its limits are met."""
    rows: list[tuple[str, ...]] = []
    met: list[bool] = []
    for agents, seconds, interval, lease in STREAMS:
        seen = measure_quietly(partial(over_streams, agents, seconds, interval, lease), f"{agents} agents")
        each = seen["cpu"] * seconds / seen["messages"] * 1e6
        rows.append(
            (
                f"{agents:,}, every {interval}",
                f"{seen['batches']:,}",
                f"{seen['cpu']:.0%}",
                f"{each:.0f}",
                f"{seen['ack_p50_ms']:.1f}",
                f"{seen['ack_p99_ms']:.1f}",
                str(seen["lost"]),
                str(seen["expired"]),
            )
        )
        met.append(seen["lost"] == seen["expired"] == 0)
        if agents == 300:
            met.append(check_limit("300 agents: CPU of the master", seen["cpu"], MAX_CPU_SHARE, " of a core"))
            met.append(check_limit("300 agents: acknowledged, p99", seen["ack_p99_ms"], MAX_ACK_MS, " ms"))
    header = ("agents", "batches", "CPU", "µs/message", "ack p50 ms", "ack p99 ms", "streams lost", "leases lost")
    print_table("The master over gRPC", header, rows)
    return all(met)


def show_core() -> bool:
    """Print the cost table of the core; True if merging is below its limit."""
    costs = {size: measure_quietly(partial(_cost, size), f"core, {size} agents") for size in SIZES}
    rows: list[tuple[str, ...]] = [
        (f"{size:,}", *(f"{cost.each(part):.0f}" for part in ("decode", "decide", "merge", "close")))
        for size, cost in costs.items()
    ]
    print_table("The core without gRPC, µs a batch of 20 actions × 3 histograms",
                ("agents", "decode", "decide", "merge", "close"), rows)  # fmt: skip
    worst = max(costs[size].each("merge") for size in (1_000, 3_000))
    return check_limit("merging, 1,000 and 3,000 agents", worst, MAX_MERGE_US, " µs")


def _cost(size: int) -> Cost:
    return cost_of(size, max(3, min(30, 6_000 // size)))


def show_memory() -> bool:
    """Print the memory after each simulated minute; True if it does not grow after the third."""
    sizes = memory_over(MEMORY_AGENTS, MEMORY_MINUTES)
    print_table(f"Resident memory, {MEMORY_AGENTS} agents", ("minute", "MiB"),
                [(str(number), f"{size:.1f}") for number, size in enumerate(sizes, 1)])  # fmt: skip
    return check_limit("growth from minute 3 to minute 10", sizes[-1] - sizes[2], MAX_GROWTH_MIB, " MiB")


def show_start() -> bool:
    """How long a complete fleet takes to send the first request; True if the limit is met."""
    seconds = [measure_quietly(seconds_to_start, f"start, round {number + 1}") for number in range(ROUNDS)]
    what = f"from the last of {STARTING_AGENTS} registrations to the first request"
    return check_limit(what, statistics.median(seconds), MAX_START_S, " s")


def seconds_to_start() -> float:
    """From the master's log line that the last agent is here, by its time stamp, to the first byte at our own
    server."""
    with answering(time.time) as (url, arrived):
        plan = {
            "config": {"base_url": url, "duration": "1s"},
            "users": [{"name": "u", "concurrency": STARTING_AGENTS, "behavior": [{"action": "a", "think_time": "1s"}]}],
            "actions": {"a": {"url": "/"}},
        }
        with started_master(plan, 1, "-v", "--log-format", "json") as (master, folder):
            agents = [tool("gradual-agent"), "--master", f"unix:{folder}/master", "--processes", str(STARTING_AGENTS)]
            with running(agents, stderr=subprocess.DEVNULL):
                _, log = master.communicate(timeout=60)
        events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        last = max(event["timestamp"] for event in events if " is here" in event["event"])
        return arrived[0] - datetime.fromisoformat(last).timestamp()


def main() -> bool:
    """Print all tables; True if every limit is met."""
    return all([show_start(), show_streams(), show_core(), show_memory()])
