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

from gradual_agent.master_link.dial_check import explain_dial
from gradual_agent.master_link.endpoint import MasterEndpoint, describe_error
from gradual_common.errors import WireError
from gradual_common.protocol.codec import decode_master_message, encode_agent_message
from gradual_common.protocol.messages import AgentMessage, MasterMessage, Provision
from gradual_common.protocol.provisions import ProvisionAssembler
from gradual_common.wire import fleet_pb2, fleet_pb2_grpc

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

    def lose(self, stream: int, reason: str, is_denied: bool = False) -> None:
        """A stream is over that this agent did not end; `is_denied`: the master refused the join token."""
        ...


class MasterLink:
    """Streams to the master; `dial` opens the next, and only the latest is read and written."""

    def __init__(self, master: MasterEndpoint, incarnation: bytes, listener: LinkListener) -> None:
        self._master = master
        self._incarnation = incarnation
        self._listener = listener
        self._stream: ControlStream | None = None
        self._endings: set[asyncio.Future[None]] = set()

    def dial(self, number: int) -> None:
        """Open stream `number`; a failure is reported as its end."""
        self.hang_up()
        self._stream = ControlStream(number, self._master, self._listener)

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

    def __init__(self, number: int, master: MasterEndpoint, listener: LinkListener) -> None:
        self._number = number
        self._master = master
        self._listener = listener
        self._log = structlog.get_logger(__name__)
        self._outgoing: asyncio.Queue[Any] = asyncio.Queue()
        self._channel = master.open_channel()
        self._stub: Any = fleet_pb2_grpc.FleetStub(self._channel)  # type: ignore[no-untyped-call]  # generated code
        self._call = self._stub.Session(**master.call_options)
        self._is_closing = False
        self._has_heard = False
        """Whether the master has sent anything on this stream."""
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
        ending: asyncio.Task[None] = asyncio.ensure_future(self._channel.close(None))
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
        if self._is_closing:
            return
        is_denied = self._call.done() and await self._call.code() is grpc.StatusCode.UNAUTHENTICATED
        if not (self._has_heard or is_denied or reason == ENDED):
            reason = await explain_dial(self._master) or reason
        self.cancel()
        self._listener.lose(self._number, reason, is_denied)

    async def _read(self) -> None:
        while (message := await self._call.read()) is not EOF:
            self._has_heard = True
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
        call = self._stub.Provision(request, **self._master.call_options)
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
