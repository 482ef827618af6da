"""Comparisons for real: the demo bank against itself, and against one that is 15 % slower, five runs a side by turns.

Both banks stand idle while the other is under load. Each run has levels of 2, 4 and 8 users. Users have no think time,
so that throughput and response times change together; and they are few, so that little of a response time is the
machine's own work, which differs from run to run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.support import check_limit, print_table, running, tool
from gradual_master.reporting.text.shown_comparison import COLUMNS, TITLES

RUNS = 5
KEPT = os.environ.get("BENCH_COMPARE_OUT")
"""A folder for the summaries of the last comparison."""
LEVELS, HOLD_S = (2, 4, 8), 4
SLOWER = "15%"

PLAN: dict[str, Any] = {
    "config": {
        "name": "compare",
        "duration": f"{len(LEVELS) * HOLD_S}s",
        "ramp_up": {"strategy": "levels", "levels": [{"concurrency": n, "for": f"{HOLD_S}s"} for n in LEVELS]},
        "graceful_stop": "2s",
    },
    "users": [
        {
            "name": "reader",
            "concurrency": LEVELS[-1],
            "on_start": [{"action": "login"}],
            "behavior": [{"action": "reports"}],
        }
    ],
    "actions": {
        "login": {
            "method": "POST",
            "url": "/api/auth/login",
            "body": {
                "username": "user{{ '%04d' % (vu.slot + 1) }}",
                "password": "secret-{{ '%04d' % (vu.slot + 1) }}",
            },
        },
        "reports": {"url": "/api/reports"},
    },
}


@contextmanager
def bank(*options: str) -> Iterator[str]:
    """A demo bank; yields its URL."""
    command = [tool("gradual"), "demo-server", "--port", "0", *options]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        found = re.search(r"http://[\d.:]+", process.stdout.readline())
        if found is None:
            raise SystemExit("the demo bank does not say where it listens")
        yield found[0]


def compare(baseline: str, candidate: str) -> dict[str, Any]:
    """The result of `gradual repeat` with these two systems."""
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as folder:
        Path(folder, "plan.json").write_text(json.dumps({**PLAN, "config": {**PLAN["config"], "base_url": baseline}}))
        command = [tool("gradual"), "repeat", "-n", str(RUNS), "plan.json", "--against", candidate, "--json"]
        command += ["--agents", "1", "--store", "none", "--out", "out"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
        print(done.stderr, flush=True)
        if KEPT:
            shutil.copytree(Path(folder, "out"), KEPT, dirs_exist_ok=True)
        if done.returncode:
            raise SystemExit(f"gradual repeat ended with {done.returncode}")
        result: dict[str, Any] = json.loads(done.stdout)["result"]
        return result


def print_result(title: str, result: dict[str, Any]) -> None:
    """A row per metric."""
    rows = []
    for found in result["metrics"]:
        numbers = [found[name] for name in ("baseline", "candidate", "change", "low", "high")]
        shown = [*(f"{number:.4g}" for number in numbers[:2]), *(f"{100 * number:+.1f} %" for number in numbers[2:])]
        rows.append((TITLES[found["metric"]], *shown, found["verdict"]))
    print_table(title, (*COLUMNS[:4], "from", "to", "verdict"), rows)


def main() -> bool:
    """Print both tables; True if equal banks differ in nothing, and the slower one is worse."""
    with bank() as one, bank() as same:
        equal = compare(one, same)
    print_result(f"The demo bank against itself, {RUNS} against {RUNS} runs", equal)
    with bank() as one, bank("--slower", SLOWER) as slower:
        worse = compare(one, slower)
    print_result(f"Against one that is {SLOWER} slower", worse)
    alarms = sum(metric["verdict"] in ("worse", "better") for metric in equal["metrics"])
    found = {metric["metric"] for metric in worse["metrics"] if metric["verdict"] == "worse"}
    return all(
        [
            check_limit("equal banks: metrics that are worse or better", alarms, 0, ""),
            check_limit(
                "slower bank: mean and throughput that are worse",
                len(found & {"mean", "throughput"}),
                2,
                "",
                at_most=False,
            ),
        ]
    )
