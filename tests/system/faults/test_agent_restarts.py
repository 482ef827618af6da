"""Agents without names, and commands with several processes: they are killed and started again."""

import signal
import socket
import subprocess
from pathlib import Path

import psutil
from fleet_processes import wait_until
from fleet_run import USERS, FinishedRun, FleetRun, run_on_loopback

from gradual_common.protocol.names import shown_name

HOST = shown_name(socket.gethostname())


def await_master_output(run: FleetRun, text: str) -> None:
    """Wait until the master's output contains `text`."""
    wait_until(lambda: text in run.fleet.output("master"), f"the master's output contains {text!r}")


def test_agents_without_names_are_killed_and_started_again_and_no_request_is_lost_unreported(tmp_path: Path) -> None:
    """Three agents run on one host. One is killed, and so is the agent that was started to replace it."""
    first, *others = (HOST, f"{HOST}#2", f"{HOST}#3")
    again = (f"{HOST}#4", f"{HOST}#5")
    killed_at = {}
    with run_on_loopback(tmp_path) as run:
        run.start_master(expect=3)
        for name in (first, *others):
            run.start_agents(name, is_named=False)
            await_master_output(run, f"agent {name} is here")
        run.await_load(1)
        for victim, name in zip((first, again[0]), again, strict=True):
            killed_at[victim] = run.kill_agent(victim)
            run.start_agents(name, is_named=False)
            await_master_output(run, f"agent {name} joins")
            await_master_output(run, f"agent {victim} is lost")
            await_even_shares(run, *others, name)
        finished = run.interrupt()
    assert finished.outcome.code == 130, finished.outcome.output
    finished.check_users()
    finished.check_loss(killed_at)
    assert finished.outcome.agent_codes == [-signal.SIGKILL, 0, 0, -signal.SIGKILL, 0], finished.outcome.output
    check_rows(finished, *others, *again, first)
    for name in (*others, again[1]):
        assert finished.agents[name]["requests"] == len(finished.sent_by(name).requests)
    assert "is refused" not in run.fleet.output("master")


def await_even_shares(run: FleetRun, *names: str) -> None:
    """Wait until each of three agents has a third of the users, plus or minus one, by which a share is rounded."""

    def are_even() -> bool:
        users = run.users_by_agent()
        return users.keys() == set(names) and all(abs(users[name] - USERS // len(names)) <= 1 for name in names)

    wait_until(are_even, f"even shares of {names}", pause_s=0.2)


def check_rows(finished: FinishedRun, *names: str) -> None:
    """The report has each agent once, with its own name and its own id."""
    rows = finished.summary["agents"]
    assert sorted(row["name"] for row in rows) == sorted(names)
    assert len({row["id"] for row in rows}) == len(names)


def test_the_master_waits_for_whole_commands_whose_processes_die_before_the_load(tmp_path: Path) -> None:
    """A command loses one process, is ended and started again; then the whole command is killed and started again."""
    with run_on_loopback(tmp_path) as run:
        run.start_master(expect=2)
        first = start_command(run, "one", 1)
        victim, _ = psutil.Process(run.agents["one"].pid).children()
        victim.kill()
        wait_until(lambda: "was killed (SIGKILL); the others go on" in run.fleet.output("one"), "its log line")
        await_master_output(run, "is not connected any more: 0 of 2")
        first.terminate()
        assert first.wait(30) == 128 + signal.SIGKILL

        second = start_command(run, "one", 2)
        second.kill()
        await_master_output(run, "agent one-1#2 is gone")
        await_master_output(run, "agent one-2#2 is gone")
        del run.agents["one"]
        start_command(run, "two", 1)
        assert run.target.count() == 0, "one command is connected, two are expected"

        start_command(run, "one", 3)
        run.await_load(1)
        finished = run.interrupt()
    finished.check_interrupted()
    finished.check_counts()
    finished.check_users()
    assert finished.outcome.agent_codes == [0, 0], finished.outcome.output
    check_rows(finished, "one-1#3", "one-2#3", "two-1", "two-2")
    assert sum(row["requests"] for row in finished.summary["agents"]) == len(finished.request_log.requests)


def start_command(run: FleetRun, name: str, start: int) -> subprocess.Popen[str]:
    """Start a command with two processes for the `start`th time; return when the master has registered both."""
    run.start_agents(name, options=("--processes", "2"))
    for number in (1, 2):
        shown = f"{name}-{number}" if start == 1 else f"{name}-{number}#{start}"
        await_master_output(run, f"agent {shown} is here, process {number} of 2")
    return run.agents[name]
