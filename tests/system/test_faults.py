"""What becomes of a run when something happens to its fleet: by the system's own books, never by how long it took."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conftest import BIN, HERE, free_port, wait_until
from ledger import SECOND, Ledger
from scene import AGENTS, LEASE, LOOK, USERS, Ending, loopback_scene, now

CEILING = 2 * SECOND
"""What a loaded machine may take for something that is to follow at once."""

SHORTEST_CYCLE = SECOND * 8 // 10
"""The least time from one request of a user to its next: 0.1 s for the response, and 0.7 s of think time."""

FIRST = 1
"""The tenure of a slot's first holder."""


# ── Agents that die ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_killed_agents_users_are_dealt_to_the_others(tmp_path: Path) -> None:
    with loopback_scene(tmp_path) as scene:
        scene.open("--allow-missing", "1%", duration="11s")
        scene.join(*AGENTS)
        scene.await_load(2)
        killed_at = scene.kill("agent-1")
        ending = scene.await_end()
    seats = ending.sent_by("agent-1").seats
    assert abs(len(seats) - USERS / 3) <= 1
    assert ending.outcome.agent_codes == [-signal.SIGKILL, 0, 0], ending.outcome.said
    assert not any(ending.agents[name]["lost"] for name in AGENTS[1:])
    ending.check_loss({"agent-1": killed_at})
    ending.check_users()

    # Its seats are held again, but not before its lease was over, wherever it might have gone on.
    handovers = ending.ledger.handovers()
    assert handovers.keys() == seats
    for [(last, first)] in handovers.values():
        assert (last.tenure, first.tenure) == (FIRST, FIRST + 1)
        assert last.arrived <= killed_at + CEILING
        assert first.arrived >= killed_at + LEASE
    assert ending.ledger.since(ending.ledger.end - 2 * LOOK).seats == ending.ledger.seats

    # The verdict says how many user-seconds were missing: those of the gap, and those that could not be reported;
    # beside them those of users that a slow machine was late to start.
    gaps_s = sum(first.arrived - last.ended for [(last, first)] in handovers.values()) / SECOND
    thinking_s, unreported_s = len(seats) * 0.9, len(seats) * 2
    missing_s = ending.summary["fleet"]["missing_user_s"]
    assert gaps_s - thinking_s <= missing_s <= gaps_s + unreported_s + ending.ledger.lateness_s() + USERS / 10
    verdict = ending.summary["verdict"]
    assert (ending.outcome.code, verdict["status"]) == (3, "invalid")
    assert any("user-seconds were missing" in reason and "--allow-missing" in reason for reason in verdict["reasons"])


def test_with_no_agent_left_the_run_ends_and_reports(tmp_path: Path) -> None:
    with loopback_scene(tmp_path) as scene:
        # The agents wait for the master, so that a short --agents-wait is enough for them to come.
        scene.join(*AGENTS)
        for name in AGENTS:
            wait_until(lambda name=name: "waiting for the master" in scene.fleet.said(name), f"{name} is ready")
        scene.open("--agents-wait", "4s")
        scene.await_load(2)
        killed_at = {name: scene.kill(name) for name in AGENTS}
        ending = scene.await_end()
    assert ending.outcome.code == 3, ending.outcome.said
    assert ending.outcome.agent_codes == [-signal.SIGKILL] * 3
    assert any("every agent is gone" in reason for reason in ending.summary["verdict"]["reasons"])
    ending.check_loss(killed_at)
    ending.check_users()


# ── Agents that stand still ────────────────────────────────────────────────────────────────────────────────────────


def test_an_agent_that_stands_still_for_less_than_its_lease_just_goes_on(tmp_path: Path) -> None:
    """And so does one at the end of a slow link."""
    with loopback_scene(tmp_path) as scene:
        scene.open(lease="6s")
        port = free_port()
        scene.fleet.start("relay", [sys.executable, str(HERE / "relay.py"), str(port), str(scene.fleet.port), "0.15"])
        scene.join("agent-1", "agent-2")
        scene.join("agent-3", port=port)
        scene.await_load(1)
        scene.agents["agent-1"].send_signal(signal.SIGSTOP)
        time.sleep(2)
        scene.agents["agent-1"].send_signal(signal.SIGCONT)
        scene.await_shares(agent_1=100, agent_2=100, agent_3=100)
        ending = scene.finish()
    check_nothing_moved(ending)


def test_agents_without_time_to_spare_keep_their_place(tmp_path: Path) -> None:
    """Users that never think, on a tenth of a core: the loop always has something to do."""
    with loopback_scene(tmp_path) as scene:
        scene.open(expect=2, step={})
        scene.join(*AGENTS[:2])
        wait_until(lambda: scene.target.count() >= USERS, "load")
        with starved(list(scene.agents.values())):
            began = scene.target.count()
            time.sleep(LEASE / SECOND + 2)
            assert scene.target.count() > began
        ending = scene.finish()
    assert all(row["loop_lag_ms_p99"] > 50 for row in ending.summary["agents"]), "the loops were behind"
    check_nothing_moved(ending)


def check_nothing_moved(ending: Ending) -> None:
    ending.check_interrupted()
    ending.check_counts()
    ending.check_users()
    assert {request.tenure for request in ending.ledger.requests} == {FIRST}
    assert not any(row["lost"] for row in ending.summary["agents"])
    assert ending.summary["fleet"]["moves"] == 0
    assert set(ending.outcome.agent_codes) == {0}


@contextmanager
def starved(processes: Sequence[subprocess.Popen[str]]) -> Iterator[None]:
    """Processes that run for a tenth of the time, whatever the machine has to spare."""
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


