"""What comes to the master's port and is no agent of the run: turned away for a reason, and the run does not notice."""

import asyncio
import json
import random
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from conftest import Fleet, Target, wait_until
from fleet_model import batch_of
from ledger import Ledger
from scene import LEASE, PING, USERS, Ending, Scene, loopback_scene, now, plan
from scripted_agent import ScriptedAgent, send_bytes

from gradual_common.protocol.messages import Confirm, Ping, SlotRun
from gradual_common.wire import fleet_pb2

GARBAGE = {
    "nothing": b"",
    "zeros": b"\0" * 1000,
    "noise": random.Random(1).randbytes(5000),
    "a browser": b"GET / HTTP/1.1\r\nHost: master\r\n\r\n",
    "a TLS client": bytes.fromhex("1603010200010001fc0303") + bytes(32),
    "HTTP/2 with noise after it": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + random.Random(2).randbytes(5000),
}


GOODBYE_OF_5_MB = fleet_pb2.AgentMessage(goodbye=fleet_pb2.Goodbye(reason="x" * 5_000_000)).SerializeToString()


def throw(port: int, garbage: bytes) -> None:
    """Send bytes and hang up at once."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection, suppress(OSError):
        connection.sendall(garbage)


def check_unnoticed(ending: Ending, *agents: str) -> None:
    ending.check_interrupted()
    ending.check_counts()
    ending.check_users()
    assert set(ending.outcome.agent_codes) == {0}
    for name in agents:
        assert not ending.agents[name]["lost"]


async def test_strangers_are_turned_away(tmp_path: Path) -> None:
    with loopback_scene(tmp_path) as scene:
        scene.open(expect=2)
        scene.join("agent-1", "agent-2")
        scene.await_load()

        with socket.create_connection(("127.0.0.1", scene.fleet.port)):  # One that says nothing, and stays.
            for garbage in GARBAGE.values():
                throw(scene.fleet.port, garbage)
            target = f"127.0.0.1:{scene.fleet.port}"
            await send_bytes(target, GOODBYE_OF_5_MB)
            with pytest.raises(Exception, match="larger than max"):
                await send_bytes(target, bytes(20_000_000))
            await send_bytes(target, b"\xff" * 100)
            async with ScriptedAgent("old", target) as old:
                await old.greet(protocol=99)
                assert "install the same version" in await refusal_of(old)
            held = (SlotRun(0, 0, 10, 1),)
            async with ScriptedAgent("lost-its-way", target) as stranger:
                await stranger.greet(run="another", held=held)
                assert "unknown run another" in await refusal_of(stranger)
            async with ScriptedAgent("impostor", target) as stranger:
                await stranger.greet(run=run_of(scene), held=held)
                assert "this master does not know it" in await refusal_of(stranger)
            scene.await_load(1)
            scene.await_shares(agent_1=USERS // 2, agent_2=USERS // 2)
            ending = scene.finish()
    check_unnoticed(ending, "agent-1", "agent-2")
    assert {request.tenure for request in ending.ledger.requests} == {1}
    said = scene.fleet.said("master")
    for reason in (
        "speaks 99",
        "unknown run another",
        "this master does not know it",
        "closing a stream that sent no Hello",
        "at most 4,194,304 are allowed",
    ):
        assert reason in said


async def refusal_of(agent: ScriptedAgent) -> str:
    """Why an agent was refused, once its stream is closed."""
    refused = (await agent.until(lambda message: message.refused)).refused
    assert refused is not None
    await agent.closed()
    return refused.reason


def run_of(scene: Scene) -> str:
    """The run's name, as every line of the master's log bears it once there is a run."""
    lines = [json.loads(line) for line in scene.fleet.said("master").splitlines() if line.startswith("{")]
    return str(next(line["run"] for line in lines if "run" in line))


async def test_agents_that_talk_nonsense_are_dropped_and_their_users_go_to_the_others(tmp_path: Path) -> None:
    with loopback_scene(tmp_path) as scene:
        scene.open(expect=3)
        scene.join("agent-1", options=("--max-users", "300"))
        target = f"127.0.0.1:{scene.fleet.port}"
        wait_until(lambda: "listening" in scene.fleet.said("master"), "the master listens")
        async with member("odd", target) as odd, member("liar", target) as liar:
            await asyncio.gather(*(is_under_load(agent) for agent in (odd, liar)))
            await asyncio.to_thread(wait_until, lambda: scene.target.count() > USERS, "load")
            await odd.say(batches=(batch_of(2, 0),))
            await odd.closed()
        async with ScriptedAgent("odd", target) as odd, ScriptedAgent("liar", target) as liar:
            await liar.greet(stream=2, max_users=30, held=(SlotRun(0, 0, USERS, 1),))
            assert "names slots that it was never given" in await refusal_of(liar)
            await odd.greet(stream=2, max_users=30)
            await odd.until(lambda message: message.welcome)
            await odd.say(ping=Ping(1, 0, 0), batches=(batch_of(1, 1_000_000),))
            assert "batch 1 is of interval 1000000" in await refusal_of(odd)
            dropped_at = now()
        async with ScriptedAgent("odd", target) as odd:
            await odd.greet(stream=3, max_users=30)
            assert "dropped" in await refusal_of(odd)
        await asyncio.to_thread(scene.await_shares, agent_1=USERS)
        ending = scene.finish()
    check_unnoticed(ending, "agent-1")
    for name in ("odd", "liar"):
        assert ending.agents[name]["lost"]
        assert f"agent {name} is dropped" in ending.outcome.said
    assert "batch 2 is out of order (expected 1)" in ending.outcome.said
    # Whether they run their users, nobody knows: those begin elsewhere when their leases are over.
    theirs = [request for request in ending.ledger.requests if request.tenure > 1]
    assert abs(len({request.seat for request in theirs}) - USERS / 6) <= 2
    assert theirs[0].arrived >= dropped_at + LEASE - PING


@asynccontextmanager
async def member(name: str, target: str) -> AsyncIterator[ScriptedAgent]:
    """An agent that is here, and keeps its lease until it leaves the block or its stream is closed."""
    async with ScriptedAgent(name, target) as agent:
        await agent.greet(max_users=30)
        await agent.until(lambda message: message.welcome)
        pings = asyncio.create_task(keep_pinging(agent))
        try:
            yield agent
        finally:
            pings.cancel()
            await asyncio.gather(pings, return_exceptions=True)


async def is_under_load(agent: ScriptedAgent) -> None:
    """It takes the slots that it is given, and does nothing with them."""
    await agent.say(confirm=Confirm(0, 0, (await agent.provisions(1))[-1].sequence))
    orders = (await agent.until(lambda message: message.orders and message.orders.slots)).orders
    assert orders is not None
    await agent.say(confirm=Confirm(orders.epoch, orders.version, 1))
    await agent.until(lambda message: message.orders and message.orders.levels)


async def keep_pinging(agent: ScriptedAgent) -> None:
    stamp = 1
    while True:
        await agent.say(ping=Ping(stamp, 0, 0))
        await asyncio.sleep(0.3)
        stamp += 1


def test_an_agent_with_few_descriptors_holds_what_they_allow_and_one_with_none_to_spare_says_so(
    target: Target, fleet: Fleet
) -> None:
    master = fleet.start_master(plan(target.url, "80s", {"think_time": "100-200ms"}, 60), 2)
    none = fleet.start_agent("none", files=150)
    assert none.wait(30) != 0
    assert "150 file descriptors hold no user" in fleet.said("none")
    agents = [fleet.start_agent("few", files=220), fleet.start_agent("many", "--max-users", "40")]
    wait_until(lambda: len(Ledger.of(target.books()).seats) == 60, "every user is there", pause_s=0.2)
    fleet.signal(master, signal.SIGINT)
    outcome = fleet.wait(master, agents)
    assert outcome.code == 130
    assert outcome.agent_codes == [0, 0], outcome.said
    assert outcome.summary is not None
    sent = {row["name"]: row["requests"] for row in outcome.summary["agents"]}
    assert sum(sent.values()) == len(Ledger.of(target.books()).requests)
    assert abs(sent["few"] / sum(sent.values()) - 20 / 60) < 0.1
