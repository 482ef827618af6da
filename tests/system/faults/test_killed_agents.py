"""Killed agents: their users are assigned to other agents, and the report says what was lost."""

import signal
from pathlib import Path

from fleet_processes import wait_until
from fleet_run import AGENTS, CEILING, FIRST, LEASE, USERS, WINDOW, run_on_loopback
from request_log import SECOND


def test_the_users_of_a_killed_agent_are_assigned_to_the_others(tmp_path: Path) -> None:
    with run_on_loopback(tmp_path) as run:
        run.start_master("--allow-missing", "1%", duration="16s")
        run.start_agents(*AGENTS)
        run.await_load(2)
        killed_at = run.kill_agent("agent-1")
        finished = run.await_end()
    log = finished.request_log
    slots = finished.sent_by("agent-1").slots
    assert abs(len(slots) - USERS / 3) <= 1
    assert finished.outcome.agent_codes == [-signal.SIGKILL, 0, 0], finished.outcome.output
    assert not any(finished.agents[name]["lost"] for name in AGENTS[1:])
    finished.check_loss({"agent-1": killed_at})
    finished.check_users()

    # Its slots have users again, but not before its lease was over: the master cannot know that the agent is dead.
    handovers = log.handovers()
    assert handovers.keys() == slots
    for [(last, first)] in handovers.values():
        assert (last.tenure, first.tenure) == (FIRST, FIRST + 1)
        assert last.arrived <= killed_at + CEILING
        assert first.arrived >= killed_at + LEASE
    assert log.since(log.last_arrival - 2 * WINDOW).slots == log.slots

    # The verdict has the missing user-seconds: those between two users of a slot, and those that the agent could not
    # report. On a slow machine, those of users that started late come on top.
    gaps_s = sum(first.arrived - last.ended for [(last, first)] in handovers.values()) / SECOND
    thinking_s, unreported_s = len(slots) * 0.9, len(slots) * 2
    missing_s = finished.summary["fleet"]["missing_user_s"]
    assert gaps_s - thinking_s <= missing_s <= gaps_s + unreported_s + log.lateness_s() + USERS / 10
    verdict = finished.summary["verdict"]
    assert (finished.outcome.code, verdict["status"]) == (3, "invalid")
    assert any("user-seconds were missing" in reason and "--allow-missing" in reason for reason in verdict["reasons"])


def test_a_run_without_agents_ends_and_reports(tmp_path: Path) -> None:
    with run_on_loopback(tmp_path) as run:
        # The agents start first and wait for the master, so that a short --agents-wait is enough.
        run.start_agents(*AGENTS)
        for name in AGENTS:
            wait_until(lambda name=name: "waiting for the master" in run.fleet.output(name), f"{name} is ready")
        run.start_master("--agents-wait", "4s")
        run.await_load(2)
        killed_at = {name: run.kill_agent(name) for name in AGENTS}
        finished = run.await_end()
    assert finished.outcome.code == 3, finished.outcome.output
    assert finished.outcome.agent_codes == [-signal.SIGKILL] * 3
    assert any("every agent is gone" in reason for reason in finished.summary["verdict"]["reasons"])
    finished.check_loss(killed_at)
    finished.check_users()
