"""Largest request rate of one agent core, compared with wrk, vegeta, Goose and Locust in the same run.

One nginx worker on the first core serves a small file. Each generator has the second core for itself and uses 64
connections without think time. Gradual runs with all its work: assertions, histograms, metrics per step. The generators
take turns; the table shows medians.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.quiet import measure_quietly
from bench.support import LOAD_CORE, check_limit, nginx, pinned, plan_of_rates, print_table, run_fleet

USERS = 64
SECONDS = 8
ROUNDS = 5
MIN_RATIOS = {"wrk": 0.5, "locust": 10.0}
"""Gradual's rate divided by that of the peer: at least this."""
WORK = Path(__file__).parent / ".work"

LOCUST = "locust==2.47.0"
VEGETA = "github.com/tsenart/vegeta/v12@v12.13.0"
"""The version of Goose is in `goose/Cargo.toml`."""

LOCUST_FILE = """
from locust import FastHttpUser, constant, task
class Reader(FastHttpUser):
    wait_time = constant(0)
    @task
    def rates(self):
        self.client.get("/rates")
"""


def run(command: list[str], **environment: str) -> str:
    """Standard output of a command on the load's core, with a timeout."""
    done = subprocess.run(
        pinned(LOAD_CORE, command),
        capture_output=True,
        text=True,
        timeout=SECONDS + 60,
        check=False,
        env={**os.environ, **environment},
    )
    if done.returncode != 0 and not done.stdout:
        raise SystemExit(f"{command[0]} failed: {done.stderr[-500:]}")
    return done.stdout


def with_wrk(url: str) -> float:
    return float(
        search(r"Requests/sec:\s+([\d.]+)", run(["wrk", "-t1", f"-c{USERS}", f"-d{SECONDS}s", f"{url}/rates"]))
    )


def with_vegeta(url: str) -> float:
    """Responses per second of vegeta with a closed model, as the others: a worker sends after its last response."""
    vegeta = str(WORK / "bin/vegeta")
    with tempfile.TemporaryDirectory() as folder:
        targets, results = Path(folder) / "targets", f"{folder}/results"
        targets.write_text(f"GET {url}/rates\n")
        command = [vegeta, "attack", "-rate=0", f"-workers={USERS}", f"-max-workers={USERS}", f"-connections={USERS}"]
        run([*command, f"-duration={SECONDS}s", f"-targets={targets}", f"-output={results}"], GOMAXPROCS="1")
        report = json.loads(run([vegeta, "report", "-type=json", results]))
    if report["success"] < 1:
        raise SystemExit(f"vegeta: {report['success']:.1%} succeeded: {report['errors'][:3]}")
    return float(report["rate"])


def with_goose(url: str) -> float:
    command = [str(WORK / "goose/release/bench-goose"), "--host", url, "--users", f"{USERS}", "--quiet"]
    command += ["--increase-time", "1s", "--run-time", f"{SECONDS}s", "--no-print-metrics"]
    rate, failed = run(command).split()[-2:]
    if int(failed):
        raise SystemExit(f"goose: {failed} requests failed")
    return float(rate)


def with_locust(url: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "locustfile.py").write_text(LOCUST_FILE)
        command = [str(WORK / "locust/bin/locust"), "-f", f"{folder}/locustfile.py", "--headless", "-u", f"{USERS}"]
        command += ["-r", f"{USERS}", "-t", f"{SECONDS}s", "-H", url, "--json", "--only-summary"]
        entries = json.loads(run(command))
    return float(sum(entry["num_requests"] for entry in entries)) / SECONDS


def with_gradual(url: str) -> float:
    summary = run_fleet(plan_of_rates(url, SECONDS, USERS))
    if summary["totals"]["failures"]:
        raise SystemExit(f"gradual: {summary['totals']['failures']} failures: {summary['actions'][0]['errors']}")
    return float(summary["totals"]["request_rate_rps"])


def search(pattern: str, text: str) -> str:
    """The first group of the match; SystemExit with the text if nothing matches."""
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"no {pattern!r} in: {text[-500:]}")
    return match.group(1)


def generators() -> dict[str, Callable[[str], float]]:
    """The generators that are installed; prints the names of the others."""
    set_up_peers()
    peers: dict[str, Callable[[str], float]] = {"gradual": with_gradual}
    for name, present, measure in (
        ("wrk", shutil.which("wrk"), with_wrk),
        ("vegeta", (WORK / "bin/vegeta").exists(), with_vegeta),
        ("goose", (WORK / "goose/release/bench-goose").exists(), with_goose),
        ("locust", (WORK / "locust/bin/locust").exists(), with_locust),
    ):
        if present:
            peers[name] = measure
        else:
            print(f"  {name} is not installed and is left out")
    return peers


def set_up_peers() -> None:
    """Install missing peers if possible: wrk from Debian, Locust from PyPI, vegeta with Go, Goose with Rust's cargo."""
    if shutil.which("wrk") is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=False, stdout=subprocess.DEVNULL)
    if not (WORK / "locust/bin/locust").exists():
        subprocess.run([sys.executable, "-m", "venv", str(WORK / "locust")], check=True)
        subprocess.run([str(WORK / "locust/bin/pip"), "install", "--quiet", LOCUST], check=False)
    if not (WORK / "bin/vegeta").exists() and shutil.which("go"):
        environment = {**os.environ, "GOBIN": str(WORK / "bin"), "GOFLAGS": "-modcacherw"}
        subprocess.run(["go", "install", VEGETA], check=False, env=environment)
    if not (WORK / "goose/release/bench-goose").exists() and shutil.which("cargo"):
        command = ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", str(WORK / "goose")]
        subprocess.run(command, check=False, cwd=Path(__file__).parent / "goose")


def main() -> bool:
    """Print the table; True if every limit is met."""
    peers = generators()
    rates: dict[str, list[float]] = {name: [] for name in peers}
    with nginx() as url:
        for number in range(ROUNDS):
            for name, measure in peers.items():
                rates[name].append(measure_quietly(partial(measure, url), f"round {number + 1}, {name}"))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ratios = {name: medians["gradual"] / median for name, median in medians.items()}
    rows = [
        (name, f"{medians[name]:,.0f}", f"{min(rates[name]):,.0f}", f"{max(rates[name]):,.0f}", f"{ratios[name]:.2f}")
        for name in sorted(medians, key=lambda name: -medians[name])
    ]
    title = f"Requests/s of one core, {USERS} connections, no think time, medians of {ROUNDS}"
    print_table(title, ("generator", "median", "min", "max", "gradual ÷ it"), rows)
    checks = [
        check_limit(f"gradual ÷ {n}", ratios[n], MIN_RATIOS[n], "", at_most=False) for n in MIN_RATIOS if n in ratios
    ]
    return all(checks)