def test_an_agent_that_stands_still_for_longer_than_its_lease_begins_anew(tmp_path: Path) -> None:
    with loopback_scene(tmp_path) as scene:
        scene.open()
        scene.join(*AGENTS)
        scene.await_load(1)
        scene.look()
        scene.agents["agent-1"].send_signal(signal.SIGSTOP)
        stopped_at = now()
        scene.await_shares(agent_2=150, agent_3=150)
        woken_at = now()
        scene.agents["agent-1"].send_signal(signal.SIGCONT)
        scene.await_shares(agent_1=100, agent_2=100, agent_3=100)
        ending = scene.finish()
    ending.check_interrupted()
    assert ending.outcome.agent_codes == [0, 0, 0]
    # It has cut: of what it held when it stood still, one write at most got past the check of its lease.
    stale = ending.ledger.stale()
    assert len(stale) <= 1
    assert all(request in ending.sent_by("agent-1").since(woken_at).requests for request in stale)
    assert "all users were stopped at once" in ending.outcome.said
    ending.check_users(stale)
    ending.check_counts()
    # What it holds then, it holds anew.
    assert all(request.tenure > FIRST for request in ending.sent_by("agent-1").without(stale).since(woken_at).requests)
    assert ending.sent_by("agent-1").between(stopped_at + CEILING, woken_at).requests == ()


# ── Agents that come and go ────────────────────────────────────────────────────────────────────────────────────────


def requests_by_slot(ledger: Ledger) -> Counter[int]:
    return Counter(request.slot for request in ledger.requests)


def enough_of_each(ledger: Ledger) -> bool:
    counts = requests_by_slot(ledger)
    return len(counts) == USERS and min(counts.values()) >= 3


def test_an_agent_that_joins_gets_its_share_and_one_that_leaves_hands_its_own_over(tmp_path: Path) -> None:
    with loopback_scene(tmp_path) as scene:
        scene.open(expect=2)
        scene.join("agent-1", "agent-2")
        scene.await_shares(agent_1=150, agent_2=150)
        scene.join("agent-3")
        scene.await_shares(agent_1=100, agent_2=100, agent_3=100)
        joined_at = now()
        wait_until(lambda: enough_of_each(scene.look().since(joined_at)), "three requests of each user")
        leaving_at = now()
        scene.agents["agent-1"].terminate()
        assert scene.agents["agent-1"].wait(30) == 0, scene.fleet.said("agent-1")
        scene.await_shares(agent_2=150, agent_3=150)
        ending = scene.finish()
    ending.check_interrupted()
    ending.check_counts()
    ending.check_users()
    assert ending.outcome.agent_codes == [0, 0, 0]
    assert not any(row["lost"] for row in ending.summary["agents"])

    # The fewest users that give the shares have moved, each once its former holder had ended.
    moves = [move for moves in ending.ledger.handovers().values() for move in moves]
    to_the_joiner = sum(first.arrived < joined_at for _, first in moves)
    from_the_leaver = sum(first.arrived > leaving_at for _, first in moves)
    assert abs(to_the_joiner - USERS / 3) <= 2
    assert abs(from_the_leaver - USERS / 3) <= 2
    assert to_the_joiner <= ending.summary["fleet"]["moves"] <= to_the_joiner + from_the_leaver == len(moves)

    # Each agent's users went on, none faster than its waits allow. (How many requests a window holds beyond that is
    # a matter of where in their cycle the users were when it opened: users that started together send together.)
    between = ending.ledger.between(joined_at, leaving_at)
    most = (leaving_at - joined_at) // SHORTEST_CYCLE + 1
    for name in AGENTS:
        assert ending.agents[name]["requests"] == len(ending.sent_by(name).requests)
        counts = requests_by_slot(ending.sent_by(name, between))
        assert abs(len(counts) - USERS / 3) <= 1
        assert 3 <= min(counts.values()) <= max(counts.values()) <= most


# ── The master ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_master_is_refused_and_without_the_first_no_load_outlives_the_lease(tmp_path: Path) -> None:
    with loopback_scene(tmp_path) as scene:
        scene.open()
        wait_until(lambda: "listening" in scene.fleet.said("master"), "the master listens")
        scene.join(*AGENTS, options=("--master-wait", "7s"))
        scene.await_load()
        listen = f"127.0.0.1:{scene.fleet.port}"
        command = [str(BIN / "gradual-master"), "run", "plan.yaml", "--listen", listen, "--expect-agents", "1"]
        second = scene.fleet.start("second", command)
        assert second.wait(30) == 2, scene.fleet.said("second")
        assert f"cannot listen on {listen}" in scene.fleet.said("second")
        scene.await_load(1)

        scene.look()
        scene.master.kill()
        killed_at = now()
        codes = [agent.wait(40) for agent in scene.agents.values()]
        ending = Ending(scene.fleet.wait(scene.master, []), scene.look(), {})
    ending.check_users()
    assert {request.tenure for request in ending.ledger.requests} == {FIRST}
    assert killed_at + LEASE // 2 < ending.ledger.end <= killed_at + LEASE + CEILING
    assert codes == [3, 3, 3], ending.outcome.said
    for name in AGENTS:
        lines = [json.loads(line) for line in scene.fleet.said(name).splitlines() if line.startswith("{")]
        assert any("all users were stopped at once" in line["event"] for line in lines)
        last = lines[-1]
        assert "no master for 7s" in last["event"]
        assert last["dropped"], "the batches that nobody has taken are named"
