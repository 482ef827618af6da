"""Agents whose network is cut, on hosts of their own: by a cable that is pulled, by a switch that forwards nothing any
more, and from their master alone while they still reach the system. One agent is spared."""

import time
from pathlib import Path

from ledger import SECOND
from scene import LEASE, USERS, Scene, host_scene, now

AGENTS = ("unplugged", "silenced", "parted", "spared")
FIRST = 1
CEILING = 2 * SECOND


def cut(scene: Scene) -> int:
    """Cut three of the four off; when."""
    network = scene.network
    network["parted"].part(network["master"])
    network["silenced"].silence()
    network["unplugged"].unplug()
    return now()


def heal(scene: Scene) -> int:
    network = scene.network
    healed_at = now()
    network["unplugged"].plug()
    network["silenced"].unsilence()
    network["parted"].unite(network["master"])
    return healed_at


def test_a_cut_that_is_healed_within_the_lease_costs_no_user_its_place(tmp_path: Path) -> None:
    with host_scene(tmp_path, AGENTS) as scene:
        scene.open(expect=4, lease="6s")
        scene.join(*AGENTS)
        scene.await_load(1)
        cut(scene)
        time.sleep(1.5)
        heal(scene)
        scene.await_shares(**dict.fromkeys(AGENTS, USERS // 4))
        ending = scene.finish()
    ending.check_interrupted()
    ending.check_counts()
    ending.check_users()
    assert {request.tenure for request in ending.ledger.requests} == {FIRST}
    assert not any(row["lost"] for row in ending.summary["agents"])
    assert ending.outcome.agent_codes == [0] * 4


def test_a_cut_that_outlasts_the_lease_hands_the_users_over_and_back(tmp_path: Path) -> None:
    with host_scene(tmp_path, AGENTS) as scene:
        scene.open(expect=4)
        scene.join(*AGENTS)
        scene.await_load(1)
        cut_at = cut(scene)
        scene.await_shares(spared=USERS)
        healed_at = heal(scene)
        scene.await_shares(**dict.fromkeys(AGENTS, USERS // 4))
        ending = scene.finish()
    ending.check_interrupted()
    assert ending.outcome.agent_codes == [0] * 4

    # Who still reaches the system, but not its master, sends until its lease is over and no longer.
    parted = ending.sent_by("parted").between(cut_at, healed_at)
    assert parted.requests
    assert parted.end < cut_at + LEASE + CEILING
    # What an agent's kernel held of the others is delivered when the network is back: one request a user at most.
    stale = ending.ledger.stale()
    assert len({request.user for request in stale}) == len(stale)
    assert all(ending.sender(request) in ("unplugged", "silenced") for request in stale)
    assert all(request.arrived > healed_at for request in stale)
    ending.check_users(stale)
    ending.check_counts()
