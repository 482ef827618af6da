"""An agent as a script: sends messages over a real gRPC stream, and waits for those that it expects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

import grpc.aio
from fleet_model import hello_of

from gradual_common.protocol.codec import decode_master_message, encode_agent_message
from gradual_common.protocol.codec_samples import encode_samples
from gradual_common.protocol.messages import AgentMessage, MasterMessage, Provision, SampleMessage
from gradual_common.protocol.provisions import ProvisionAssembler
from gradual_common.protocol.samples import Exemplar, SampleColumns
from gradual_common.wire import fleet_pb2, fleet_pb2_grpc

DEADLINE_S = 20


class ScriptedAgent:
    """One connection to the master at `target`; `heard`: every message so far."""

    def __init__(self, name: str, target: str) -> None:
        self.name = name
        self.heard: list[MasterMessage] = []
        self.is_closed = False
        self._channel = grpc.aio.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)])
        self._stub = fleet_pb2_grpc.FleetStub(self._channel)
        self._call: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()

    async def __aenter__(self) -> ScriptedAgent:
        self._call = self._stub.Session()
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._channel.close()

    async def _read(self) -> None:
        try:
            async for message in self._call:
                async with self._news:
                    self.heard.append(decode_master_message(message))
                    self._news.notify_all()
        except (grpc.aio.AioRpcError, asyncio.CancelledError):
            pass
        finally:
            self.is_closed = True
            async with self._news:
                self._news.notify_all()

    async def say(self, **parts: Any) -> None:
        """Send a message."""
        await self._call.write(encode_agent_message(AgentMessage(**parts)))

    async def greet(self, stream: int = 1, **changes: Any) -> None:
        """Say Hello."""
        await self.say(hello=hello_of(self.name, stream, **changes))

    async def until(self, condition: Callable[[MasterMessage], Any]) -> MasterMessage:
        """The first message, heard already or to come, of which the condition holds."""
        async with asyncio.timeout(DEADLINE_S), self._news:
            await self._news.wait_for(lambda: self.is_closed or any(condition(message) for message in self.heard))
        return next(message for message in self.heard if condition(message))

    async def closed(self) -> None:
        """Wait until the master has closed the stream."""
        async with asyncio.timeout(DEADLINE_S), self._news:
            await self._news.wait_for(lambda: self.is_closed)

    async def provisions(self, count: int) -> list[Provision]:
        """The first `count` provisions."""
        request = fleet_pb2.ProvisionRequest(incarnation=hello_of(self.name).incarnation, run="r1")
        assembler, stored = ProvisionAssembler(), []
        call = self._stub.Provision(request)
        async with asyncio.timeout(DEADLINE_S):
            async for chunk in call:
                if (provision := assembler.feed(chunk)) is not None:
                    stored.append(provision)
                if len(stored) == count:
                    break
        call.cancel()
        return stored

    async def describe(self, *exemplars: Exemplar) -> None:
        """Tell of failed exchanges on a stream of its own, and wait until they are taken."""
        await self._send_samples(SampleMessage(hello_of(self.name).incarnation, exemplars=exemplars))

    async def show(self, *blocks: SampleColumns) -> None:
        """Tell of single samples in the same way."""
        await self._send_samples(SampleMessage(hello_of(self.name).incarnation, blocks))

    async def _send_samples(self, message: SampleMessage) -> None:
        async with asyncio.timeout(DEADLINE_S):
            call = self._stub.Samples()
            await call.write(encode_samples(message))
            await call.done_writing()
            await call


async def send_bytes(target: str, *messages: bytes) -> None:
    """Open a control stream, send raw bytes on it, and wait until the master closes it."""
    async with grpc.aio.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = channel.stream_stream("/gradual.v1.Fleet/Session", request_serializer=bytes)()
        for message in messages:
            await call.write(message)
        async with asyncio.timeout(DEADLINE_S):
            while await call.read() is not grpc.aio.EOF:
                pass
