"""`gradual run` from end to end: the demo bank's own counts are met, and nothing is left behind, however it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from demo_bank import demo_bank

from gradual.agents.processes import MAX_FOLDER, private_folder
from gradual_master.store.location import default_path
from gradual_master.store.opening import open_store
from gradual_master.store.runs import RunFilter, list_runs, load_plan_text

pytestmark = pytest.mark.system

HOUSE = str(Path(__file__).parents[3])
GRADUAL = [sys.executable, "-c", f"import sys; sys.path.insert(0, {HOUSE!r}); from gradual.cli import main; main()"]
DEADLINE_S = 60


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {DEADLINE_S} s")


@pytest.fixture(scope="module")
def bank() -> Iterator[str]:
    """The URL of a demo bank."""
    with demo_bank() as url:
        yield url


def ask(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return dict(json.load(answer))


def run(*words: str, folder: Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [*GRADUAL, "run", *words]
    environ = {**os.environ, "NO_COLOR": "1", "TMPDIR": str(folder)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLINE_S, input=given, check=False, cwd=folder, env=environ
    )


def start(*words: str, folder: Path) -> subprocess.Popen[str]:
    command = [*GRADUAL, "run", *words]
    pipe = subprocess.PIPE
    environ = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=folder, env=environ)


def agents_of(folder: Path) -> list[int]:
    """The processes whose command line names a socket in `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(os.fsencode(folder)) and word.endswith(b"/master") for word in words):
            found.append(int(entry.parent.name))
    return found


PLAN = """
config: {duration: 2s, think_time: 50-150ms, graceful_stop: 5s}
users:
  - {name: guest, concurrency: 12, behavior: [{action: rates}, {action: help}]}
actions: {rates: {url: /api/rates}, help: {url: /api/help}}
"""


@pytest.mark.parametrize("agents", ["1", "2"])
def test_the_summary_has_what_the_bank_counted(bank: str, tmp_path: Path, agents: str) -> None:
    ask(f"{bank}/reset")
    result = run("-", "--base-url", bank, "--agents", agents, "--json", folder=tmp_path, given=PLAN)
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    counted = ask(f"{bank}/stats")
    arrived = {
        f"GET /api/{action['step']}": action["requests"] - action["unsent"] + action["interrupted"]
        for action in summary["actions"]
    }
    assert arrived == counted["routes"]
    assert counted["peak_concurrent"] <= 12
    assert len(summary["agents"]) == int(agents)
    assert agents_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_kept_in_the_users_store_and_none_keeps_it_out(bank: str, tmp_path: Path) -> None:
    words = ("-", "--base-url", bank, "--agents", "1", "-d", "1s", "--json", "--tag", f"folder={tmp_path.name}")
    kept = run(*words, folder=tmp_path, given=PLAN)
    assert run(*words, "--store", "none", folder=tmp_path, given=PLAN).returncode == kept.returncode == 0, kept.stderr
    with open_store(default_path()).reading() as connection:
        found = list_runs(connection, RunFilter(tags={"folder": tmp_path.name}))
        assert [one.id for one in found] == [json.loads(kept.stdout)["run"]["id"]]
        assert "concurrency: 12" in (load_plan_text(connection, found[0].id) or "")


def test_a_run_is_compared_with_a_baseline_and_fails_where_that_decides_nothing_if_asked_to(
    bank: str, tmp_path: Path
) -> None:
    words = ("-", "--base-url", bank, "--agents", "1", "-d", "1s", "--store", "none")
    first = run(*words, "-q", "-o", "json=first.json", folder=tmp_path, given=PLAN)
    assert first.returncode == 0, first.stderr
    second = run(*words, "--baseline", "first.json", folder=tmp_path, given=PLAN)
    assert second.returncode == 0, second.stderr
    assert "Compared with the baseline first.json" in second.stdout
    third = run(*words, "--baseline", "first.json", "--fail-on", "inconclusive", "--json", folder=tmp_path, given=PLAN)
    assert third.returncode == 1, third.stderr
    summary = json.loads(third.stdout)
    assert summary["comparison"]["result"]["verdict"] == "inconclusive"
    assert "the comparison with the baseline first.json decides nothing" in summary["verdict"]["reasons"][0]
    other = run(*words, "--baseline", "first.json", "-u", "3", "--json", folder=tmp_path, given=PLAN)
    assert other.returncode == 0, other.stderr
    assert "ran another plan than" in json.loads(other.stdout)["verdict"]["warnings"][0]


def test_a_store_that_cannot_be_there_is_said_before_the_run(bank: str, tmp_path: Path) -> None:
    result = run("-", "--base-url", bank, "--store", "absent/runs", folder=tmp_path, given=PLAN)
    assert (result.returncode, result.stdout) == (2, "")
    assert "--store 'absent/runs': there is no folder" in result.stderr


def test_a_url_is_run_and_reported_in_plain_text(bank: str, tmp_path: Path) -> None:
    result = run(f"{bank}/api/help", "-u", "3", "-d", "1s", "-o", "json=s.json", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "PASSED" in result.stdout
    assert "\x1b" not in result.stdout + result.stderr
    summary = json.loads((tmp_path / "s.json").read_text())
    assert summary["groups"][0]["users_target"] == 3


def test_a_failed_objective_is_exit_code_1(bank: str, tmp_path: Path) -> None:
    result = run("-", "--base-url", f"{bank}/nowhere", "-d", "1s", "-q", folder=tmp_path, given=PLAN)
    assert result.returncode == 1, result.stderr
    assert result.stdout == ""


def test_a_plan_with_mistakes_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "gradual.yaml").write_text("config: {duration: 1s}\nusers: []\n")
    result = run(folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == "gradual: the plan has 1 mistake; nothing was started"
    assert agents_of(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "gradual init"),
        (["a.yaml", "-c", "b.yaml"], "not both"),
        (["http://127.0.0.1:1/", "--allow-missing", "1"], "between 0% and 100%"),
        (["http://127.0.0.1:1/", "--lease", "1s"], "--lease 1s"),
        (["http://127.0.0.1:1/", "-o", "jsn=x"], "did you mean 'json'"),
        (["http://127.0.0.1:1/", "--tag", "x"], "K=V"),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(tmp_path: Path, words: list[str], message: str) -> None:
    result = run(*words, folder=tmp_path)
    assert result.returncode == 2, result.stderr
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_drains_reports_and_leaves_nothing_behind(
    bank: str, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    ask(f"{bank}/reset")
    with start(f"{bank}/api/rates", "-u", "4", "-d", "10m", "--json", folder=tmp_path) as process:
        until(lambda: ask(f"{bank}/stats")["requests"], "the first request")
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == code, err
    summary = json.loads(out)
    action = summary["actions"][0]
    arrived = action["requests"] - action["unsent"] + action["interrupted"]
    assert ask(f"{bank}/stats")["routes"] == {"GET /api/rates": arrived}
    assert summary["verdict"]["status"] == "interrupted"
    assert agents_of(tmp_path) == []


def test_a_second_interrupt_stops_what_is_in_flight(tmp_path: Path) -> None:
    """The system never answers, so that a drain would take the whole `graceful_stop` of 30 s."""
    with socket.create_server(("127.0.0.1", 0)) as system:
        url = f"http://127.0.0.1:{system.getsockname()[1]}/"
        with start(url, "-u", "2", "-d", "10m", "--json", folder=tmp_path) as process:
            arrived = [system.accept()[0] for _ in range(2)]
            assert all(connection.recv(1000) for connection in arrived)
            assert process.stderr is not None
            process.send_signal(signal.SIGINT)
            assert any("stop again" in line for line in process.stderr)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=DEADLINE_S)
        for connection in arrived:
            connection.close()
    assert process.returncode == 130
    action = json.loads(out)["actions"][0]
    assert (action["requests"], action["interrupted"]) == (0, 2)


def test_agents_do_not_outlive_a_master_that_was_killed(bank: str, tmp_path: Path) -> None:
    ask(f"{bank}/reset")
    with start(f"{bank}/api/rates", "-u", "4", "-d", "10m", "--agents", "2", "-q", folder=tmp_path) as process:
        until(lambda: ask(f"{bank}/stats")["requests"], "the first request")
        assert len(agents_of(tmp_path)) == 2
        process.kill()
        process.wait()
        until(lambda: not agents_of(tmp_path), "the agents are gone")


def test_an_agent_that_dies_before_the_run_begins_ends_it_with_exit_code_3(bank: str, tmp_path: Path) -> None:
    with start(f"{bank}/api/rates", "-d", "10m", folder=tmp_path) as process:
        os.kill(until(lambda: agents_of(tmp_path), "an agent starts")[0], signal.SIGKILL)
        _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 3
    assert "ended with exit code -9 before the run began" in err
    assert "Traceback" not in err


def test_a_socket_lies_in_a_folder_of_its_own_with_a_short_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * MAX_FOLDER)
    long.mkdir()
    for place in (tmp_path, long):
        monkeypatch.setattr("tempfile.tempdir", str(place))
        with private_folder() as folder:
            assert len(str(folder)) < MAX_FOLDER + 20
            assert folder.stat().st_mode & 0o077 == 0
        assert not folder.exists()
