"""The gRPC shell reports what happens on the latest stream, and nothing of older ones."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from fake_master import MS, FakeMaster

from gradual_agent.master_link.endpoint import MasterEndpoint, describe_error
from gradual_agent.master_link.rpc import MasterLink
from gradual_common.errors import WireError
from gradual_common.protocol.job import Job
from gradual_common.protocol.messages import (
    PROTOCOL,
    AgentMessage,
    Goodbye,
    Hello,
    MasterMessage,
    Ping,
    Provision,
    Rows,
)

JOB = Provision(1, Job({"config": {}}, {}, {}, 42))
ROWS = Provision(2, rows=(Rows(0, "user", (0,), ({"name": "ann"},)),))


def hello(stream: int) -> AgentMessage:
    return AgentMessage(hello=Hello(PROTOCOL, b"i" * 16, "a", "h", 1, "0", stream, 5))


class Listener:
    """What was heard."""

    def __init__(self) -> None:
        self.received: list[tuple[int, MasterMessage]] = []
        self.lost: list[tuple[int, str]] = []
        self.provisions: list[Provision] = []

    def receive(self, stream: int, message: MasterMessage) -> None:
        self.received.append((stream, message))

    def lose(self, stream: int, reason: str, is_denied: bool = False) -> None:
        self.lost.append((stream, reason))

    def provide(self, provision: Provision) -> None:
        self.provisions.append(provision)


@pytest.fixture
async def master(tmp_path: Path) -> AsyncIterator[FakeMaster]:
    master = FakeMaster([JOB, ROWS], 1000 * MS, 100 * MS)
    await master.listen(tmp_path / "master")
    yield master
    await master.close()


@pytest.fixture
async def listener() -> Listener:
    return Listener()


@pytest.fixture
async def link(tmp_path: Path, listener: Listener) -> AsyncIterator[MasterLink]:
    link = MasterLink(MasterEndpoint(f"unix:{tmp_path / 'master'}"), b"i" * 16, listener)
    yield link
    await link.close()


async def holds(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_messages_go_out_in_order_and_come_in_with_their_stream(
    master: FakeMaster, link: MasterLink, listener: Listener
) -> None:
    link.dial(1)
    link.send(hello(1))
    link.send(AgentMessage(ping=Ping(5, 0)))
    await holds(lambda: len(listener.received) == 2)
    assert [number for number, _ in listener.received] == [1, 1]
    assert listener.received[0][1].welcome == master.welcome
    pong = listener.received[1][1].pong
    assert pong is not None
    assert pong.stamp == 5


async def test_without_a_master_the_stream_is_reported_as_lost(link: MasterLink, listener: Listener) -> None:
    link.dial(3)
    link.send(hello(3))
    await holds(lambda: listener.lost)
    ((stream, reason),) = listener.lost
    assert stream == 3
    assert reason.startswith("unavailable: ")


async def test_provisions_are_read_to_their_end(master: FakeMaster, link: MasterLink, listener: Listener) -> None:
    link.dial(1)
    link.send(hello(1))
    link.fetch("run-1")
    await holds(lambda: len(listener.provisions) == 2)
    assert listener.provisions == [JOB, ROWS]


async def test_provisions_that_were_broken_off_are_read_again(
    master: FakeMaster, link: MasterLink, listener: Listener
) -> None:
    master.breaks_provisions = 1
    link.dial(1)
    link.send(hello(1))
    link.fetch("run-1")
    await holds(lambda: len(listener.provisions) == 3)
    assert listener.provisions == [JOB, JOB, ROWS]


async def test_a_stream_that_was_hung_up_frees_its_connection_at_once(
    master: FakeMaster, link: MasterLink, listener: Listener
) -> None:
    """Nothing waits for the garbage collector, which an agent lets run rarely."""
    gc.disable()
    try:
        link.dial(1)
        link.send(hello(1))
        link.fetch("run-1")
        await holds(lambda: listener.received and listener.provisions)
        assert link._stream is not None
        channel = weakref.ref(link._stream._channel)
        link.hang_up()
        await holds(lambda: channel() is None)
    finally:
        gc.enable()


async def test_a_stream_that_was_hung_up_is_heard_no_more(
    master: FakeMaster, link: MasterLink, listener: Listener
) -> None:
    link.dial(1)
    link.send(hello(1))
    await holds(lambda: listener.received)
    link.hang_up()
    link.dial(2)
    link.send(hello(2))
    await holds(lambda: listener.received[-1][0] == 2)
    assert listener.lost == [], "a stream that this side ended is not reported"


async def test_closing_writes_what_is_queued(master: FakeMaster, link: MasterLink, listener: Listener) -> None:
    link.dial(1)
    link.send(hello(1))
    await holds(lambda: listener.received)
    for number in range(50):
        link.send(AgentMessage(ping=Ping(number, 0)))
    link.send(AgentMessage(goodbye=Goodbye("done")))
    await link.close()
    await master.until(lambda: master.messages[-1].goodbye)
    pings = [message.ping.stamp for message in master.messages if message.ping is not None]
    assert pings == list(range(50))


async def test_without_a_stream_nothing_is_sent_nor_kept_for_the_next(
    master: FakeMaster, link: MasterLink, listener: Listener
) -> None:
    link.send(hello(1))
    link.fetch("run-1")
    link.hang_up()
    link.dial(2)
    link.send(hello(2))
    await holds(lambda: listener.received)
    assert [message.hello.stream for message in master.messages if message.hello is not None] == [2]
    assert listener.provisions == []
    assert listener.lost == []


@pytest.mark.parametrize(
    ("code", "details", "text"),
    [
        (grpc.StatusCode.UNAVAILABLE, "connection refused", "unavailable: connection refused"),
        (
            grpc.StatusCode.UNAVAILABLE,
            "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:9: Failed to connect to remote "
            "host: connect: Connection refused (111)",
            "unavailable: Connection refused (111)",
        ),
        (grpc.StatusCode.NOT_FOUND, "say Hello first: it is unknown", "not found: say Hello first: it is unknown"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", "resource exhausted: no details"),
        (grpc.StatusCode.CANCELLED, None, "cancelled: no details"),
    ],
)
def test_a_failed_call_is_described_in_words(code: grpc.StatusCode, details: str | None, text: str) -> None:
    assert describe_error(code, details) == text


async def test_a_message_that_is_none_ends_the_stream_with_the_reason(
    master: FakeMaster, link: MasterLink, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> MasterMessage:
        raise WireError("lease: -5 is below 0")

    monkeypatch.setattr("gradual_agent.master_link.rpc.decode_master_message", refuse)
    link.dial(1)
    link.send(hello(1))
    await holds(lambda: listener.lost)
    assert listener.lost == [(1, "a message cannot be read: lease: -5 is below 0")]
