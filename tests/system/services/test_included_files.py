"""A plan of several files with profiles, by the commands that a user runs."""

import json
import subprocess
from pathlib import Path

import pytest
from fleet_processes import BIN, Target

PLAN = """\
config: {name: files, base_url: "http://127.0.0.1:9", duration: 60s}
include: [shared/actions.yaml]
users:
  - {name: reader, concurrency: 8, iterations: 2, behavior: [one, two]}
profiles:
  local:
    config: {base_url: "${TARGET}"}
    users: [{name: reader, concurrency: 3}]
"""
SHARED = """\
data: {row: {file: rows.csv, pick: sequential}}
actions:
  one: {url: "/ok/{{row.name}}"}
  two: {url: /ok/two}
"""


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "shared/actions.yaml").write_text(SHARED)
    (tmp_path / "shared/rows.csv").write_text("name\na\nb\nc\n")
    return tmp_path


def gradual(folder: Path, *words: str, target: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "gradual"), *words, "-e", f"TARGET={target}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90, check=False)


def test_a_run_with_a_profile_counts_what_the_target_counts(target: Target, folder: Path) -> None:
    options = ("--agents", "2", "-q", "-o", "json=s.json", "--allow-saturated", "--allow-missing", "100%")
    done = gradual(folder, "run", "plan.yaml", "--profile", "local", *options, target=target.url)
    assert done.returncode == 0, done.stderr
    summary = json.loads((folder / "s.json").read_text())
    assert target.records().paths == {"/ok/a": 2, "/ok/b": 2, "/ok/c": 2, "/ok/two": 6}
    assert summary["totals"]["requests"] == 12
    assert summary["run"]["profile"] == "local"
    assert summary["run"]["base_urls"] == [target.url]


def test_validate_plan_and_try_take_the_profile(target: Target, folder: Path) -> None:
    profile = ("--profile", "local")
    assert "OK: 3 users" in gradual(folder, "validate", "plan.yaml", *profile, target=target.url).stdout
    assert "OK: 8 users" in gradual(folder, "validate", "plan.yaml", target=target.url).stdout
    assert "at most 3" in gradual(folder, "plan", "plan.yaml", *profile, target=target.url).stdout
    tried = gradual(folder, "try", "plan.yaml", *profile, target=target.url)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert target.records().paths == {"/ok/a": 1, "/ok/two": 1}


def test_an_unknown_profile_starts_nothing(target: Target, folder: Path) -> None:
    done = gradual(folder, "run", "plan.yaml", "--profile", "lokal", target=target.url)
    assert done.returncode == 2
    assert "--profile: there is no profile 'lokal' (did you mean 'local'?)" in done.stderr
    assert target.count() == 0
