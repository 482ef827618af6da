"""The gRPC server of the master: received bytes become events, messages become bytes (docs/design/fleet.md, 4.11).

Each stream has its own queue and writer, so that an agent with a slow connection does not delay others, and a pong
overtakes everything that can wait. The Provision call is a separate channel: it sends the job at once, and rows when
slots are assigned; it stays open until the run is over.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError

from gradual_common.errors import WireError
from gradual_common.protocol.codec import decode_agent_message, encode_master_message
from gradual_common.protocol.codec_samples import decode_samples
from gradual_common.protocol.messages import MasterMessage, SampleMessage, SlotRun
from gradual_common.protocol.provisions import encode_provision
from gradual_common.security.identity import TlsIdentity
from gradual_common.security.security import FleetSecurity
from gradual_common.wire import fleet_pb2
from gradual_master.coordination.events import Event, Received, StreamEnded, Unreadable
from gradual_master.errors import ListenError
from gradual_master.run.provisions import JOB_SEQUENCE, Provisions
from gradual_master.serving.health import add_health
from gradual_master.serving.listening import ListenAddress
from gradual_master.serving.receiving import MAX_GRPC_MESSAGE_BYTES, MAX_MESSAGE_BYTES, add_fleet, read_message
from gradual_master.serving.send_queue import SendQueue
from gradual_master.serving.token_guard import TokenGuard

MAX_SOCKET_PATH_BYTES = 107
"""The size of `sun_path` in unix(7), without the final zero byte."""

OPTIONS = (
    # Without this a second master could bind the same port, and agents would be divided between two runs.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_GRPC_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # Agents use keepalive pings to notice a broken connection; gRPC's default of 5 minutes would end such connections.
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
    # An agent has two calls on a connection. Without this a stranger could have any number of them (`token_guard`).
    ("grpc.max_concurrent_streams", 8),
    # A peer that does not finish its handshake, or that makes no call, is dropped: it holds a descriptor.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 30_000),
)


class AgentStream:
    """The control stream of one agent: its send queue, and whether it is closed after the queue is empty."""

    def __init__(self) -> None:
        self.queue = SendQueue()
        self.is_closing = False
        self._changed = asyncio.Event()

    def put(self, message: MasterMessage, ahead: bool) -> None:
        """Add a message for the writer; a closing stream ignores it."""
        if not self.is_closing:
            self.queue.put(message, ahead=ahead)
            self._changed.set()

    def close(self) -> None:
        """Close after everything in the queue is written."""
        self.is_closing = True
        self._changed.set()

    async def next(self) -> MasterMessage | None:
        """Wait for the next message to write; None when the stream has to be closed."""
        while not self.queue:
            if self.is_closing:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self.queue.take()


class FleetServer:
    """Listens, receives and sends messages.

    `dispatch` processes an event and must not block. `knows` says whether an incarnation belongs to the fleet.
    `take_samples` gets single samples, and raises WireError for names that are not in the plan.
    """

    def __init__(
        self,
        dispatch: Callable[[Event], None],
        knows: Callable[[str], bool],
        provisions: Provisions,
        take_samples: Callable[[SampleMessage], None],
        security: FleetSecurity,
    ) -> None:
        self._dispatch = dispatch
        self._knows = knows
        self._provisions = provisions
        self._take_samples = take_samples
        self._security = security
        self._samplers = 0
        self._log = structlog.get_logger("gradual.master")
        self._streams: dict[int, AgentStream] = {}
        self._numbers = count(1)
        self._prepared: dict[str, asyncio.Event] = {}
        self._is_over = False
        self._server: Any = None

    async def start(self, address: ListenAddress) -> str:
        """Listen; return the bound address. ListenError if that is impossible."""
        if obstacle := obstacle_to(address):
            raise ListenError(f"cannot listen on {address.target}: {obstacle}")
        guards = [TokenGuard(self._security.token)] if self._security.token else []
        self._server = grpc.aio.server(interceptors=guards, options=OPTIONS)
        add_fleet(self, self._server)
        await add_health(self._server)
        try:
            port = bind(self._server, address.target, self._security.identity)
        except RuntimeError as error:
            raise ListenError(f"cannot listen on {address.target}: {error}") from None
        await self._server.start()
        return address.at_port(port)

    async def stop(self, grace_s: float) -> None:
        """Let the streams write their queues, for at most `grace_s`, then stop listening."""
        # First this, since calls that wait for rows look at it when they are woken.
        self._is_over = True
        for prepared in self._prepared.values():
            prepared.set()
        for stream in self._streams.values():
            stream.close()
        if self._server is not None:
            await self._server.stop(grace_s)

    def send(self, number: int, message: MasterMessage, *, ahead: bool) -> None:
        """Put a message into the queue of a stream; nothing happens if the stream has ended."""
        if number in self._streams:
            self._streams[number].put(message, ahead)

    def close(self, number: int) -> None:
        """Close a stream after everything in its queue is written."""
        if number in self._streams:
            self._streams[number].close()

    def provide(self, agent: str, slots: tuple[SlotRun, ...]) -> int:
        """Prepare the rows of these slots; return the number of the last provision."""
        sequence = self._provisions.prepare(agent, slots)
        if agent in self._prepared:
            # In the next turn of the event loop: messages that are sent in this turn are written before large rows
            # (docs/design/fleet.md, 4.11).
            asyncio.get_running_loop().call_soon(self._prepared.pop(agent).set)
        return sequence

    async def Session(self, request_iterator: Any, context: Any) -> None:  # noqa: N802  (named by the gRPC service)
        """The control stream of one agent, until one of the sides ends it."""
        number, stream = next(self._numbers), AgentStream()
        self._streams[number] = stream
        reader = asyncio.create_task(self._read(number, stream, request_iterator, context.peer()))
        try:
            while (message := await stream.next()) is not None:
                await context.write(encode_master_message(message))
        except (grpc.aio.AioRpcError, grpc.aio.UsageError, grpc.aio.InternalError):
            pass  # The agent is gone. It gets everything that it needs on its next stream.
        finally:
            reader.cancel()
            del self._streams[number]
            self._dispatch(StreamEnded(number))

    async def _read(self, number: int, stream: AgentStream, messages: AsyncIterator[bytes], peer: str) -> None:
        """Dispatch received messages until the agent stops sending; then close the stream."""
        try:
            async for message in messages:
                if stream.is_closing:
                    break
                content = read_message(fleet_pb2.AgentMessage, message)
                self._dispatch(Received(number, decode_agent_message(content)))
        except (WireError, DecodeError) as error:
            self._dispatch(Unreadable(number, str(error), peer))
        except grpc.aio.AioRpcError:
            pass  # A broken connection: the same as an end.
        finally:
            stream.close()

    async def Provision(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802  (as above)
        """Send the job at once, and rows when slots are assigned to the agent; open until the run is over."""
        agent = bytes(request.incarnation).hex()
        if not self._knows(agent):
            await context.abort(grpc.StatusCode.NOT_FOUND, "send a Hello first: this agent is not in the fleet")
        for chunk in encode_provision(self._provisions.job()):
            yield chunk
        sent = JOB_SEQUENCE
        while not self._is_over:
            # The event is made before the rows are read: rows that are prepared while others are sent set it, and none
            # is missed.
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

    async def Samples(self, request_iterator: Any, context: Any) -> fleet_pb2.SampleReceipt:  # noqa: N802  (as above)
        """Receive single samples of one agent, until it has no more."""
        self._samplers += 1
        try:
            async for message in request_iterator:
                samples = decode_samples(read_message(fleet_pb2.SampleMessage, message))
                if not self._knows(samples.incarnation.hex()):
                    await context.abort(grpc.StatusCode.NOT_FOUND, "send a Hello first: this agent is not in the fleet")
                self._take_samples(samples)
        except (WireError, DecodeError) as error:
            self._log.warning(f"samples cannot be read; ignoring the rest of this stream: {error}")
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        finally:
            self._samplers -= 1
        return fleet_pb2.SampleReceipt()


def bind(server: Any, target: str, identity: TlsIdentity) -> int:
    """Bind the address, with TLS if the master has a certificate; with an authority, agents must show one, too."""
    if identity.cert is None or identity.key is None:
        return int(server.add_insecure_port(target))
    credentials = grpc.ssl_server_credentials(
        [(identity.key, identity.cert)], identity.ca, require_client_auth=identity.ca is not None
    )
    return int(server.add_secure_port(target, credentials))


def obstacle_to(address: ListenAddress) -> str:
    """Why the address cannot be bound, "" if it can. It is tried with a plain socket, since gRPC gives no reason."""
    if not address.host:
        path = Path(address.target.removeprefix("unix:"))
        if not path.parent.is_dir():
            return f"there is no folder {path.parent}"
        return "the path of a socket has at most 107 characters" if len(str(path)) > MAX_SOCKET_PATH_BYTES else ""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(target)
    except OSError as error:
        return f"{error.strerror}; choose another address, or stop what listens there"
    return ""
