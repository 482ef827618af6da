"""The machine and the repository of a run."""

import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from gradual_master.run.environment import RunClock, fingerprint, git_facts


def git(folder: Path, *words: str) -> str:
    identity = (
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "init.defaultBranch=trunk",
        "-c",
        "commit.gpgsign=false",
    )
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_the_machine_is_known() -> None:
    assert set(fingerprint()) == {"python", "implementation", "system", "release", "machine", "cpus"}


def test_a_plan_in_a_repository_has_its_commit(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("a")
    git(tmp_path, "init")
    git(tmp_path, "add", "plan.yaml")
    git(tmp_path, "commit", "-m", "a plan")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert git_facts(tmp_path) == {"commit": commit, "branch": "trunk", "dirty": False}
    plan.write_text("b")
    git(tmp_path, "checkout", "--detach")
    assert git_facts(tmp_path) == {"commit": commit, "branch": None, "dirty": True}


def test_outside_of_a_repository_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git_facts(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert git_facts(tmp_path) is None


def test_run_time_starts_at_the_origin_and_the_wall_clock_follows_it() -> None:
    clock = RunClock()
    first = clock()
    assert 0 <= first <= clock()
    began, later = (datetime.fromisoformat(clock.wall_time(instant)) for instant in (0, 90_000_000_000))
    assert abs((began - clock.started_at).total_seconds()) < 60
    assert 80 < (later - began).total_seconds() < 100
    assert clock.run.startswith(f"{clock.started_at:%Y%m%dT}")
