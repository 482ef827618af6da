"""The HTML report of an hour with one point per second and 20 actions: time to write it (median of 5), and its size."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.support import check_limit, print_table

ROUNDS = 5
LIMIT_S, LIMIT_MB = 10.0, 3.0
TESTS = Path(__file__).parent.parent / "tests/master"


def simulated_hour() -> Any:
    """The summary of a run that the tests simulate: 3,600 intervals through the real aggregate."""
    sys.path.append(str(TESTS))
    return import_module("simulated_run").simulated_run()


def seconds_to_write(summary: Any, path: Path) -> float:
    """Wall time of one report; the first one loads bokeh too."""
    from gradual_master.reporting.html.reporter import write_html_report  # noqa: PLC0415 - as a run loads it

    started = time.perf_counter()
    write_html_report(summary, path)
    return time.perf_counter() - started


def main() -> bool:
    """Print the table; True if both limits are met."""
    summary = simulated_hour()
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as folder:
        path = Path(folder) / "report.html"
        rounds = [seconds_to_write(summary, path) for _ in range(ROUNDS)]
        size = path.stat().st_size / 1e6
    rows = [
        ("first, with imports", f"{rounds[0]:.2f} s"),
        ("median", f"{statistics.median(rounds):.2f} s"),
        ("size", f"{size:.2f} MB"),
    ]
    print_table(
        f"HTML report of {len(summary.history.series):,} points and {len(summary.actions)} actions", ("", ""), rows
    )
    return all(
        [check_limit("time", statistics.median(rounds), LIMIT_S, " s"), check_limit("size", size, LIMIT_MB, " MB")]
    )
