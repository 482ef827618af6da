"""What a plan pays for features that it does not use: an agent's rate beside that of an earlier revision.

The earlier revision (`GRADUAL_BENCH_BEFORE`, by default the last one before flow, services and authentication) is
installed from this repository's history, by its own lock, into an environment of its own. Then the two take turns at
rows of `bench.traffic` that it can perform as well, with the same plans; the ratio is the median over pairs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.quiet import measure_quietly
from bench.servers import Site, nginx_site
from bench.support import OWN_TOOLS, check_limit, print_table, run_fleet
from bench.traffic import plan_of

REVISION = os.environ.get("GRADUAL_BENCH_BEFORE", "d6b9fc37")
REPOSITORY = Path(__file__).parent.parent
ROWS = ("static", "varied", "json")
PAIRS = int(os.environ.get("GRADUAL_BENCH_ROUNDS", "9"))
LEAST = 0.97


@contextmanager
def installed(revision: str) -> Iterator[Path]:
    """The folder of the commands of an earlier revision."""
    with tempfile.TemporaryDirectory(prefix="gradual-before-") as folder:
        source, environment = Path(folder, "source"), Path(folder, "environment")
        source.mkdir()
        archive = subprocess.run(["git", "archive", revision], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        tools = environment / "bin"
        install = [str(tools / "pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*install, "--require-hashes", "-r", "requirements/demo.lock"], cwd=source, check=True)
        subprocess.run([*install, "--no-build-isolation", str(source)], check=True)
        yield tools


def rate_of(tools: Path, site: Site, row: str) -> float:
    """Requests per second of one agent."""
    summary = run_fleet(plan_of(row, site), tools=tools)
    if summary["totals"]["failures"]:
        raise SystemExit(f"{tools}, {row}: {summary['totals']['failures']} failures: {summary['errors']}")
    return float(summary["levels"][-1]["request_rate_rps"])


def measure_pair(before: Path, site: Site, row: str, number: int) -> tuple[float, float]:
    """The rates of the earlier revision and of this one; which goes first changes from pair to pair."""
    pair = [before, OWN_TOOLS] if number % 2 else [OWN_TOOLS, before]
    label = f"pair {number + 1}, {row}"
    rates = {tools: measure_quietly(partial(rate_of, tools, site, row), label) for tools in pair}
    return rates[before], rates[OWN_TOOLS]


def main() -> bool:
    """Print the table; True if every limit is met."""
    ratios, rows = {}, []
    with installed(REVISION) as before, nginx_site() as site:
        for row in ROWS:
            pairs = [measure_pair(before, site, row, number) for number in range(PAIRS)]
            earlier, now = (statistics.median(rates) for rates in zip(*pairs, strict=True))
            ratios[row] = statistics.median(rate / other for other, rate in pairs)
            rows.append((row, f"{earlier:,.0f}", f"{now:,.0f}", f"{ratios[row]:.3f} ×"))
    title = f"Requests/s of one core, beside revision {REVISION}; medians of {PAIRS} pairs"
    print_table(title, ("traffic", "before", "now", "now ÷ before"), rows)
    met = [check_limit(f"{row} ÷ before", ratio, LEAST, "", at_most=False) for row, ratio in ratios.items()]
    return all(met)
