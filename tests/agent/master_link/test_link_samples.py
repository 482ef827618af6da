"""Samples and exchanges reach the master in their order, and neither a slow nor an absent one holds an agent up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc.aio
import numpy as np
import pytest

from gradual_agent.master_link import samples as sample_link
from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_agent.master_link.samples import EXEMPLARS_AT_ONCE, MAX_WAITING_MESSAGES, SampleLink
from gradual_common.protocol.codec_samples import decode_samples
from gradual_common.protocol.messages import SampleMessage
from gradual_common.protocol.samples import MAX_SAMPLES, Exemplar, SampleColumns
from gradual_common.wire import fleet_pb2, fleet_pb2_grpc

DEADLINE_S = 20
INCARNATION = b"i" * 16
DOCUMENT: dict[str, Any] = {"detail": "", "request": None, "response": None}


def block(number: int, size: int = 3) -> SampleColumns:
    """Known by its level."""
    return SampleColumns(number, *(np.zeros(size, dtype=dtype) for dtype in ("i8", "i8", "i4", "u2", "u1", "u2")))


def exemplars(number: int) -> list[Exemplar]:
    return [Exemplar(0, 1, index, 0.5, 0, 0, DOCUMENT) for index in range(number)]


class Master(fleet_pb2_grpc.FleetServicer):
    """Takes samples when `gate` is open. `breaks`: how many streams end with an error after one message."""

    def __init__(self) -> None:
        self.received: list[SampleMessage] = []
        self.streams = 0
        self.finished = 0
        self.breaks = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._changed = asyncio.Event()
        self._server: Any = None

    async def listen(self, target: str) -> None:
        self._server = grpc.aio.server()
        add: Any = fleet_pb2_grpc.add_FleetServicer_to_server
        add(self, self._server)
        self._server.add_insecure_port(target)
        await self._server.start()

    async def Samples(self, request_iterator: Any, context: Any) -> fleet_pb2.SampleReceipt:
        self.streams += 1
        self._changed.set()
        await self.gate.wait()
        async for message in request_iterator:
            self.received.append(decode_samples(message))
            self._changed.set()
            if self.breaks:
                self.breaks -= 1
                await context.abort(grpc.StatusCode.INTERNAL, "broken off")
        self.finished += 1
        self._changed.set()
        return fleet_pb2.SampleReceipt()

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @property
    def levels(self) -> list[int]:
        return [block.level for message in self.received for block in message.blocks]

    @property
    def numbers(self) -> list[int]:
        return [exemplar.number for message in self.received for exemplar in message.exemplars]

    async def close(self) -> None:
        self.gate.set()
        await self._server.stop(None)


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"unix:{tmp_path}/m.sock"


@pytest.fixture
async def master(target: str) -> AsyncIterator[Master]:
    made = Master()
    await made.listen(target)
    yield made
    await made.close()


@pytest.fixture
async def link(target: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SampleLink]:
    monkeypatch.setattr(sample_link, "RETRY_S", 0.01)
    monkeypatch.setattr(sample_link, "FLUSH_S", DEADLINE_S)
    made = SampleLink(MasterEndpoint(target), INCARNATION)
    yield made
    await made.close()


async def test_everything_arrives_in_its_order(master: Master, link: SampleLink) -> None:
    for number in range(0, 40, 2):
        link.send([block(number), block(number + 1)], exemplars(1))
    await master.until(lambda: len(master.levels) == 40 and len(master.numbers) == 20)
    assert master.levels == list(range(40))
    assert {message.incarnation for message in master.received} == {INCARNATION}
    assert master.streams == 1


async def test_nothing_is_dialled_before_there_is_something_to_send(master: Master, link: SampleLink) -> None:
    link.send([], [])
    await link.close()
    assert master.streams == 0


async def test_closing_writes_what_is_queued_and_waits_until_it_is_taken(master: Master, link: SampleLink) -> None:
    link.send((block(number) for number in range(50)), exemplars(10))
    await link.close()
    assert master.levels == list(range(50))
    assert master.numbers == list(range(10))
    assert master.finished == 1


async def test_what_is_sent_first_may_be_more_than_finds_room(master: Master, link: SampleLink) -> None:
    """So it was with a plan of many steps that all failed: no sample was ever sent."""
    link.send((block(number) for number in range(MAX_WAITING_MESSAGES + 10)), [])
    await master.until(lambda: len(master.levels) == MAX_WAITING_MESSAGES)
    assert master.levels == list(range(MAX_WAITING_MESSAGES))
    link.send([block(1000)], [])
    await master.until(lambda: master.levels[-1] == 1000)


async def test_all_exchanges_that_an_agent_may_pick_at_once_find_room(master: Master, link: SampleLink) -> None:
    link.send([block(0)], exemplars(200))
    await master.until(lambda: len(master.numbers) == 200)
    assert master.numbers == list(range(200))
    assert max(len(message.exemplars) for message in master.received) == EXEMPLARS_AT_ONCE


async def test_a_slow_master_makes_it_drop_and_never_wait(master: Master, link: SampleLink) -> None:
    """What gRPC buffers itself (some messages of 200 KiB) is not lost; the rest is never more than the queue holds."""
    master.gate.clear()
    link.send([block(0)], [])
    await master.until(lambda: master.streams == 1)
    for number in range(1, 1000):
        link.send([block(number, MAX_SAMPLES)], [])
        assert link._waiting.qsize() <= MAX_WAITING_MESSAGES
        await asyncio.sleep(0)
    master.gate.set()
    await link.close()
    assert master.levels == sorted(set(master.levels))
    assert master.levels[0] == 0
    assert MAX_WAITING_MESSAGES <= len(master.levels) < 500


async def test_a_stream_that_breaks_is_opened_anew(master: Master, link: SampleLink) -> None:
    master.breaks = 2
    number = 0
    async with asyncio.timeout(DEADLINE_S):
        while master.streams < 3:
            link.send([block(number)], [])
            number += 1
            await asyncio.sleep(0.005)
    link.send([block(100_000)], [])
    await master.until(lambda: master.levels and master.levels[-1] == 100_000)
    assert master.levels == sorted(set(master.levels)), "nothing comes twice"


async def test_a_master_that_comes_later_is_found(target: str, link: SampleLink) -> None:
    master, number = Master(), 0
    link.send([block(0)], [])
    await asyncio.sleep(0)
    await master.listen(target)
    async with asyncio.timeout(DEADLINE_S):
        while not master.received:
            number += 1
            link.send([block(number)], [])
            await asyncio.sleep(0.01)
    await link.close()
    await master.close()


async def test_closing_without_a_master_ends_all_the_same(
    target: str, link: SampleLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_link, "FLUSH_S", 0.05)
    link.send((block(number) for number in range(MAX_WAITING_MESSAGES)), [])
    async with asyncio.timeout(DEADLINE_S):
        await link.close()
    assert link._writer is not None
    assert link._writer.done()


async def test_closing_with_a_master_that_takes_nothing_ends_all_the_same(
    master: Master, link: SampleLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_link, "FLUSH_S", 0.05)
    master.gate.clear()
    link.send((block(number) for number in range(10)), [])
    async with asyncio.timeout(DEADLINE_S):
        await link.close()
    assert link._writer is not None
    assert link._writer.cancelled()


async def test_a_master_that_refuses_the_last_message_is_not_asked_again(master: Master, link: SampleLink) -> None:
    """There is nothing left to say on another stream."""
    master.breaks = 1
    link.send([block(0)], [])
    async with asyncio.timeout(DEADLINE_S):
        await link.close()
    assert master.streams == 1
