"""The analysis of an hour with 60 levels: the time from the last batch to the whole summary, in a new process.

In a run this happens in a thread beside the master's event loop. Steady parts were found when their levels closed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

from bench.support import check_limit, print_table

ROUNDS = 3
LEVELS = 60
LIMIT_S = 3.0
TESTS = Path(__file__).parent.parent / "tests/master"


def main() -> bool:
    """Print the table; True if the limit is met, with the library's import."""
    rounds = [measured_apart() for _ in range(ROUNDS)]
    first = statistics.median(each["first"] for each in rounds)
    again = statistics.median(each["again"] for each in rounds)
    fitted = rounds[0]["fitted"]
    rows = [
        ("first, with what it imports", f"{first:.2f} s"),
        ("again", f"{again:.2f} s"),
        ("levels of the fit", f"{fitted:g}"),
    ]
    print_table(f"Summary of an hour with {LEVELS} levels, medians of {ROUNDS}", ("", ""), rows)
    return all([check_limit("time", first, LIMIT_S, " s"), check_limit("levels", fitted, 50, "", at_most=False)])


def measured_apart() -> dict[str, float]:
    """`measure` in a process of its own, which has loaded nothing yet."""
    program = "import json; from bench.analysis import measure; print(json.dumps(measure()))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure() -> dict[str, float]:
    """Seconds for the first summary and the next one, and how many levels the fit had."""
    sys.path.append(str(TESTS))
    simulated = import_module("simulated_run")
    aggregate, times = simulated.simulated_hour(LEVELS), []
    for _ in range(2):
        started = time.perf_counter()
        summary = simulated.summary_of(aggregate, 3600)
        times.append(time.perf_counter() - started)
    return {"first": times[0], "again": times[1], "fitted": float(summary.analysis.scalability.levels)}
