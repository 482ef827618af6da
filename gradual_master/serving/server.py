"""The master's gRPC shell: bytes in, events out; messages in, bytes out (DESIGN 4.11).

Each stream has a queue and a writer of its own, so that an agent whose connection is slow holds up nobody, and a pong
overtakes everything that may wait. The Provision call is another channel: the job at once, rows when the slots are
assigned; it stays open until the run is over.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any, cast

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError

from gradual_common.errors import WireError
from gradual_common.protocol.codec import decode_agent_message, decode_samples, encode_master_message
from gradual_common.protocol.messages import MasterMessage, SampleMessage, SlotRun
from gradual_common.protocol.provisions import encode_provision
from gradual_common.wire import fleet_pb2, fleet_pb2_grpc
from gradual_master.coordination.events import Event, Received, StreamEnded, Unreadable
from gradual_master.errors import ListenError
from gradual_master.run.provisions import JOB_SEQUENCE, Provisions
from gradual_master.serving.listening import ListenAddress
from gradual_master.serving.send_queue import SendQueue

MAX_RECEIVED = 4 * 1024 * 1024
"""Messages are to stay under 256 KiB, but one batch of a very large plan cannot be split: this is the bound."""

MAX_READ = 4 * MAX_RECEIVED
"""What is larger gRPC turns away by itself, unread and unnamed; up to here we read it, and say whose it was."""

LONGEST_SOCKET_PATH = 107
"""`sun_path` of unix(7) without its closing zero."""

OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_READ),
    ("grpc.max_send_message_length", MAX_RECEIVED),
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
)


class AgentStream:
    """One agent's control stream: what waits to be written, and whether it is to be closed after that."""

    def __init__(self) -> None:
        self.queue = SendQueue()
        self.is_closing = False
        self._changed = asyncio.Event()

    def put(self, message: MasterMessage, ahead: bool) -> None:
        """Let a message wait for the writer; a stream that is closing takes none."""
        if not self.is_closing:
            self.queue.put(message, ahead=ahead)
            self._changed.set()

    def close(self) -> None:
        """Close once everything is written."""
        self.is_closing = True
        self._changed.set()

    async def next(self) -> MasterMessage | None:
        """The next message to write; None when the stream is to be closed."""
        while not self.queue:
            if self.is_closing:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self.queue.take()


