"""The examples run against the demo bank, and their counts are the bank's own."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import BIN
from demo_bank import demo_bank, stats_of

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def bank() -> Iterator[str]:
    with demo_bank() as url:
        yield url


@pytest.mark.parametrize("name", ["login_flow.yaml", "bank.yaml", "demo.yaml"])
@pytest.mark.parametrize("agents", ["1", "2"])
def test_an_example_counts_what_the_bank_counts(bank: str, tmp_path: Path, name: str, agents: str) -> None:
    summary_path = tmp_path / "summary.json"
    command = [str(BIN / "gradual"), "run", str(EXAMPLES / name), "-d", "6s", "--base-url", bank, "-q"]
    command += ["--agents", agents, "-o", f"json={summary_path}", "--set", "config.graceful_stop=100ms"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    summary = json.loads(summary_path.read_text())
    assert done.returncode in (0, 1), done.stderr  # objectives of a run this short may fail; its counts may not
    reported: Counter[str] = Counter()
    for action in summary["actions"]:
        reported["all"] += action["requests"] - action["unsent"] + action["interrupted"]
    assert reported["all"] == stats_of(bank)["requests"] == summary["totals"]["sent"] > 0
