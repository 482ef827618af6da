"""The units of `deploy/systemd`: systemd accepts them, they are hardened, and what they start runs a plan."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from fleet_processes import BIN, Fleet, Target, free_port, wait_until
from systemd_units import UNITS, Unit, variables_of

GRACEFUL_STOP_S = 30
"""The default of a plan."""

MOST_EXPOSED = "20"
"""Of `systemd-analyze security`, in tenths: 2.0 of 10."""

INSTALLED = "/opt/gradual/bin"


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """The units with the commands of this environment, as they would be installed; skips without systemd."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("`systemd-analyze` is not installed (Debian: systemd)")
    folder = tmp_path / "units"
    folder.mkdir()
    for unit in UNITS.glob("*.service"):
        name = unit.name.replace("@.", "@bank.")
        (folder / name).write_text(unit.read_text().replace(INSTALLED, str(BIN)))
    return sorted(str(path) for path in folder.iterdir())


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], check=False, capture_output=True, text=True, timeout=60)


def test_systemd_accepts_the_units(units: list[str]) -> None:
    assert len(units) == 2
    done = analyze("verify", *units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_would_refuse_a_unit_with_a_mistake(units: list[str]) -> None:
    path = Path(units[0])
    path.write_text(path.read_text().replace("Restart=always", "Restart=maybe"))
    assert "maybe" in analyze("verify", units[0]).stderr


def test_the_units_are_hardened(units: list[str]) -> None:
    for unit in units:
        done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", unit)
        if "offline" in done.stderr:
            pytest.skip("this version of systemd-analyze has no --offline")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["gradual-agent.service", "gradual-master@.service"])
def test_a_stop_has_time_for_every_iteration_and_is_signalled_once(name: str) -> None:
    unit = Unit(UNITS / name, {})
    assert int(unit.values("TimeoutStopSec")[0].removesuffix("s")) >= 2 * GRACEFUL_STOP_S + 15
    assert unit.values("KillSignal") == ["SIGTERM"]
    assert unit.values("KillMode") == ["mixed"]


def test_what_the_units_start_runs_plan_after_plan(target: Target, fleet: Fleet, tmp_path: Path) -> None:
    installed = tmp_path / "etc"
    (installed / "plans").mkdir(parents=True)
    make_certificates(installed)
    plan = {
        "config": {"name": "bank", "base_url": target.url, "duration": "60s"},
        "users": [{"name": "user", "concurrency": 10, "iterations": 20, "behavior": [{"action": "work"}]}],
        "actions": {"work": {"url": "/sleep/0.01"}},
    }
    (installed / "plans/bank.yaml").write_text(json.dumps(plan))
    states = tmp_path / "state"
    (states / "gradual").mkdir(parents=True)
    port = str(free_port())
    master = variables_of(UNITS / "master.env") | {"GRADUAL_LISTEN": f"0.0.0.0:{port}", "GRADUAL_EXPECT_AGENTS": "1"}
    master["GRADUAL_MASTER_OPTIONS"] = "--allow-saturated --allow-missing 100%"
    agent = variables_of(UNITS / "agent.env") | {"GRADUAL_MASTER": f"127.0.0.1:{port}", "GRADUAL_PROCESSES": "2"}
    specifiers = {"H": "load1", "S": str(states), "i": "bank"}
    for number in (1, 2):  # systemd starts the agent again after a run
        agents = start(fleet, f"agents-{number}", "gradual-agent.service", agent, specifiers, installed)
        wait_until(lambda: "no master" in fleet.output("agents-1"), "the agent waits")
        conductor = start(fleet, f"master-{number}", "gradual-master@.service", master, specifiers, installed)
        assert (conductor.wait(60), agents.wait(30)) == (0, 0), fleet.output()
        summary = json.loads((states / "gradual/bank.json").read_text())
        assert summary["totals"]["sent"] == 10 * 20
        assert target.count() == number * 10 * 20
        assert sorted(row["name"] for row in summary["agents"]) == ["load1-1", "load1-2"]
    assert (states / "gradual/bank.html").exists()


def make_certificates(folder: Path) -> None:
    """The files of `/etc/gradual`, as docs/bare_hosts.md says."""
    for words in (["init", folder / "made", "--host", "judge.example"], ["agent", folder / "made", "load1"]):
        subprocess.run([BIN / "gradual", "certs", *words], check=True, capture_output=True)
    names = {"token": "token", "ca.pem": "ca.pem", "master.pem": "master.pem", "master-key.pem": "master-key.pem"}
    for source, name in {**names, "load1.pem": "agent.pem", "load1-key.pem": "agent-key.pem"}.items():
        shutil.copy(folder / "made" / source, folder / name)


def start(
    fleet: Fleet, log: str, name: str, variables: Mapping[str, str], specifiers: Mapping[str, str], installed: Path
) -> subprocess.Popen[str]:
    """Start what a unit starts: its credentials are copied, its specifiers and variables replaced."""
    directory = fleet.folder / f"credentials-{log}"
    directory.mkdir()
    unit = Unit(UNITS / name, {**specifiers, "d": str(directory)})
    for credential, source in unit.credentials().items():
        shutil.copy(str(source).replace("/etc/gradual", str(installed)), directory / credential)
    words = [word.replace("/etc/gradual", str(installed)) for word in unit.command(variables)]
    assert words[0].startswith(INSTALLED)
    return fleet.start(log, [word.replace(INSTALLED, str(BIN)) for word in words])


def test_each_variable_of_a_unit_is_in_its_example() -> None:
    for name, file in (("gradual-agent.service", "agent.env"), ("gradual-master@.service", "master.env")):
        text = (UNITS / name).read_text()
        assert set(re.findall(r"\$\{?(GRADUAL_\w+)", text)) == variables_of(UNITS / file).keys()
        assert f"EnvironmentFile=/etc/gradual/{file}\n" in text
