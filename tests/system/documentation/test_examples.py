"""The examples run against the demo bank, and their reports have the bank's counts."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_bank import demo_bank, stats_of
from fleet_processes import BIN, wait_until

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def bank() -> Iterator[str]:
    with demo_bank() as url:
        yield url


@pytest.mark.parametrize("name", ["login_flow.yaml", "bank.yaml", "demo.yaml", "custom_action.yaml"])
@pytest.mark.parametrize("agents", ["1", "2"])
def test_an_example_counts_what_the_bank_counts(bank: str, tmp_path: Path, name: str, agents: str) -> None:
    summary_path = tmp_path / "summary.json"
    command = [str(BIN / "gradual"), "run", str(EXAMPLES / name), "-d", "6s", "--base-url", bank, "-q"]
    command += ["--agents", agents, "-o", f"json={summary_path}", "--set", "config.graceful_stop=100ms"]
    # A noisy machine may start users late or be saturated. The test checks counts, so neither fails the run.
    command += ["--allow-saturated", "--allow-missing", "100%"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    summary = json.loads(summary_path.read_text())
    assert done.returncode in (0, 1), done.stderr  # so short a run may miss its objectives
    reported = sum(row["requests"] - row["unsent"] + row["interrupted"] for row in summary["actions"])
    reported += summary["totals"]["further"]
    # The bank may read an interrupted request after the run has ended.
    wait_until(lambda: stats_of(bank)["requests"] >= reported, "the bank has counted all requests", 10)
    assert reported == stats_of(bank)["requests"] == summary["totals"]["sent"] > 0
