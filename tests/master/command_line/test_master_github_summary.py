"""A run on GitHub Actions: annotations of its verdict, the page of the job, exit codes of the pipeline's choice."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PLAN = """\
config: {base_url: http://127.0.0.1:9, duration: 1s}
users: [{name: u, concurrency: 1, behavior: [{action: a, think_time: 200ms}]}]
actions: {a: {url: /}}
thresholds:
  - error_rate < 1%
  - {rule: max < 1ns, severity: warn}
"""
"""Nothing listens on port 9, so every request fails."""


def run(folder: Path, *options: str, **environment: Any) -> subprocess.CompletedProcess[str]:
    (folder / "plan.yaml").write_text(PLAN)
    command = [Path(sys.executable).parent / "gradual", "run", "plan.yaml", "--agents", "1", "--allow-saturated"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(
        [*map(str, command), *options],
        check=False,
        cwd=folder,
        env={**clean, **environment},
        capture_output=True,
        text=True,
    )


def test_a_failed_run_is_annotated_summarised_and_ends_with_the_code_of_the_pipeline(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n")
    left = run(
        tmp_path,
        *("-q", "--allow-missing", "100%", "--exit-code", "failed=99", "-o", "json=out.json"),
        GITHUB_ACTIONS="true",
        GITHUB_WORKSPACE=str(tmp_path),
        GITHUB_STEP_SUMMARY=str(page),
    )
    assert left.returncode == 99, left.stderr
    assert json.loads((tmp_path / "out.json").read_text())["run"]["exit_code"] == 99
    commands = [line for line in left.stderr.splitlines() if line.startswith("::")]
    assert any(line.startswith("::error file=plan.yaml,line=5::error_rate < 1%25: 100") for line in commands), commands
    assert any(line.startswith("::warning file=plan.yaml,line=6::max < 1ns: ") for line in commands), commands
    assert any(line.startswith("::error file=plan.yaml::error_rate < 100%25: ") for line in commands), commands
    assert len(commands) == len(set(commands))
    assert page.read_text().startswith("before\n### ❌ ")
    assert page.read_text().count("### ❌ ") == 1
    assert "exit code 99" in page.read_text()


@pytest.mark.parametrize("target", ["missing/page.md", "full.md"])
def test_a_page_that_cannot_be_written_is_a_warning_alone(tmp_path: Path, target: str) -> None:
    (tmp_path / "full.md").write_bytes(b"x" * 1024 * 1024)
    left = run(tmp_path, "-q", "--allow-missing", "100%", "-o", "json=out.json", GITHUB_STEP_SUMMARY=target)
    assert left.returncode == 1, left.stderr
    assert "GITHUB_STEP_SUMMARY" in left.stderr
    assert json.loads((tmp_path / "out.json").read_text())["run"]["exit_code"] == 1
    assert (tmp_path / "full.md").stat().st_size == 1024 * 1024


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("broken=9", "there are failed, invalid, interrupted, terminated"),
        ("failed=256", "a whole number from 0 to 255"),
        ("failed=-1", "a whole number from 0 to 255"),
        ("failed", "NAME=CODE"),
        ("failed=9 --exit-code failed=9", "failed is given twice; give each name once"),
    ],
)
def test_a_wrong_exit_code_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    left = run(tmp_path, "--exit-code", *entry.split())
    assert left.returncode == 2
    assert message in " ".join(left.stderr.split())
