"""The search for capacity: 100 searches through each of five simulated systems of which theory gives the capacity."""

from __future__ import annotations

import statistics
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.support import check_limit, print_table

SEARCHES = 100
MIN_CLOSE, MIN_RIGHT = 95, 95
TESTS = Path(__file__).parent.parent / "tests/master/analysis/capacity"


def scenarios() -> Any:
    """The module with the systems that the tests simulate."""
    sys.path.append(str(TESTS))
    return import_module("capacity_scenarios")


def measure(module: Any, scenario: Any) -> tuple[tuple[str, ...], bool]:
    """The row of one system, and whether its limits are met."""
    results = [module.search_scenario(scenario, seed) for seed in range(SEARCHES)]
    close = sum(scenario.is_close(result) for result in results)
    right = sum(result.recovered is scenario.recovers for result in results)
    covered = sum((result.low or 0) <= scenario.truth < (result.high or sys.maxsize) for result in results)
    found = sorted(result.users or 0 for result in results)
    trials = [len(result.trials) for result in results]
    minutes = [result.trials[-1].ended_s / 60 for result in results]
    row = (
        scenario.name,
        str(scenario.truth),
        f"{found[0]} – {statistics.median(found):g} – {found[-1]}",
        f"{close}",
        f"{right}",
        f"{covered}",
        f"{statistics.median(trials):g}, {max(trials)}",
        f"{statistics.median(minutes):.0f}, {max(minutes):.0f}",
    )
    limits = [
        check_limit(f"{scenario.name}: found within the precision", close, MIN_CLOSE, "", at_most=False),
        check_limit(f"{scenario.name}: recovery seen rightly", right, MIN_RIGHT, "", at_most=False),
    ]
    return row, all(limits)


def main() -> bool:
    """Print the table; True if 95 of 100 searches end within the precision, and 95 see whether the system recovers."""
    module = scenarios()
    measured = [measure(module, scenario) for scenario in module.SCENARIOS]
    heads = ("system", "capacity", "found", "close", "recovery", "in interval", "trials", "minutes")
    title = f"{SEARCHES} searches each; trials and simulated minutes: median, largest"
    print_table(title, heads, [row for row, _ in measured])
    return all(met for _, met in measured)
