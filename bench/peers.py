"""Other load generators, each with 64 connections and no think time on the load's core: installed and run.

A generator is a function of the base URL and a row of `bench.traffic`; it returns responses per second, or None if it
does not do what the row asks for.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.support import LOAD_CORE, pinned

USERS = 64
SECONDS = 6
WORK = Path(__file__).parent / ".work"

LOCUST = "locust==2.47.0"
VEGETA = "github.com/tsenart/vegeta/v12@v12.13.0"
"""The version of Goose is in `goose/Cargo.toml`."""

PATHS = {"static": "/rates", "varied": "/varied", "large": "/large", "gzip": "/report"}
"""The rows that are one GET."""

LOCUST_FILE = """
from locust import FastHttpUser, constant, task

ROW, PATH = {row!r}, {path!r}

class Customer(FastHttpUser):
    wait_time = constant(0)

    def on_start(self):
        self.iteration = 0
        if ROW == "holes":
            self.token = self.client.get("/login").json()["token"]

    @task
    def work(self):
        if ROW != "holes":
            response = self.client.get(PATH)
            if ROW == "gzip":
                assert response.json()["count"] and "items" in response.text
            return
        self.iteration += 1
        headers = {{"Authorization": f"Bearer {{self.token}}"}}
        path = f"/accounts/{{id(self)}}/{{self.iteration}}"
        with self.client.get(path, headers=headers, name="/accounts", catch_response=True) as response:
            if response.status_code != 200:
                response.failure("status")
            self.found = response.json()["data"]["token"]
"""

Generator = Callable[[str, str], float | None]


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


def with_wrk(url: str, row: str) -> float | None:
    """wrk; it decodes no body."""
    if row not in PATHS or row == "gzip":
        return None
    output = run(["wrk", "-t1", f"-c{USERS}", f"-d{SECONDS}s", url + PATHS[row]])
    match = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if match is None:
        raise SystemExit(f"wrk printed no rate: {output[-500:]}")
    return float(match[1])


def with_vegeta(url: str, row: str) -> float | None:
    """Vegeta with a closed model, as the others: a worker sends after its last response."""
    if row not in ("static", "large"):
        return None
    vegeta = str(WORK / "bin/vegeta")
    with tempfile.TemporaryDirectory() as folder:
        targets, results = Path(folder) / "targets", f"{folder}/results"
        targets.write_text(f"GET {url}{PATHS[row]}\n")
        command = [vegeta, "attack", "-rate=0", f"-workers={USERS}", f"-max-workers={USERS}", f"-connections={USERS}"]
        run([*command, f"-duration={SECONDS}s", f"-targets={targets}", f"-output={results}"], GOMAXPROCS="1")
        report = json.loads(run([vegeta, "report", "-type=json", results]))
    if report["success"] < 1:
        raise SystemExit(f"vegeta: {report['success']:.1%} succeeded: {report['errors'][:3]}")
    return float(report["rate"])


def with_goose(url: str, row: str) -> float | None:
    """Goose; its scenarios are in `goose/src/main.rs`."""
    if row not in ("static", "holes", "gzip"):
        return None
    command = [str(WORK / "goose/release/bench-goose"), "--host", url, "--users", f"{USERS}", "--quiet"]
    command += ["--increase-time", "1s", "--run-time", f"{SECONDS}s", "--no-print-metrics"]
    rate, failed = run(command, BENCH_ROW=row).split()[-2:]
    if int(failed):
        raise SystemExit(f"goose: {failed} requests failed")
    return float(rate)


def with_locust(url: str, row: str) -> float | None:
    """Locust's FastHttpUser."""
    if row not in ("static", "holes", "gzip"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "locustfile.py").write_text(LOCUST_FILE.format(row=row, path=PATHS.get(row, "")))
        command = [str(WORK / "locust/bin/locust"), "-f", f"{folder}/locustfile.py", "--headless", "-u", f"{USERS}"]
        command += ["-r", f"{USERS}", "-t", f"{SECONDS}s", "-H", url, "--json", "--only-summary"]
        entries = json.loads(run(command))
    if any(entry["num_failures"] for entry in entries):
        raise SystemExit(f"locust: failures: {entries}")
    return float(sum(entry["num_requests"] for entry in entries)) / SECONDS


def installed() -> dict[str, Generator]:
    """The generators that are installed; prints the names of the others."""
    _install()
    peers: dict[str, Generator] = {}
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


def _install() -> None:
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
    if shutil.which("cargo"):
        command = ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", str(WORK / "goose")]
        subprocess.run(command, check=False, cwd=Path(__file__).parent / "goose")
