"""Clients of the master's port that are not agents of the run are refused with a reason; the run does not change."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from fleet_model import batch_of
from fleet_processes import wait_until
from fleet_run import LEASE, PING_INTERVAL, USERS, FinishedRun, FleetRun, now, run_on_loopback
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


def send_and_close(port: int, garbage: bytes) -> None:
    """Send bytes and close the connection at once."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection, suppress(OSError):
        connection.sendall(garbage)


def check_undisturbed(finished: FinishedRun, *agents: str) -> None:
    finished.check_interrupted()
    finished.check_counts()
    finished.check_users()
    assert set(finished.outcome.agent_codes) == {0}
    for name in agents:
        assert not finished.agents[name]["lost"]


async def test_clients_that_are_not_agents_of_the_run_are_refused(tmp_path: Path) -> None:
    with run_on_loopback(tmp_path) as run:
        run.start_master(expect=2)
        run.start_agents("agent-1", "agent-2")
        run.await_load()

        with socket.create_connection(("127.0.0.1", run.fleet.port)):  # This client sends nothing and stays connected.
            for garbage in GARBAGE.values():
                send_and_close(run.fleet.port, garbage)
            target = f"127.0.0.1:{run.fleet.port}"
            await send_bytes(target, GOODBYE_OF_5_MB)
            with pytest.raises(Exception, match="larger than max"):
                await send_bytes(target, bytes(20_000_000))
            await send_bytes(target, b"\xff" * 100)
            async with ScriptedAgent("old", target) as old:
                await old.greet(protocol=99)
                assert "install the same version" in await refusal_of(old)
            held = (SlotRun(0, 0, 10, 1),)
            async with ScriptedAgent("other-run", target) as client:
                await client.greet(run="another", held=held)
                assert "unknown run another" in await refusal_of(client)
            async with ScriptedAgent("unknown-agent", target) as client:
                await client.greet(run=run_id_of(run), held=held)
                assert "this master does not know it" in await refusal_of(client)
            run.await_load(1)
            run.await_shares(agent_1=USERS // 2, agent_2=USERS // 2)
            finished = run.interrupt()
    check_undisturbed(finished, "agent-1", "agent-2")
    assert {request.tenure for request in finished.request_log.requests} == {1}
    output = run.fleet.output("master")
    for reason in (
        "speaks 99",
        "unknown run another",
        "this master does not know it",
        "closing a stream that sent no Hello",
        "at most 4,194,304 are allowed",
    ):
        assert reason in output


async def refusal_of(agent: ScriptedAgent) -> str:
    """Wait until an agent is refused and its stream is closed; return the reason."""
    refused = (await agent.until(lambda message: message.refused)).refused
    assert refused is not None
    await agent.closed()
    return refused.reason


def run_id_of(run: FleetRun) -> str:
    """The run's id, which is in the master's log lines as soon as there is a run."""
    lines = [json.loads(line) for line in run.fleet.output("master").splitlines() if line.startswith("{")]
    return str(next(line["run"] for line in lines if "run" in line))


async def test_agents_that_break_the_protocol_are_dropped_and_their_users_move_to_the_others(tmp_path: Path) -> None:
    with run_on_loopback(tmp_path) as run:
        run.start_master(expect=3)
        run.start_agents("agent-1", options=("--max-users", "300"))
        target = f"127.0.0.1:{run.fleet.port}"
        wait_until(lambda: "listening" in run.fleet.output("master"), "the master listens")
        async with registered_agent("odd", target) as odd, registered_agent("liar", target) as liar:
            await asyncio.gather(*(take_slots(agent) for agent in (odd, liar)))
            await asyncio.to_thread(wait_until, lambda: run.target.count() > USERS, "load")
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
        await asyncio.to_thread(run.await_shares, agent_1=USERS)
        finished = run.interrupt()
    check_undisturbed(finished, "agent-1")
    for name in ("odd", "liar"):
        assert finished.agents[name]["lost"]
        assert f"agent {name} is dropped" in finished.outcome.output
    assert "batch 2 is out of order (expected 1)" in finished.outcome.output
    # The master does not know whether they still run their users, so other agents start them only after the leases.
    moved = [request for request in finished.request_log.requests if request.tenure > 1]
    assert abs(len({request.slot for request in moved}) - USERS / 6) <= 2
    assert moved[0].arrived >= dropped_at + LEASE - PING_INTERVAL


@asynccontextmanager
async def registered_agent(name: str, target: str) -> AsyncIterator[ScriptedAgent]:
    """An agent that is registered and keeps its lease until the end of the block, or until its stream is closed."""
    async with ScriptedAgent(name, target) as agent:
        await agent.greet(max_users=30)
        await agent.until(lambda message: message.welcome)
        pings = asyncio.create_task(keep_pinging(agent))
        try:
            yield agent
        finally:
            pings.cancel()
            await asyncio.gather(pings, return_exceptions=True)


async def take_slots(agent: ScriptedAgent) -> None:
    """Confirm the plan and the slots, and wait for the levels; start no user."""
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


def test_an_agent_gets_as_many_users_as_its_descriptors_allow_and_ends_if_they_allow_none(tmp_path: Path) -> None:
    with run_on_loopback(tmp_path) as run:
        run.start_master(expect=2, users=60)
        none = run.fleet.start_agent("none", files=150)
        assert none.wait(30) != 0
        assert "150 file descriptors hold no user" in run.fleet.output("none")
        run.start_agents("few", files=220)
        run.start_agents("many", options=("--max-users", "40"))
        run.await_shares(few=20, many=40)
        finished = run.interrupt()
    finished.check_interrupted()
    finished.check_counts()
    for name, users in (("few", 20), ("many", 40)):
        assert finished.agents[name]["requests"] == len(finished.sent_by(name).requests)
        assert len(finished.sent_by(name).slots) == users
