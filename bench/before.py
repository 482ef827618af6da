"""What a plan pays for features that it does not use: an agent's work for a request beside that of an earlier revision.

The earlier revision (`GRADUAL_BENCH_BEFORE`, by default the last one before flow, services and authentication) is
installed from this repository's history, by its own lock, into an environment of its own. Then both perform rows of
`bench.traffic` that it can perform as well, with the same plans.

The limit is on instructions, as valgrind counts them: those of a run with many iterations, less those of one with few,
divided by the requests that it has more. There is one user, so that each turn of the loop has one response to read, and
an interval of 10 s, as what is done once a second takes its share of a slow run. With eight users and 1 s the ratios of
a busy machine ranged from 0.83 to 1.08. CPU times of pairs are shown beside them, for what instructions do not say
(misses of caches); on a machine that others share, their ratios for two neighbouring revisions ranged from 0.8 to 1.3.
"""

from __future__ import annotations

import os
import re
import shutil
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
from typing import Any

from bench.peers import SECONDS
from bench.quiet import measure_quietly
from bench.servers import Site, nginx_site
from bench.support import (
    OWN_TOOLS,
    check_limit,
    print_table,
    read_summary,
    run_fleet,
    running,
    started_master,
    tool,
)
from bench.traffic import plan_of

REVISION = os.environ.get("GRADUAL_BENCH_BEFORE", "d6b9fc37")
REPOSITORY = Path(__file__).parent.parent
ROWS = ("static", "varied", "json")
PAIRS = int(os.environ.get("GRADUAL_BENCH_ROUNDS", "9"))
MOST = 1.03
FEW, MANY = 1_000, 13_000
"""Iterations. Under valgrind an agent takes 30 times as long."""
COUNT_REFERENCES = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
REFERENCES = re.compile(r"I +refs: +([\d,]+)")
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


def counted_plan(row: str, site: Site, iterations: int) -> dict[str, Any]:
    """The plan of a row, for a number of iterations instead of a time."""
    plan = plan_of(row, site)
    plan["config"] |= {"duration": "1h"}
    del plan["config"]["phases"]
    plan["users"][0] |= {"concurrency": 1, "iterations": iterations}
    return plan


def instructions_of(tools: Path, site: Site, row: str, iterations: int) -> tuple[int, int]:
    """Instructions of one agent from its start to its end, and its requests."""
    patient = ("--agents-wait", "10m", "--lease", "60s", "--interval", "10s", "-o", "json=summary.json")
    with started_master(counted_plan(row, site, iterations), 1, *patient, tools=tools) as (master, folder):
        agent_command = [*COUNT_REFERENCES, tool("python", tools), tool("gradual-agent", tools)]
        agent_command += ["--master", f"unix:{folder}/master"]
        # The order of sets depends on the hash of texts.
        streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        with running(agent_command, **streams, env={**os.environ, "PYTHONHASHSEED": "0"}) as agent:
            _, counted = agent.communicate(timeout=900)
            _, log = master.communicate(timeout=60)
        summary = read_summary(folder, log)
    if summary["totals"]["failures"]:
        raise SystemExit(f"{tools}, {row}: {summary['totals']['failures']} failures: {summary['errors']}")
    return sum(int(count.replace(",", "")) for count in REFERENCES.findall(counted)), summary["totals"]["requests"]


def instructions_per_request(tools: Path, site: Site, row: str) -> float:
    """What one more request takes."""
    (few, requests), (many, more_requests) = (instructions_of(tools, site, row, number) for number in (FEW, MANY))
    return (many - few) / (more_requests - requests)


def count_instructions(before: Path, site: Site) -> bool:
    """Print the table of instructions; True if every limit is met."""
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed; on Debian: apt-get install valgrind")
    counts = {row: [instructions_per_request(tools, site, row) for tools in (before, OWN_TOOLS)] for row in ROWS}
    print_table(
        f"Instructions a request, beside revision {REVISION}",
        ("traffic", "before", "now", "now ÷ before"),
        [(row, f"{earlier:,.0f}", f"{now:,.0f}", f"{now / earlier:.3f} ×") for row, (earlier, now) in counts.items()],
    )
    met = [check_limit(f"{row} ÷ before", now / earlier, MOST, "") for row, (earlier, now) in counts.items()]
    return all(met)


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


def time_pairs(before: Path, site: Site) -> None:
    """Print the table of CPU times and rates."""
    rows = []
    for row in ROWS:
        pairs = [measure_pair(before, site, row, number) for number in range(PAIRS)]
        columns = [[side[column] for side in sides] for column in (0, 1) for sides in zip(*pairs, strict=True)]
        cost_before, cost_now, rate_before, rate_now = (statistics.median(column) for column in columns)
        ratios = sorted(now[0] / earlier[0] for earlier, now in pairs)
        shown = f"{statistics.median(ratios):.3f} × ({ratios[0]:.2f}–{ratios[-1]:.2f})"
        rows.append((row, f"{cost_before:.2f}", f"{cost_now:.2f}", shown, f"{rate_before:,.0f}", f"{rate_now:,.0f}"))
    title = f"µs of CPU a request, and requests/s, beside revision {REVISION}; medians of {PAIRS} pairs"
    print_table(title, ("traffic", "µs before", "now", "now ÷ before", "requests/s before", "now"), rows)


def main() -> bool:
    """Print both tables; True if every limit is met."""
    with installed(REVISION) as before, nginx_site() as site:
        is_met = count_instructions(before, site)
        if PAIRS:
            time_pairs(before, site)
    return is_met
