"""gRPC streams to the master; only the latest one is used (docs/design/fleet.md, 4.11).

It does what the session decides, and reports what happens. Every stream has its own channel (with a local subchannel
pool, so that a new dial shares no broken connection and no back-off with the last one), a queue with one writer, and
one reader. A message that cannot be read is logged and ends its stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

import grpc
import structlog
from grpc import aio

from gradual_common.errors import WireError
from gradual_common.protocol.codec import decode_master_message, encode_agent_message
from gradual_common.protocol.messages import AgentMessage, MasterMessage, Provision
from gradual_common.protocol.provisions import ProvisionAssembler
from gradual_common.wire import fleet_pb2, fleet_pb2_grpc

MAX_GRPC_MESSAGE_BYTES = 4 * 1024 * 1024
"""`outbox.pack` keeps messages within 256 KiB, but it cannot divide a batch, which a very large plan makes larger."""

CHANNEL_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_send_message_length", MAX_GRPC_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_GRPC_MESSAGE_BYTES),
    ("grpc.enable_retries", 0),
    # The proxy of the environment is meant for the web; the control stream connects to the master directly.
    ("grpc.enable_http_proxy", 0),
)

FLUSH_S = 1.0
"""How long closing waits until queued messages are written."""

REFETCH_S = 0.2
"""The pause before provisions are asked for again on a stream that still lives."""

EOF = aio.EOF  # type: ignore[attr-defined]  # the stubs lack it
ENDED = "the master ended the stream"


class LinkListener(Protocol):
    """Gets what comes from the master."""

    def receive(self, stream: int, message: MasterMessage) -> None:
        """A message came on a stream."""
        ...

    def provide(self, provision: Provision) -> None:
        """A provision is complete."""
        ...

    def lose(self, stream: int, reason: str) -> None:
        """A stream is over that this agent did not end."""
        ...


class MasterLink:
    """Streams to the master at `target`; `dial` opens the next, and only the latest is read and written."""

    def __init__(self, target: str, incarnation: bytes, listener: LinkListener) -> None:
        self._target = target
        self._incarnation = incarnation
        self._listener = listener
        self._stream: ControlStream | None = None
        self._endings: set[asyncio.Future[None]] = set()

    def dial(self, number: int) -> None:
        """Open stream `number`; a failure is reported as its end."""
        self.hang_up()
        self._stream = ControlStream(number, self._target, self._listener)

    def send(self, message: AgentMessage) -> None:
        """Queue a message on the latest stream."""
        if self._stream is not None:
            self._stream.send(encode_agent_message(message))

    def fetch(self, run: str) -> None:
        """Read the run's provisions beside the latest stream, for as long as that lives."""
        if self._stream is not None:
            self._stream.fetch(fleet_pb2.ProvisionRequest(incarnation=self._incarnation, run=run))

    def hang_up(self) -> None:
        """End the latest stream at once."""
        if self._stream is not None:
            ending = self._stream.cancel()
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            self._stream = None

    async def close(self) -> None:
        """Write what is queued, then end the latest stream."""
        if self._stream is not None:
            await self._stream.close()
        await asyncio.gather(*self._endings, return_exceptions=True)


class ControlStream:
    """One control stream with its channel, its writer and its reader."""

    def __init__(self, number: int, target: str, listener: LinkListener) -> None:
        self._number = number
        self._listener = listener
        self._log = structlog.get_logger(__name__)
        self._outgoing: asyncio.Queue[Any] = asyncio.Queue()
        self._channel = aio.insecure_channel(target, options=CHANNEL_OPTIONS)
        self._stub: Any = fleet_pb2_grpc.FleetStub(self._channel)  # type: ignore[no-untyped-call]  # generated code
        self._call = self._stub.Session()
        self._is_closing = False
        self._conversation: asyncio.Future[None] | None = asyncio.ensure_future(self._converse())
        self._tasks = [asyncio.ensure_future(self._write()), self._conversation]

    def send(self, message: Any) -> None:
        """Queue a message."""
        self._outgoing.put_nowait(message)

    def fetch(self, request: Any) -> None:
        """Start to read provisions."""
        self._tasks.append(asyncio.ensure_future(self._fetch(request)))

    def cancel(self) -> asyncio.Future[None]:
        """End everything at once, without a report; the future is done when all is closed.

        gRPC closes the connection when its call is freed. The reader's last exception refers to its frames, and they
        refer to this object. Dropping the reader here breaks that cycle, which otherwise lasts until a collection.
        """
        for task in self._tasks:
            task.cancel()
        self._call.cancel()
        self._conversation = None
        ending = asyncio.ensure_future(self._channel.close(None))
        self._tasks = [ending]
        return ending

    async def close(self) -> None:
        """Write what is queued and wait until the master has read it and ended its side, for at most a second."""
        self._is_closing = True
        self._outgoing.put_nowait(None)
        if self._conversation is not None:
            await asyncio.wait([self._conversation], timeout=FLUSH_S)
        await self.cancel()

    async def _write(self) -> None:
        """Write in order until None comes; a stream that fails is reported by its reader."""
        try:
            while (message := await self._outgoing.get()) is not None:
                await self._call.write(message)
            await self._call.done_writing()
        except (aio.AioRpcError, asyncio.InvalidStateError):
            return

    async def _converse(self) -> None:
        reason = await reason_of_end(self._read())
        if not self._is_closing:
            self.cancel()
            self._listener.lose(self._number, reason)

    async def _read(self) -> None:
        while (message := await self._call.read()) is not EOF:
            if message is None:  # What gRPC could not deserialise; it has logged why.
                raise WireError("it is not a MasterMessage")
            self._listener.receive(self._number, decode_master_message(message))

    async def _fetch(self, request: Any) -> None:
        """Read provisions until the master ends them; after a failure, start again from the first one."""
        while (reason := await reason_of_end(self._read_provisions(request))) != ENDED:
            # Only debug: this happens at the end of every run too, and the agent logs that the master is lost.
            self._log.debug("reading the job failed", reason=reason)
            await asyncio.sleep(REFETCH_S)

    async def _read_provisions(self, request: Any) -> None:
        assembler = ProvisionAssembler()
        call = self._stub.Provision(request)
        while (chunk := await call.read()) is not EOF:
            if chunk is None:
                raise WireError("it is not a ProvisionChunk")
            provision = assembler.feed(chunk)
            if provision is not None:
                self._listener.provide(provision)


async def reason_of_end(reading: Awaitable[None]) -> str:
    """Await `reading`; why it ended: the other side ended it, the connection failed, or a message is unreadable."""
    try:
        await reading
    except WireError as error:
        structlog.get_logger(__name__).error("a message of the master cannot be read", error=str(error))
        return f"a message cannot be read: {error}"
    except aio.AioRpcError as error:
        return describe_error(error.code(), error.details())
    return ENDED


def describe_error(code: grpc.StatusCode, details: str | None) -> str:
    """A failed call in words."""
    text = details or "no details"
    if code is grpc.StatusCode.UNAVAILABLE:
        # gRPC gives a chain, "failed to connect to all addresses; …: Connection refused": the last part is the cause.
        text = text.rpartition(": ")[2]
    return f"{code.name.lower().replace('_', ' ')}: {text}"
