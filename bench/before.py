"""What a plan pays for features that it does not use: an agent's CPU time a request beside that of an earlier revision.

The earlier revision (`GRADUAL_BENCH_BEFORE`, by default the last one before flow, services and authentication) is
installed from this repository's history, by its own lock, into an environment of its own. Then the two take turns at
rows of `bench.traffic` that it can perform as well, with the same plans; the ratio is the median over pairs. It is one
of CPU times: they do not count what other machines took of the core (`steal`), and they hold where the server is what
limits the rate.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from bench.peers import SECONDS
from bench.quiet import measure_quietly
from bench.servers import Site, nginx_site
from bench.support import OWN_TOOLS, check_limit, print_table, run_fleet
from bench.traffic import plan_of

REVISION = os.environ.get("GRADUAL_BENCH_BEFORE", "d6b9fc37")
REPOSITORY = Path(__file__).parent.parent
ROWS = ("static", "varied", "json")
PAIRS = int(os.environ.get("GRADUAL_BENCH_ROUNDS", "9"))
MOST = 1.03
STRETCH_S = SECONDS - 1
NS_PER_S = 1_000_000_000


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


class CpuShare:
    """Reads the CPU time of a process until it ends, by the scheduler's account, which has ns."""

    def __init__(self) -> None:
        self._read: list[tuple[int, int]] = []
        """ns by the clock, and of CPU."""

    def __call__(self, pid: int) -> None:
        threading.Thread(target=self._watch, args=(pid,), daemon=True).start()

    def _watch(self, pid: int) -> None:
        with suppress(OSError):
            while True:
                accounts = Path(f"/proc/{pid}/task").glob("*/schedstat")
                spent = sum(int(account.read_text().split()[0]) for account in accounts)
                self._read.append((time.monotonic_ns(), spent))
                time.sleep(0.05)

    def busiest(self, seconds: float) -> float:
        """CPU time per time, in the stretch of so many seconds in which it is highest: within the load."""
        share, begin = 0.0, 0
        for end, (now, spent) in enumerate(self._read):
            while now - self._read[begin][0] > seconds * NS_PER_S:
                begin += 1
            then, spent_then = self._read[begin]
            if begin and end > begin:
                share = max(share, (spent - spent_then) / (now - then))
        return share


def cost_of(tools: Path, site: Site, row: str) -> tuple[float, float]:
    """One agent's µs of CPU a request, and its requests per second."""
    cpu = CpuShare()
    summary = run_fleet(plan_of(row, site), tools=tools, watch=cpu)
    if summary["totals"]["failures"]:
        raise SystemExit(f"{tools}, {row}: {summary['totals']['failures']} failures: {summary['errors']}")
    rate = float(summary["levels"][-1]["request_rate_rps"])
    return cpu.busiest(STRETCH_S) / rate * 1e6, rate


def measure_pair(before: Path, site: Site, row: str, number: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """What the earlier revision and this one cost; which goes first changes from pair to pair."""
    pair = [before, OWN_TOOLS] if number % 2 else [OWN_TOOLS, before]
    label = f"pair {number + 1}, {row}"
    costs = {tools: measure_quietly(partial(cost_of, tools, site, row), label) for tools in pair}
    return costs[before], costs[OWN_TOOLS]


def main() -> bool:
    """Print the table; True if every limit is met."""
    ratios, rows = {}, []
    with installed(REVISION) as before, nginx_site() as site:
        for row in ROWS:
            pairs = [measure_pair(before, site, row, number) for number in range(PAIRS)]
            columns = [[side[column] for side in sides] for column in (0, 1) for sides in zip(*pairs, strict=True)]
            cost_before, cost_now, rate_before, rate_now = (statistics.median(column) for column in columns)
            ratios[row] = statistics.median(now[0] / earlier[0] for earlier, now in pairs)
            costs = f"{cost_before:.2f}", f"{cost_now:.2f}", f"{ratios[row]:.3f} ×"
            rows.append((row, *costs, f"{rate_before:,.0f}", f"{rate_now:,.0f}"))
            print(f"  {row}: {' '.join(f'{now[0] / earlier[0]:.3f}' for earlier, now in pairs)}", flush=True)
    title = f"µs of CPU a request, and requests/s, beside revision {REVISION}; medians of {PAIRS} pairs"
    print_table(title, ("traffic", "µs before", "now", "now ÷ before", "requests/s before", "now"), rows)
    met = [check_limit(f"{row} ÷ before", ratio, MOST, "") for row, ratio in ratios.items()]
    return all(met)
