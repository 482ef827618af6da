"""Agents that are paused or have little CPU: within its lease an agent continues, after it the agent starts again."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fleet_processes import HERE, free_port, wait_until
from fleet_run import AGENTS, CEILING, FIRST, LEASE, USERS, FinishedRun, now, run_on_loopback
from request_log import SECOND


def test_an_agent_that_is_paused_for_less_than_its_lease_continues(tmp_path: Path) -> None:
    """So does an agent with a slow link."""
    with run_on_loopback(tmp_path) as run:
        run.start_master(lease="6s")
        port = free_port()
        run.fleet.start("relay", [sys.executable, str(HERE / "relay.py"), str(port), str(run.fleet.port), "0.15"])
        run.start_agents("agent-1", "agent-2")
        run.start_agents("agent-3", port=port)
        run.await_load(1)
        run.agents["agent-1"].send_signal(signal.SIGSTOP)
        time.sleep(2)
        run.agents["agent-1"].send_signal(signal.SIGCONT)
        run.await_shares(agent_1=100, agent_2=100, agent_3=100)
        finished = run.interrupt()
    check_no_user_moved(finished)


def test_an_agent_with_a_tenth_of_a_core_keeps_its_users(tmp_path: Path) -> None:
    """Its users have no think time, so its loop is always busy."""
    with run_on_loopback(tmp_path) as run:
        run.start_master(expect=2, step={})
        run.start_agents(*AGENTS[:2])
        wait_until(lambda: run.target.count() >= USERS, "load")
        with throttled(list(run.agents.values())):
            before = run.target.count()
            time.sleep(LEASE / SECOND + 2)
            assert run.target.count() > before
        finished = run.interrupt()
    assert all(row["loop_lag_ms_p99"] > 50 for row in finished.summary["agents"]), "the loops were late"
    check_no_user_moved(finished)


def check_no_user_moved(finished: FinishedRun) -> None:
    finished.check_interrupted()
    finished.check_counts()
    finished.check_users()
    assert {request.tenure for request in finished.request_log.requests} == {FIRST}
    assert not any(row["lost"] for row in finished.summary["agents"])
    assert finished.summary["fleet"]["moves"] == 0
    assert set(finished.outcome.agent_codes) == {0}


@contextmanager
def throttled(processes: Sequence[subprocess.Popen[str]]) -> Iterator[None]:
    """Let the processes run for a tenth of the time only, even on an idle machine."""
    script = (
        "import os, signal, sys, time\n"
        "pids = [int(pid) for pid in sys.argv[1:]]\n"
        "end = time.monotonic() + 30\n"
        "while time.monotonic() < end:\n"
        "    for number, share in ((signal.SIGSTOP, 0.09), (signal.SIGCONT, 0.01)):\n"
        "        for pid in pids:\n"
        "            os.kill(pid, number)\n"
        "        time.sleep(share)\n"
    )
    throttle = subprocess.Popen([sys.executable, "-c", script, *(str(process.pid) for process in processes)])
    try:
        yield
    finally:
        throttle.kill()
        throttle.wait()
        for process in processes:
            process.send_signal(signal.SIGCONT)


def test_an_agent_that_is_paused_for_longer_than_its_lease_gets_new_users(tmp_path: Path) -> None:
    with run_on_loopback(tmp_path) as run:
        run.start_master()
        run.start_agents(*AGENTS)
        run.await_load(1)
        run.read_log()
        run.agents["agent-1"].send_signal(signal.SIGSTOP)
        paused_at = now()
        run.await_shares(agent_2=150, agent_3=150)
        continued_at = now()
        run.agents["agent-1"].send_signal(signal.SIGCONT)
        run.await_shares(agent_1=100, agent_2=100, agent_3=100)
        finished = run.interrupt()
    finished.check_interrupted()
    assert finished.outcome.agent_codes == [0, 0, 0]
    # It has stopped its users. One write at most was past the check of the lease when the agent was paused.
    stale = finished.request_log.stale()
    assert len(stale) <= 1
    assert all(request in finished.sent_by("agent-1").since(continued_at).requests for request in stale)
    assert "all users were stopped at once" in finished.outcome.output
    finished.check_users(stale)
    finished.check_counts()
    # All users that it has after that are new ones.
    later = finished.sent_by("agent-1").without(stale).since(continued_at)
    assert all(request.tenure > FIRST for request in later.requests)
    assert finished.sent_by("agent-1").between(paused_at + CEILING, continued_at).requests == ()
