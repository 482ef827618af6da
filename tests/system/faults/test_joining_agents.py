"""Agents that join and leave during the run: the shares of users follow."""

from collections import Counter
from pathlib import Path

from fleet_processes import wait_until
from fleet_run import AGENTS, USERS, now, run_on_loopback
from request_log import SECOND, RequestLog, Slot

MIN_CYCLE = SECOND * 8 // 10
"""The shortest time from one request of a user to its next: 0.1 s for the response and 0.7 s of think time."""


def requests_by_slot(log: RequestLog) -> Counter[Slot]:
    return Counter(request.slot for request in log.requests)


def settled_at(log: RequestLog) -> int:
    """When the last slot was taken over, by its new user's first request; 0 until each slot has sent three since."""
    moved_at = max((first.arrived for handovers in log.handovers().values() for _, first in handovers), default=0)
    counts = requests_by_slot(log.since(moved_at))
    return moved_at if len(counts) == USERS and min(counts.values()) >= 3 else 0


def test_a_joining_agent_gets_its_share_and_a_leaving_agent_hands_its_users_over(tmp_path: Path) -> None:
    with run_on_loopback(tmp_path) as run:
        run.start_master(expect=2)
        run.start_agents("agent-1", "agent-2")
        run.await_shares(agent_1=150, agent_2=150)
        run.start_agents("agent-3")
        run.await_shares(agent_1=100, agent_2=100, agent_3=100)
        joined_at = wait_until(lambda: settled_at(run.read_log()), "three requests of each user")
        leaving_at = now()
        run.agents["agent-1"].terminate()
        assert run.agents["agent-1"].wait(30) == 0, run.fleet.output("agent-1")
        run.await_shares(agent_2=150, agent_3=150)
        finished = run.interrupt()
    finished.check_interrupted()
    finished.check_counts()
    finished.check_users()
    assert finished.outcome.agent_codes == [0, 0, 0]
    assert not any(row["lost"] for row in finished.summary["agents"])

    # No more users have moved than the shares need, each after its predecessor had ended.
    moves = [move for moves in finished.request_log.handovers().values() for move in moves]
    to_the_joiner = sum(first.arrived <= joined_at for _, first in moves)
    from_the_leaver = sum(first.arrived > leaving_at for _, first in moves)
    assert abs(to_the_joiner - USERS / 3) <= 2
    assert abs(from_the_leaver - USERS / 3) <= 2
    assert to_the_joiner <= finished.summary["fleet"]["moves"] <= to_the_joiner + from_the_leaver == len(moves)

    # Each agent's users continued, and none was faster than its waits allow. The number of requests in a window is no
    # better measure of the shares: users that started together send together, so it depends on the window's edges.
    between = finished.request_log.between(joined_at, leaving_at)
    most = (leaving_at - joined_at) // MIN_CYCLE + 1
    for name in AGENTS:
        assert finished.agents[name]["requests"] == len(finished.sent_by(name).requests)
        counts = requests_by_slot(finished.sent_by(name, between))
        assert abs(len(counts) - USERS / 3) <= 1
        assert 3 <= min(counts.values()) <= max(counts.values()) <= most
