"""`watch` against a real Prometheus that scrapes the demo bank, and is restarted in the middle of the run."""

import csv
import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from demo_bank import demo_bank
from fleet_processes import BIN, DEADLINE_S, wait_until
from summary_schema import SUMMARY, violations
from watched_bank import PROMETHEUS, Prometheus

pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")

SECONDS = 600
"""More than the test needs: it interrupts the run."""


def plan_of(bank: str, prometheus: str) -> dict[str, Any]:
    return {
        "config": {"base_url": bank, "duration": f"{SECONDS}s"},
        "users": [{"name": "client", "concurrency": 20, "behavior": [{"action": "rates", "think_time": "50ms"}]}],
        "actions": {"rates": {"url": "/api/rates"}},
        "watch": {
            "workers": {"prometheus": prometheus, "query": "bank_workers", "max_age": "3s"},
            "requests": {
                "exporter": f"{bank}/metrics",
                "metric": 'bank_requests_total{route="GET /api/rates"}',
                "rate": True,
                "unit": "/s",
            },
            "several": {"prometheus": prometheus, "query": '{job="bank"}', "max_age": "3s"},
        },
        "thresholds": ["watch.workers.min > 0", "watch.requests.max > 1/s for 3s"],
    }


@contextmanager
def running(folder: Path, plan: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan))
    command = [
        str(BIN / "gradual"),
        "run",
        "plan.yaml",
        "-v",
        "-o",
        "json=out.json",
        "-o",
        "csv=rows",
        "-o",
        "html=out.html",
    ]
    with (folder / "run.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_restart_of_prometheus_is_a_gap_and_does_not_end_the_run(tmp_path: Path) -> None:
    def log() -> str:
        return (tmp_path / "run.log").read_text()

    with demo_bank() as bank, closing_server(Prometheus(tmp_path, bank.removeprefix("http://"))) as prometheus:
        prometheus.start()
        with running(tmp_path, plan_of(bank, prometheus.url)) as run:
            rows = tmp_path / "rows/intervals.csv"
            wait_until(lambda: rows.exists() and len(rows.read_text().splitlines()) > 5, "the run has measured")
            prometheus.stop()
            wait_until(lambda: "watch workers has no values" in log(), "the gap is news")
            prometheus.start()
            wait_until(lambda: "watch workers has values again" in log(), "the end of the gap is news")
            measured = len(rows.read_text().splitlines())
            wait_until(lambda: len(rows.read_text().splitlines()) > measured + 3, "the run goes on")
            run.send_signal(signal.SIGINT)
            assert run.wait(DEADLINE_S) == 130, log()

    summary = json.loads((tmp_path / "out.json").read_text())
    assert violations(summary, SUMMARY) == []
    watches = {row["name"]: row for row in summary["watches"]}
    values = values_of(tmp_path, "workers")
    known = [number for number, value in enumerate(values) if value]
    assert {float(values[number]) for number in known} == {16}
    assert "" in values[known[0] : known[-1]], "the time without Prometheus is a gap in between"
    assert watches["workers"]["count"] == len(known)
    judged = {row["name"]: row["passed"] for row in summary["verdict"]["objectives"]}
    assert judged["watch.workers.min > 0"]
    assert judged["watch.requests.max > 1/s for 3s"]
    assert any(warning.startswith("watch workers had no values for") for warning in summary["verdict"]["warnings"])
    assert watches["several"]["count"] == 0
    assert "sum(…)" in watches["several"]["reason"]
    assert summary["levels"][-1]["watch"]["workers"] == 16
    assert "The system's own metrics" in (tmp_path / "out.html").read_text().replace("&#39;", "'")


def values_of(folder: Path, watch: str) -> list[str]:
    with (folder / "rows/interval_watches.csv").open(newline="") as file:
        return [row["value"] for row in csv.DictReader(file) if row["watch"] == watch]


@contextmanager
def closing_server(server: Prometheus) -> Iterator[Prometheus]:
    try:
        yield server
    finally:
        server.stop()
