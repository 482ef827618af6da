"""A soak: users against a server that fails at random. An agent must not leak a connection, a thread or memory.

Ten minutes, or as many as `GRADUAL_SOAK_MINUTES` says. What an agent holds is read from outside, every 5 s.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.support import SYSTEM_CORE, check_limit, free_port, pinned, print_table, resident_kib, run_fleet, running

MINUTES = float(os.environ.get("GRADUAL_SOAK_MINUTES", "10"))
USERS = 100
EVERY_S = 5.0
MEMORY_LIMIT = 1.02
"""The last quarter's median beside that of the second: caches are full by then."""

CHANCE = 10
"""Connections more or less are open by chance."""

EXPECTED = {"reset", "protocol", "timeout", "redirect", "body_too_large", "status"}


def failing_plan(url: str, seconds: float) -> dict[str, Any]:
    """Users who meet every failure, with and without their bodies being read."""
    think = {"think_time": "100-300ms"}
    return {
        "config": {"name": "soak", "base_url": url, "duration": f"{seconds:g}s", "timeout": "500ms"},
        "users": [
            {"name": "reader", "concurrency": USERS // 2, "behavior": [{"action": "read", **think}]},
            {"name": "sender", "concurrency": USERS // 2, "behavior": [{"action": "send", **think}]},
        ],
        "actions": {
            "read": {"url": "/read", "max_body": 50_000, "assertions": [{"body_matches": "^.*$"}]},
            "send": {"url": "/send", "max_body": 50_000},
        },
        "thresholds": [],
    }


@dataclass(frozen=True)
class Held:
    """What an agent holds at one instant."""

    kib: int
    descriptors: int
    threads: int


class HoldWatch:
    """Reads what an agent holds until it ends."""

    def __init__(self) -> None:
        self.seen: list[Held] = []

    def __call__(self, pid: int) -> None:
        threading.Thread(target=self._watch, args=(pid,), daemon=True).start()

    def _watch(self, pid: int) -> None:
        pause = threading.Event()
        while not pause.wait(EVERY_S):
            try:
                descriptors = len(os.listdir(f"/proc/{pid}/fd"))
                threads = len(os.listdir(f"/proc/{pid}/task"))
                self.seen.append(Held(resident_kib(pid), descriptors, threads))
            except OSError:
                return


def quarter(seen: list[Held], number: int) -> list[Held]:
    """The readings of a quarter of the run, from 1 to 4."""
    size = len(seen) // 4
    return seen[(number - 1) * size : number * size]


def main() -> bool:
    """Print the table; True if nothing leaks."""
    seconds, port, watch = MINUTES * 60, free_port(), HoldWatch()
    server = [sys.executable, "-m", "bench.failing_server", str(port), "1"]
    with running(pinned(SYSTEM_CORE, server), cwd=Path(__file__).parent.parent):
        plan = failing_plan(f"http://127.0.0.1:{port}", seconds)
        summary = run_fleet(plan, watch=watch, timeout_s=seconds + 120)
    quarters = [quarter(watch.seen, number) for number in range(1, 5)]
    rows = [
        (
            f"quarter {number}",
            f"{statistics.median(held.kib for held in part) / 1024:,.1f} MiB",
            f"{max(held.descriptors for held in part)}",
            f"{max(held.threads for held in part)}",
        )
        for number, part in enumerate(quarters, 1)
    ]
    title = f"An agent over {MINUTES:g} minutes of failures ({summary['totals']['sent']:,} requests)"
    print_table(title, ("part of the run", "memory", "descriptors at most", "threads at most"), rows)
    return all([*check_growth(quarters[1], quarters[3]), check_kinds(summary)])


def check_growth(early: list[Held], late: list[Held]) -> list[bool]:
    """Whether the last quarter holds no more than the second."""
    memory = statistics.median(held.kib for held in late) / statistics.median(held.kib for held in early)
    more = statistics.median(held.descriptors for held in late) - statistics.median(held.descriptors for held in early)
    return [
        check_limit("memory of the last quarter / of the second", memory, MEMORY_LIMIT, ""),
        check_limit("descriptors more than in the second quarter", more, CHANCE, ""),
        check_limit("threads at most", max(held.threads for held in late), max(held.threads for held in early), ""),
    ]


def check_kinds(summary: dict[str, Any]) -> bool:
    """Whether the server's failures were all met, and none was ours."""
    kinds = {kind for row in summary["actions"] for kind in row["errors"]}
    absent = EXPECTED - kinds
    print(f"  {'MISSED' if absent or 'internal' in kinds else 'met   '} kinds of failures: {', '.join(sorted(kinds))}")
    return not absent and "internal" not in kinds
