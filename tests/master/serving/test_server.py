"""The gRPC shell against scripted agents: a Unix socket, no waiting for time to pass."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest
from fleet_model import batch_of, hello_of, id_of
from scripted_agent import DEADLINE_S, ScriptedAgent, send_bytes

from gradual_common.errors import WireError
from gradual_common.protocol.codec import encode_agent_message
from gradual_common.protocol.codec_samples import encode_samples
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import (
    AgentMessage,
    Goodbye,
    MasterMessage,
    Orders,
    Ping,
    Pong,
    SampleMessage,
    SlotRun,
)
from gradual_common.protocol.samples import SampleColumns
from gradual_common.security.security import FleetSecurity
from gradual_master.coordination.events import Event, Received, StreamEnded, Unreadable
from gradual_master.errors import ListenError
from gradual_master.run.provisions import Provisions
from gradual_master.serving.listening import ListenAddress
from gradual_master.serving.server import FleetServer


class Rows:
    def row(self, ordinal: int) -> dict[str, Any]:
        return {"name": f"row-{ordinal}", "text": "x" * 300}


NOWHERE = 99
"""The level of samples that name what the plan does not have."""


class Master:
    """A server whose events are kept, with the address that agents dial."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.events: list[Event] = []
        self.samples: list[SampleMessage] = []
        provisions = Provisions(Job({"a": 1}, {}, {}, 5), {(0, "user"): Rows()})
        self.server = FleetServer(
            self._keep, lambda agent: agent == id_of("a"), provisions, self._take, FleetSecurity()
        )
        self._news = asyncio.Event()

    def _keep(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    def _take(self, message: SampleMessage) -> None:
        """As who takes them does: for what the plan does not have it has no use."""
        if any(block.level == NOWHERE for block in message.blocks):
            raise WireError("samples name step 9; the plan has 3")
        self.samples.append(message)
        self._news.set()

    async def until_true(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def until(self, condition: Callable[[Event], Any]) -> Event:
        async with asyncio.timeout(DEADLINE_S):
            while not (found := [event for event in self.events if condition(event)]):
                self._news.clear()
                await self._news.wait()
        return found[0]


@pytest.fixture
async def master(tmp_path: Path) -> AsyncIterator[Master]:
    target = f"unix:{tmp_path}/m.sock"
    running = Master(target)
    assert await running.server.start(ListenAddress.read(target)) == target
    yield running
    await running.server.stop(0)


def received(event: Event) -> bool:
    return isinstance(event, Received)


async def test_messages_go_both_ways(master: Master) -> None:
    async with ScriptedAgent("a", master.target) as agent:
        await agent.greet()
        event = await master.until(received)
        assert event == Received(1, AgentMessage(hello=hello_of("a")))
        master.server.send(1, MasterMessage(pong=Pong(3, 4)), ahead=True)
        assert (await agent.until(lambda message: message.pong)).pong == Pong(3, 4)


async def test_what_is_put_ahead_overtakes_what_waits(master: Master) -> None:
    async with ScriptedAgent("a", master.target) as agent:
        await agent.greet()
        await master.until(received)
        orders = Orders(1, 1, (SlotRun(0, 0, 3, 1),), (), 9, 5)
        for ack in (1, 2):
            master.server.send(1, MasterMessage(ack=ack), ahead=False)
        master.server.send(1, MasterMessage(orders=orders), ahead=True)
        await agent.until(lambda message: message.ack == 2)
        assert agent.heard == [MasterMessage(orders=orders, ack=2)]


async def test_a_stream_is_closed_after_everything_is_written(master: Master) -> None:
    async with ScriptedAgent("a", master.target) as agent:
        await agent.greet()
        await master.until(received)
        master.server.send(1, MasterMessage(ack=9), ahead=False)
        master.server.close(1)
        master.server.send(1, MasterMessage(ack=10), ahead=False)
        await agent.closed()
        assert agent.heard == [MasterMessage(ack=9)]
        await master.until(lambda event: event == StreamEnded(1))


async def test_an_agent_that_hangs_up_ends_its_stream(master: Master) -> None:
    async with ScriptedAgent("a", master.target) as agent:
        await agent.greet()
        await master.until(received)
    await master.until(lambda event: event == StreamEnded(1))
    master.server.send(1, MasterMessage(ack=1), ahead=False)
    master.server.close(1)
    async with ScriptedAgent("a", master.target) as agent:
        await agent.greet()
        assert await master.until(lambda event: isinstance(event, Received) and event.stream != 1)
        assert agent.heard == [], "what was sent to a stream that has ended is for no other"
    assert master.events.count(StreamEnded(1)) == 1


async def test_bytes_that_are_not_a_message_are_reported_with_the_senders_address(master: Master) -> None:
    async with ScriptedAgent("a", master.target) as agent:
        await agent.greet()
        await master.until(received)
        await send_bytes(
            master.target, encode_agent_message(AgentMessage(hello=hello_of("b"))).SerializeToString(), b"\xff"
        )
        event = await master.until(lambda event: isinstance(event, Unreadable))
        assert isinstance(event, Unreadable)
        assert event.stream == 2
        assert event.peer
        await agent.say(ping=Ping(1, 2, 3))
        await master.until(lambda event: event == Received(1, AgentMessage(ping=Ping(1, 2, 3))))


async def test_a_batch_whose_columns_do_not_fit_is_reported(master: Master) -> None:
    message = encode_agent_message(AgentMessage(batches=(batch_of(1, 0),)))
    message.batches[0].cells = b"\x01\x02\x03"
    await send_bytes(master.target, message.SerializeToString())
    event = await master.until(lambda event: isinstance(event, Unreadable))
    assert isinstance(event, Unreadable)
    assert "cells" in event.reason


async def test_a_message_beyond_the_bound_ends_its_stream_only(master: Master) -> None:
    large = AgentMessage(goodbye=Goodbye("x" * 5_000_000))
    await send_bytes(master.target, encode_agent_message(large).SerializeToString())
    event = await master.until(lambda event: isinstance(event, Unreadable))
    assert isinstance(event, Unreadable)
    assert "at most 4,194,304 are allowed" in event.reason
    with pytest.raises(Exception, match="larger than max"):
        await send_bytes(master.target, b"\0" * 20_000_000)
    await master.until(lambda event: event == StreamEnded(2))
    async with ScriptedAgent("a", master.target) as agent:
        await agent.greet()
        await master.until(received)


async def test_the_job_comes_at_once_and_rows_when_the_slots_are_assigned(master: Master) -> None:
    async with ScriptedAgent("a", master.target) as agent:
        (job,) = await agent.provisions(1)
        assert job.job == Job({"a": 1}, {}, {}, 5)
        assert master.server.provide(id_of("a"), (SlotRun(0, 100, 1500, 1),)) == 3
        _, first, second = await agent.provisions(3)
        ordinals = [ordinal for provision in (first, second) for rows in provision.rows for ordinal in rows.ordinals]
        assert ordinals == list(range(100, 1600))
        assert second.rows[0].values[-1]["name"] == "row-1599"
        assert master.server.provide(id_of("a"), (SlotRun(0, 7, 1, 2),)) == 4
        assert (await agent.provisions(4))[-1].rows[0].ordinals == (7,)


async def test_an_unknown_agent_gets_no_job(master: Master) -> None:
    async with ScriptedAgent("stranger", master.target) as agent:
        with pytest.raises(grpc.aio.AioRpcError, match="not in the fleet"):
            await agent.provisions(1)


async def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ListenError, match=f"cannot listen on {address}: Address already in use; choose another"):
            await Master(address).server.start(ListenAddress.read(address))


@pytest.mark.parametrize(
    ("path", "wording"), [("/no/such/folder/m.sock", "there is no folder"), ("/tmp/" + "x" * 200, "107 characters")]
)
async def test_a_socket_that_cannot_be_made_is_a_clear_error(path: str, wording: str) -> None:
    with pytest.raises(ListenError, match=wording):
        await Master("").server.start(ListenAddress.read(f"unix:{path}"))


async def test_any_free_port_is_named_once_it_is_bound() -> None:
    running = Master("")
    bound = await running.server.start(ListenAddress.read("127.0.0.1:0"))
    async with ScriptedAgent("a", bound) as agent:
        await agent.greet()
        assert await running.until(received) == Received(1, AgentMessage(hello=hello_of("a")))
    await running.server.stop(0)
    host, _, port = bound.rpartition(":")
    assert host == "127.0.0.1"
    assert int(port) > 0


def samples_of(agent: str, *levels: int) -> bytes:
    """A message with one block of two samples for each level."""
    blocks = tuple(
        SampleColumns(level, *(np.ones(2, dtype=dtype) for dtype in ("i8", "i8", "i4", "u2", "u1", "u2")))
        for level in levels
    )
    return bytes(encode_samples(SampleMessage(hello_of(agent).incarnation, blocks)).SerializeToString())


@asynccontextmanager
async def sampling(master: Master) -> AsyncIterator[Any]:
    """The call on which samples are sent, as bytes."""
    async with grpc.aio.insecure_channel(master.target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call: Any = channel.stream_unary("/gradual.v1.Fleet/Samples", request_serializer=bytes)()
        async with asyncio.timeout(DEADLINE_S):
            yield call


async def send_samples(master: Master, *messages: bytes) -> None:
    """Send them all, and wait until they are taken."""
    async with sampling(master) as call:
        for message in messages:
            await call.write(message)
        await call.done_writing()
        await call


async def until_over(master: Master) -> None:
    """The agent may hear that its stream is over a turn before the server has done with it."""
    async with asyncio.timeout(DEADLINE_S):
        while master.server.is_sampling:
            await asyncio.sleep(0)


async def test_samples_are_handed_on_in_their_order_until_there_are_no_more(master: Master) -> None:
    async with sampling(master) as call:
        assert not master.server.is_sampling
        await call.write(samples_of("a", 1, 2))
        await master.until_true(lambda: master.samples)
        assert master.server.is_sampling
        await call.write(samples_of("a"))
        await call.write(samples_of("a", 3))
        await call.done_writing()
        await call
    assert [[block.level for block in message.blocks] for message in master.samples] == [[1, 2], [], [3]]
    assert master.samples[0].incarnation == hello_of("a").incarnation
    assert not master.server.is_sampling
    assert master.events == []


@pytest.mark.parametrize(
    ("message", "code", "wording"),
    [
        (samples_of("stranger", 1), grpc.StatusCode.NOT_FOUND, "not in the fleet"),
        (samples_of("a", NOWHERE), grpc.StatusCode.INVALID_ARGUMENT, "the plan has 3"),
        (samples_of("a", -5), grpc.StatusCode.INVALID_ARGUMENT, "level of samples"),
        (b"", grpc.StatusCode.INVALID_ARGUMENT, "an incarnation has 0 bytes"),
        (b"\xff\xff", grpc.StatusCode.INVALID_ARGUMENT, "Error parsing"),
        (samples_of("a", *[1] * 120_000), grpc.StatusCode.INVALID_ARGUMENT, "at most 4,194,304 are allowed"),
        (b"\0" * 20_000_000, grpc.StatusCode.RESOURCE_EXHAUSTED, "larger than max"),
    ],
)
async def test_samples_that_cannot_be_taken_end_their_stream_only(
    master: Master, message: bytes, code: grpc.StatusCode, wording: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match=wording) as caught:
        await send_samples(master, message)
    assert caught.value.code() == code
    assert master.samples == []
    await until_over(master)
    await send_samples(master, samples_of("a", 1))
    assert len(master.samples) == 1


async def test_an_agent_that_goes_in_the_middle_is_sampling_no_more(master: Master) -> None:
    async with sampling(master) as call:
        await call.write(samples_of("a", 1))
        await master.until_true(lambda: master.samples)
        call.cancel()
    await until_over(master)
    await send_samples(master, samples_of("a", 2))
    assert [block.level for message in master.samples for block in message.blocks] == [1, 2]
