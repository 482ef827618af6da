"""A master in the test's process: it listens on a Unix socket, answers the agent, and sends what the test sends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import clock_gettime_ns
from typing import Any

import grpc
import grpc.aio

from gradual_common.clock import CLOCK_ID
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.codec import decode_agent_message, encode_master_message
from gradual_common.protocol.messages import (
    AgentMessage,
    Confirm,
    Hello,
    MasterMessage,
    Pong,
    Provision,
    Welcome,
)
from gradual_common.protocol.provisions import encode_provision
from gradual_common.wire import fleet_pb2

DEADLINE_S = 10
MS = 1_000_000


class FakeMaster:
    """Run time is 0 when it is made. The agent's messages are kept by kind."""

    def __init__(self, provisions: list[Provision], lease: int, interval: int) -> None:
        self.origin = clock_gettime_ns(CLOCK_ID)
        self.provisions = provisions
        self.welcome = Welcome("run-1", 1, lease, lease // 10, interval, interval // 4)
        self.answers_pings = True
        self.acknowledges = True
        self.breaks_provisions = 0
        self.merged = 0
        self.greeting: MasterMessage | None = None
        self.hellos: list[Hello] = []
        self.messages: list[AgentMessage] = []
        self.batches: list[Batch] = []
        self.confirmed = Confirm(0, 0, 0)
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()
        self._call: Any = None
        self._server: Any = None

    @property
    def now(self) -> int:
        return clock_gettime_ns(CLOCK_ID) - self.origin

    async def listen(self, path: Path) -> str:
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((self._handlers(),))
        self._server.add_insecure_port(f"unix:{path}")
        await self._server.start()
        return f"unix:{path}"

    def _handlers(self) -> Any:
        """As the generated code makes them, but that bytes are written as they are."""
        session = grpc.stream_stream_rpc_method_handler(
            self.Session,
            request_deserializer=fleet_pb2.AgentMessage.FromString,
            response_serializer=lambda message: message if isinstance(message, bytes) else message.SerializeToString(),
        )
        provision = grpc.unary_stream_rpc_method_handler(
            self.Provision,
            request_deserializer=fleet_pb2.ProvisionRequest.FromString,
            response_serializer=fleet_pb2.ProvisionChunk.SerializeToString,
        )
        return grpc.method_handlers_generic_handler("gradual.v1.Fleet", {"Session": session, "Provision": provision})

    async def close(self) -> None:
        await self._server.stop(None)

    async def send(self, **parts: Any) -> None:
        await self._write(encode_master_message(MasterMessage(**parts)))

    async def send_bytes(self, data: bytes) -> None:
        """Bytes that need not be a message."""
        await self._write(data)

    async def _write(self, message: Any) -> None:
        """One at a time, as gRPC wants it."""
        async with self._lock:
            await self._call.write(message)

    async def until(self, condition: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
        """The condition's first true value, evaluated after each message of the agent."""
        async with asyncio.timeout(deadline_s):
            while not (value := condition()):
                self._changed.clear()
                await self._changed.wait()
        return value

    async def Session(self, request_iterator: Any, context: Any) -> None:
        self._call = context
        async for request in request_iterator:
            message = decode_agent_message(request)
            self.messages.append(message)
            await self._answer(message)
            self._changed.set()

    async def _answer(self, message: AgentMessage) -> None:
        if message.hello is not None:
            self.hellos.append(message.hello)
            await self.send(**(vars_of(self.greeting) if self.greeting else {"welcome": self.welcome}))
        if message.confirm is not None:
            self.confirmed = message.confirm
        if message.ping is not None and self.answers_pings:
            await self.send(pong=Pong(message.ping.stamp, self.now))
        for batch in message.batches:
            if batch.number == self.merged + 1:
                self.merged += 1
                self.batches.append(batch)
        if message.batches and self.acknowledges:
            await self.send(ack=self.merged)

    async def Provision(self, request: Any, context: Any) -> AsyncIterator[Any]:
        broken, self.breaks_provisions = self.breaks_provisions > 0, max(0, self.breaks_provisions - 1)
        for provision in self.provisions:
            for chunk in encode_provision(provision):
                yield chunk
            if broken:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "broken off")


def vars_of(message: MasterMessage) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__slots__}
