"""The script that sets levels beside their bounds: the formulas, and what it reads from the tables of a run."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from fintech_runs import PLANS

SCRIPT = PLANS / "read_levels.py"
COMMAND = [sys.executable, str(SCRIPT), "--demand", "0.5", "--alone", "1", "--think", "4"]


@pytest.fixture(scope="module")
def reading() -> ModuleType:
    specification = importlib.util.spec_from_file_location("read_levels", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["read_levels"] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two levels of five seconds; the first two of each are different from the rest."""
    groups, actions = ["interval,group,target_users,active_users"], ["interval,group,step,requests"]
    for interval in range(10):
        users, settled = (4, interval >= 2) if interval < 5 else (20, interval >= 7)
        groups += [f"{interval},a,{users}.0,{users if settled else users - 1}.0", f"{interval},b,1.0,1.0"]
        actions += [f"{interval},a,buy,{users // 5 + (1 if settled else 9)}", f"{interval},b,buy,100"]
    (tmp_path / "interval_groups.csv").write_text("\r\n".join(groups))
    (tmp_path / "interval_actions.csv").write_text("\r\n".join(actions))
    return tmp_path


@pytest.mark.parametrize(
    ("users", "most", "least"),
    [(1, 0.2, 1.0), (5, 1.0, 1.0), (10, 2.0, 1.0), (20, 2.0, 6.0)],
)
def test_the_bounds_meet_at_the_bend(reading: ModuleType, users: float, most: float, least: float) -> None:
    model = reading.Model(demand=0.5, alone=1.0, think=4.0)
    assert model.bend() == 10
    assert (model.most_iterations(users), model.least_time(users)) == (most, least)


def test_the_levels_of_a_group_are_read_without_their_first_seconds(reading: ModuleType, folder: Path) -> None:
    assert reading.levels_of(folder, "a", "buy") == [reading.Level(4.0, 1.0), reading.Level(20.0, 5.0)]


def test_the_table_has_a_line_for_each_level(folder: Path) -> None:
    done = subprocess.run(
        [*COMMAND, str(folder), "--group", "a", "--step", "buy"], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "The bounds bend at 10 users; no more than 2.0 iterations per second.",
        "users    X, 1/s  at most      R, s  at least",
        "  4.0      1.00     0.80     0.000     1.000",
        " 20.0      5.00     2.00     0.000     6.000",
    ]


@pytest.mark.parametrize(("group", "step", "reason"), [("c", "buy", "no group 'c'"), ("a", "sell", "the step 'sell'")])
def test_a_group_or_step_that_is_not_there_is_named(folder: Path, group: str, step: str, reason: str) -> None:
    done = subprocess.run(
        [*COMMAND, str(folder), "--group", group, "--step", step], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert reason in done.stderr