class FleetServer(fleet_pb2_grpc.FleetServicer):
    """Listens, and carries messages.

    `dispatch` takes every event and must not block; `knows` says whether an incarnation belongs to the fleet;
    `take_samples` is given single samples, and raises WireError for what the plan does not have.
    """

    def __init__(
        self,
        dispatch: Callable[[Event], None],
        knows: Callable[[str], bool],
        provisions: Provisions,
        take_samples: Callable[[SampleMessage], None],
    ) -> None:
        self._dispatch = dispatch
        self._knows = knows
        self._provisions = provisions
        self._take_samples = take_samples
        self._samplers = 0
        self._log = structlog.get_logger("gradual.master")
        self._streams: dict[int, AgentStream] = {}
        self._numbers = count(1)
        self._prepared: dict[str, asyncio.Event] = {}
        self._is_over = False
        self._server: Any = None

    async def start(self, address: ListenAddress) -> str:
        """Listen; the address that was bound. ListenError when it cannot be."""
        if obstacle := obstacle_to(address):
            raise ListenError(f"cannot listen on {address.target}: {obstacle}")
        self._server = grpc.aio.server(options=OPTIONS)
        cast(Any, fleet_pb2_grpc).add_FleetServicer_to_server(self, self._server)
        try:
            port = self._server.add_insecure_port(address.target)
        except RuntimeError as error:
            raise ListenError(f"cannot listen on {address.target}: {error}") from None
        await self._server.start()
        return address.at_port(port)

    async def stop(self, grace_s: float) -> None:
        """Let the streams write what waits, for at most `grace_s`, then stop listening."""
        self._is_over = True
        for prepared in self._prepared.values():
            prepared.set()
        for stream in self._streams.values():
            stream.close()
        if self._server is not None:
            await self._server.stop(grace_s)

    def send(self, number: int, message: MasterMessage, *, ahead: bool) -> None:
        """Put a message on a stream; one that is over takes nothing."""
        if number in self._streams:
            self._streams[number].put(message, ahead)

    def close(self, number: int) -> None:
        """Close a stream once everything put on it is written."""
        if number in self._streams:
            self._streams[number].close()

    def provide(self, agent: str, slots: tuple[SlotRun, ...]) -> int:
        """Prepare the rows of these slots; the sequence of the last provision."""
        sequence = self._provisions.prepare(agent, slots)
        if agent in self._prepared:
            # A turn later: what is put on streams meanwhile is ahead of rows (DESIGN 4.11).
            asyncio.get_running_loop().call_soon(self._prepared.pop(agent).set)
        return sequence

    async def Session(self, request_iterator: Any, context: Any) -> None:  # noqa: N802  (the service's name for it)
        """One agent's control stream, from its Hello until either side is done with it."""
        number, stream = next(self._numbers), AgentStream()
        self._streams[number] = stream
        reader = asyncio.create_task(self._read(number, stream, request_iterator, context.peer()))
        try:
            while (message := await stream.next()) is not None:
                await context.write(encode_master_message(message))
        except (grpc.aio.AioRpcError, grpc.aio.UsageError, grpc.aio.InternalError):
            pass  # The agent is gone: what was to be written is written to its next stream.
        finally:
            reader.cancel()
            del self._streams[number]
            self._dispatch(StreamEnded(number))

    async def _read(self, number: int, stream: AgentStream, messages: AsyncIterator[Any], peer: str) -> None:
        """Dispatch what comes, until the agent stops sending; the stream is closed then."""
        try:
            async for message in messages:
                if stream.is_closing:
                    break
                check_size(message.ByteSize())
                self._dispatch(Received(number, decode_agent_message(message)))
        except (WireError, DecodeError) as error:
            self._dispatch(Unreadable(number, str(error), peer))
        except grpc.aio.AioRpcError:
            pass  # Broken off: the same as an end.
        finally:
            stream.close()

    async def Provision(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802  (so too)
        """The job at once, the rows of slots as they are given to the agent; open until the run is over."""
        agent = bytes(request.incarnation).hex()
        if not self._knows(agent):
            await context.abort(grpc.StatusCode.NOT_FOUND, "say Hello first: this agent is not in the fleet")
        for chunk in encode_provision(self._provisions.job()):
            yield chunk
        sent = JOB_SEQUENCE
        while not self._is_over:
            prepared = self._prepared.setdefault(agent, asyncio.Event())
            for provision in self._provisions.rows_of(agent, sent):
                for chunk in encode_provision(provision):
                    yield chunk
                sent = provision.sequence
            await prepared.wait()

    @property
    def is_sampling(self) -> bool:
        """Whether an agent still has single samples to send."""
        return self._samplers > 0

    async def Samples(self, request_iterator: Any, context: Any) -> fleet_pb2.SampleReceipt:  # noqa: N802  (so too)
        """Single samples of one agent, until it has no more."""
        self._samplers += 1
        try:
            async for message in request_iterator:
                check_size(message.ByteSize())
                samples = decode_samples(message)
                if not self._knows(samples.incarnation.hex()):
                    await context.abort(grpc.StatusCode.NOT_FOUND, "say Hello first: this agent is not in the fleet")
                self._take_samples(samples)
        except (WireError, DecodeError) as error:
            self._log.warning(f"samples cannot be read, and no more are taken on this stream: {error}")
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        finally:
            self._samplers -= 1
        return fleet_pb2.SampleReceipt()


def check_size(size: int) -> None:
    """WireError for a message of so many bytes when none may have as many."""
    if size > MAX_RECEIVED:
        raise WireError(f"a message of {size:,} bytes; at most {MAX_RECEIVED:,} are allowed")


def obstacle_to(address: ListenAddress) -> str:
    """Why an address cannot be listened on, in words that help; gRPC itself says only that it failed."""
    if not address.host:
        path = Path(address.target.removeprefix("unix:"))
        if not path.parent.is_dir():
            return f"there is no folder {path.parent}"
        return "the path of a socket has at most 107 characters" if len(str(path)) > LONGEST_SOCKET_PATH else ""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        return f"{error.strerror}; choose another address, or stop what listens there"
    return ""
