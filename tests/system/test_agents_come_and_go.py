"""Agents as people start them: without names, several processes to a command, killed and started again."""

import signal
import socket
import subprocess
from pathlib import Path

import psutil
from conftest import wait_until
from scene import USERS, Ending, Scene, loopback_scene

from gradual_common.protocol.names import shown_name

HOST = shown_name(socket.gethostname())


def hears(scene: Scene, text: str) -> None:
    """Wait until the master has said something."""
    wait_until(lambda: text in scene.fleet.said("master"), f"the master says {text!r}")


def test_agents_without_names_are_killed_and_started_again_and_every_request_is_accounted_for(tmp_path: Path) -> None:
    """Three on one host; one is killed, and so is the one that was started in its place."""
    first, *others = (HOST, f"{HOST}#2", f"{HOST}#3")
    again = (f"{HOST}#4", f"{HOST}#5")
    killed_at = {}
    with loopback_scene(tmp_path) as scene:
        scene.open(expect=3)
        for name in (first, *others):
            scene.join(name, is_named=False)
            hears(scene, f"agent {name} is here")
        scene.await_load(1)
        for victim, name in zip((first, again[0]), again, strict=True):
            killed_at[victim] = scene.kill(victim)
            scene.join(name, is_named=False)
            hears(scene, f"agent {name} joins")
            hears(scene, f"agent {victim} is lost")
            await_even_shares(scene, *others, name)
        ending = scene.finish()
    assert ending.outcome.code == 130, ending.outcome.said
    ending.check_users()
    ending.check_loss(killed_at)
    assert ending.outcome.agent_codes == [-signal.SIGKILL, 0, 0, -signal.SIGKILL, 0], ending.outcome.said
    check_rows(ending, *others, *again, first)
    for name in (*others, again[1]):
        assert ending.agents[name]["requests"] == len(ending.sent_by(name).requests)
    assert "is refused" not in scene.fleet.said("master")


def await_even_shares(scene: Scene, *names: str) -> None:
    """Each of three has a third of the users, give or take the one that a share is rounded by."""

    def are_even() -> bool:
        users = scene.users_by_agent()
        return users.keys() == set(names) and all(abs(users[name] - USERS // len(names)) <= 1 for name in names)

    wait_until(are_even, f"even shares of {names}", pause_s=0.2)


def check_rows(ending: Ending, *names: str) -> None:
    """The report reads as so many agents: each once, under a name and a key of its own."""
    rows = ending.summary["agents"]
    assert sorted(row["name"] for row in rows) == sorted(names)
    assert len({row["id"] for row in rows}) == len(names)


def test_expected_agents_are_commands_whatever_becomes_of_their_processes_before_the_load(tmp_path: Path) -> None:
    """One loses a process, is ended and started again; then its whole command is killed, and started once more."""
    with loopback_scene(tmp_path) as scene:
        scene.open(expect=2)
        one = start_command(scene, "one", 1)
        victim, _ = psutil.Process(scene.agents["one"].pid).children()
        victim.kill()
        wait_until(lambda: "was killed (SIGKILL); the others go on" in scene.fleet.said("one"), "one says so")
        hears(scene, "is not connected any more: 0 of 2")
        one.terminate()
        assert one.wait(30) == 128 + signal.SIGKILL

        again = start_command(scene, "one", 2)
        again.kill()
        hears(scene, "agent one-1#2 is gone")
        hears(scene, "agent one-2#2 is gone")
        del scene.agents["one"]
        start_command(scene, "two", 1)
        assert scene.target.count() == 0, "one command is here, two are expected"

        start_command(scene, "one", 3)
        scene.await_load(1)
        ending = scene.finish()
    ending.check_interrupted()
    ending.check_counts()
    ending.check_users()
    assert ending.outcome.agent_codes == [0, 0], ending.outcome.said
    check_rows(ending, "one-1#3", "one-2#3", "two-1", "two-2")
    assert sum(row["requests"] for row in ending.summary["agents"]) == len(ending.ledger.requests)


def start_command(scene: Scene, name: str, turn: int) -> subprocess.Popen[str]:
    """Start a command of two processes; once the master has welcomed both."""
    scene.join(name, options=("--processes", "2"))
    for number in (1, 2):
        shown = f"{name}-{number}" if turn == 1 else f"{name}-{number}#{turn}"
        hears(scene, f"agent {shown} is here, process {number} of 2")
    return scene.agents[name]
