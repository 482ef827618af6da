"""Agents on their own hosts lose the network: the cable of one is pulled, the switch forwards no packets of another,
and a third one loses its master only, while it still reaches the system. A fourth one stays connected."""

import time
from pathlib import Path

from fleet_run import CEILING, FIRST, LEASE, USERS, FleetRun, now, run_on_hosts

AGENTS = ("unplugged", "detached", "blocked", "connected")


def cut(run: FleetRun) -> int:
    """Cut the network of three agents; return the time."""
    network = run.network
    network["blocked"].block(network["master"])
    network["detached"].detach()
    network["unplugged"].unplug()
    return now()


def repair(run: FleetRun) -> int:
    """Repair the network of all agents; return the time before that."""
    network = run.network
    repaired_at = now()
    network["unplugged"].plug()
    network["detached"].attach()
    network["blocked"].unblock(network["master"])
    return repaired_at


def test_a_cut_within_the_lease_moves_no_user(tmp_path: Path) -> None:
    with run_on_hosts(tmp_path, AGENTS) as run:
        run.start_master(expect=4, lease="6s")
        run.start_agents(*AGENTS)
        run.await_load(1)
        cut(run)
        time.sleep(1.5)
        repair(run)
        run.await_shares(**dict.fromkeys(AGENTS, USERS // 4))
        finished = run.interrupt()
    finished.check_interrupted()
    finished.check_counts()
    finished.check_users()
    assert {request.tenure for request in finished.request_log.requests} == {FIRST}
    assert not any(row["lost"] for row in finished.summary["agents"])
    assert finished.outcome.agent_codes == [0] * 4


def test_a_cut_longer_than_the_lease_moves_the_users_and_then_back(tmp_path: Path) -> None:
    with run_on_hosts(tmp_path, AGENTS) as run:
        run.start_master(expect=4)
        run.start_agents(*AGENTS)
        run.await_load(1)
        cut_at = cut(run)
        run.await_shares(connected=USERS)
        repaired_at = repair(run)
        run.await_shares(**dict.fromkeys(AGENTS, USERS // 4))
        finished = run.interrupt()
    finished.check_interrupted()
    assert finished.outcome.agent_codes == [0] * 4

    # The agent that still reaches the system, but not its master, sends until its lease is over and no longer.
    blocked = finished.sent_by("blocked").between(cut_at, repaired_at)
    assert blocked.requests
    assert blocked.last_arrival < cut_at + LEASE + CEILING
    # The kernels of the two other agents still have unsent data, which they send after the repair: at most one request
    # per user.
    stale = finished.request_log.stale()
    assert len({request.user for request in stale}) == len(stale)
    assert all(finished.agent_of(request) in ("unplugged", "detached") for request in stale)
    assert all(request.arrived > repaired_at for request in stale)
    finished.check_users(stale)
    finished.check_counts()
