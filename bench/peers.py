"""Other load generators, each with 64 connections and no think time on the load's core: installed and run.

A generator is a function of the site and a row of `bench.traffic`; it returns responses per second, or None if it does
not do what the row asks for. wrk and vegeta read no body and keep no cookies. Over TLS only vegeta, and Gradual, check
the certificate.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.servers import Site
from bench.support import LOAD_CORE, pinned

USERS = 64
SECONDS = 6
WORK = Path(__file__).parent / ".work"

LOCUST = "locust==2.47.0"
VEGETA = "github.com/tsenart/vegeta/v12@v12.13.0"
"""The version of Goose is in `goose/Cargo.toml`."""

PATHS = {
    "static": "/rates",
    "varied": "/varied",
    "cookie": "/cookie",
    "tls": "/varied",
    "python": "/rates",
    "gzip": "/report",
    "large": "/large",
}
"""The rows that are one GET. A task of Locust is Python, so it does what the row `python` asks for by itself."""

TARGETS = 10_000
"""The URLs that vegeta takes in turn, where each request has its own."""

WRK_HOLES = """
local number = 0
function request()
  number = number + 1
  return wrk.format("GET", "/accounts/" .. number % 64 .. "/" .. number)
end
"""

LOCUST_FILE = """
from locust import FastHttpUser, constant, task

ROW, PATH = {row!r}, {path!r}

class Customer(FastHttpUser):
    wait_time = constant(0)

    def on_start(self):
        self.iteration = 0
        if ROW == "json":
            self.token = self.client.get("/login").json()["token"]

    @task
    def work(self):
        if PATH:
            response = self.client.get(PATH)
            if ROW == "gzip":
                assert response.json()["count"] and "items" in response.text
            return
        self.iteration += 1
        path = f"/accounts/{{id(self)}}/{{self.iteration}}"
        if ROW == "holes":
            self.client.get(path, name="/accounts")
            return
        headers = {{"Authorization": f"Bearer {{self.token}}"}}
        with self.client.get(path, headers=headers, name="/accounts", catch_response=True) as response:
            if response.status_code != 200:
                response.failure("status")
            self.found = response.json()["data"]["token"]
"""

Generator = Callable[[Site, str], float | None]


def base_of(site: Site, row: str) -> str:
    """The base URL of a row."""
    return site.tls_url if row == "tls" else site.url


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


def with_wrk(site: Site, row: str) -> float | None:
    """wrk; it decodes no body."""
    if row not in ("static", "varied", "holes", "tls", "large"):
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK_HOLES if row == "holes" else "")
        script.flush()
        url = base_of(site, row) + PATHS.get(row, "")
        output = run(["wrk", "-t1", f"-c{USERS}", f"-d{SECONDS}s", "-s", script.name, url])
    match = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if match is None:
        raise SystemExit(f"wrk printed no rate: {output[-500:]}")
    return float(match[1])


def with_vegeta(site: Site, row: str) -> float | None:
    """Vegeta with a closed model, as the others: a worker sends after its last response."""
    if row not in ("static", "varied", "holes", "tls", "large"):
        return None
    vegeta, base = str(WORK / "bin/vegeta"), base_of(site, row)
    paths = [PATHS[row]] if row in PATHS else [f"/accounts/{n % USERS}/{n}" for n in range(TARGETS)]
    with tempfile.TemporaryDirectory() as folder:
        targets, results = Path(folder) / "targets", f"{folder}/results"
        targets.write_text("".join(f"GET {base}{path}\n" for path in paths))
        command = [vegeta, "attack", "-rate=0", f"-workers={USERS}", f"-max-workers={USERS}", f"-connections={USERS}"]
        command += [f"-duration={SECONDS}s", f"-targets={targets}", f"-output={results}", f"-root-certs={site.ca}"]
        run(command, GOMAXPROCS="1")
        report = json.loads(run([vegeta, "report", "-type=json", results]))
    if report["success"] < 1:
        raise SystemExit(f"vegeta: {report['success']:.1%} succeeded: {report['errors'][:3]}")
    return float(report["rate"])


def with_goose(site: Site, row: str) -> float | None:
    """Goose; its scenarios are in `goose/src/main.rs`."""
    if row not in ("static", "varied", "cookie", "tls", "holes", "json", "gzip"):
        return None
    command = [str(WORK / "goose/release/bench-goose"), "--host", base_of(site, row), "--users", f"{USERS}", "--quiet"]
    command += ["--increase-time", "1s", "--run-time", f"{SECONDS}s", "--no-print-metrics", "--accept-invalid-certs"]
    rate, failed = run(command, BENCH_ROW=row, BENCH_PATH=PATHS.get(row, "")).split()[-2:]
    if int(failed) or not float(rate):
        raise SystemExit(f"goose: no requests, or failures: {failed}")
    return float(rate)


def with_locust(site: Site, row: str) -> float | None:
    """Locust's FastHttpUser. Its users read the system's certificates, one after another, before they begin.

    So it starts early, and the seconds at the end count, without the last one, which is not whole.
    """
    early = 15 if row == "tls" else 3
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "locustfile.py").write_text(LOCUST_FILE.format(row=row, path=PATHS.get(row, "")))
        command = [str(WORK / "locust/bin/locust"), "-f", f"{folder}/locustfile.py", "--headless", "-u", f"{USERS}"]
        command += ["-r", f"{USERS}", "-t", f"{SECONDS + early}s", "-H", base_of(site, row), "--json", "--only-summary"]
        entries = json.loads(run(command))
    if not entries or any(entry["num_failures"] for entry in entries):
        raise SystemExit(f"locust: no requests, or failures: {entries}")
    counts: Counter[int] = Counter()
    for entry in entries:
        counts.update({int(second): count for second, count in entry["num_reqs_per_sec"].items()})
    return sum(counts[max(counts) - n] for n in range(1, SECONDS + 1)) / SECONDS


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


def install_vegeta() -> Path | None:
    """Its path; it is installed with Go if it is absent. None: without Go it cannot be."""
    vegeta = WORK / "bin/vegeta"
    if not vegeta.exists() and shutil.which("go"):
        environment = {**os.environ, "GOBIN": str(WORK / "bin"), "GOFLAGS": "-modcacherw"}
        subprocess.run(["go", "install", VEGETA], check=False, env=environment)
    return vegeta if vegeta.exists() else None


def _install() -> None:
    """Install missing peers if possible: wrk from Debian, Locust from PyPI, vegeta with Go, Goose with Rust's cargo."""
    if shutil.which("wrk") is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=False, stdout=subprocess.DEVNULL)
    if not (WORK / "locust/bin/locust").exists():
        subprocess.run([sys.executable, "-m", "venv", str(WORK / "locust")], check=True)
        subprocess.run([str(WORK / "locust/bin/pip"), "install", "--quiet", LOCUST], check=False)
    install_vegeta()
    if shutil.which("cargo"):
        command = ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", str(WORK / "goose")]
        subprocess.run(command, check=False, cwd=Path(__file__).parent / "goose")
