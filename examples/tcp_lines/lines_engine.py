"""A custom action kind, the part that performs actions. Only agents and `gradual try` import it."""

import asyncio
from typing import Any, cast

from lines_kind import LinesSpec

from gradual_agent.kinds.assertions import Assertions
from gradual_agent.kinds.engines import Message, Runtime
from gradual_agent.kinds.failed_exchange import describe_messages
from gradual_agent.kinds.kind import Actor, fail_template
from gradual_agent.kinds.metrics import Record, extractor_of
from gradual_agent.runtime.loop_timer import read_clock
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.runtime.suspension import Resumable, suspend
from gradual_common.clock import NS_PER_S
from gradual_common.errors import TemplateError
from gradual_common.kinds.content import Content, PlainResponse
from gradual_common.net.tls import Assets
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.secrecy.masking import Mask
from gradual_common.templates.compiled import as_text
from gradual_common.templates.templates import compile_value


def make_engine(runtime: Runtime, plan: Plan, assets: Assets) -> "LinesEngine":
    """Make the engine; `LinesKind.engine` names this function. The numbers of the failures come from the plan.

    JobError if the plan sends to a server that this agent does not allow (`--allow-host`).
    """
    specs = [spec for spec in plan.actions.values() if isinstance(spec, LinesSpec)]
    runtime.check_destinations(host_and_port(spec.server) for spec in specs)
    return LinesEngine(runtime, SeriesIndex.of(plan).failures.numbers)


def host_and_port(server: str) -> tuple[str, int]:
    """The parts of `server:`, without the brackets of an IPv6 address."""
    host, _, port = server.rpartition(":")
    return host.strip("[]"), int(port)


class LinesEngine:
    """One per agent process."""

    def __init__(self, runtime: Runtime, failures: dict[str, int]) -> None:
        self.runtime = runtime
        self.failures = failures
        self.connections = 0

    def compile(self, spec: LinesSpec, wants_headers: bool, wants_body: bool) -> "LinesAction":
        """Compile an action of the plan. The answer is always kept, so `wants_…` are not used."""
        return LinesAction(spec, self.runtime.record)

    def client(self, owner: Resumable, cookies: str, connections: str) -> "LinesClient":
        """The client of one user."""
        return LinesClient(self, owner, connections)

    def describe(self, mask: Mask, sample: Sample) -> dict[str, Any]:
        """A failed exchange, for reports."""
        request = None if sample.request is None else (f"to {sample.request[0]}", message_of(sample.request[1]))
        response = None if sample.response is None else ("answer", message_of(sample.response.body))
        return describe_messages(mask, sample, request, response)

    def close(self) -> None:
        """Nothing is left to close: users have closed their connections."""


def message_of(line: bytes) -> Message:
    """A line, for reports and `gradual try`."""
    return Message((), line, line.decode("utf-8", "replace"))


class LinesAction:
    """A compiled action."""

    def __init__(self, spec: LinesSpec, record: Record) -> None:
        self._spec = spec
        self._line = compile_value(spec.send)
        self._assertions = Assertions(spec.assertions)
        self._extractor = extractor_of(spec, record)
        self.assertion_count = len(spec.assertions)

    async def perform(self, user: Actor, sample: Sample) -> None:
        """Send the line, evaluate the assertions on the answer, and extract values from it."""
        try:
            line = as_text(self._line.render(user.scope)).encode() + b"\n"
        except TemplateError as error:
            fail_template(user, sample, str(error))
            return
        await user.client.ask(self._spec, line, sample)
        if sample.response is not None and not sample.kind:
            content = Content(sample.response)
            self._assertions.judge(sample, content, user.scope)
            self._extractor.extract(sample, content, lambda name: None, user.scope)
        elif sample.kind != INTERRUPTED:
            self._extractor.set_defaults(user.scope)
        if sample.kind > 0:
            sample.request = (self._spec.address, line)


class LinesClient:
    """One user's connection, and the sample that waits for an answer."""

    def __init__(self, engine: LinesEngine, owner: Resumable, policy: str) -> None:
        self._engine = engine
        self._runtime = engine.runtime
        self._owner = owner
        self._policy = policy
        self._connection: LineConnection | None = None
        self._opening: asyncio.Task[Any] | None = None
        self._sample: Sample | None = None
        self._timer: Any = None

    async def ask(self, spec: LinesSpec, line: bytes, sample: Sample) -> None:
        """Send a line and wait for its answer. The sample gets a failure; an exception is a bug of this module."""
        runtime, observer = self._runtime, self._runtime.observer
        if observer is not None:
            observer.show_request(f"to {spec.address}", message_of(line))
        self._sample = sample
        self._timer = runtime.timeline.at(sample.started + spec.timeout, self._on_timeout, spec.timeout)
        connection = self._connection
        if connection is None or connection.server != spec.server:
            connection = await self._connect(spec.server)
        now = runtime.clock()
        if connection is None or not self._has_lease(now):
            return
        sample.written = now
        sample.messages = 1
        sample.bytes_sent = len(line)
        connection.transport.write(line)
        await suspend()
        if self._policy == "close":
            self._close_connection()
        if observer is not None and sample.response is not None:
            observer.show_response("answer", message_of(sample.response.body))

    def _has_lease(self, now: int) -> bool:
        """Check the lease right before each write (docs/design/fleet.md, 4.4); without a lease nothing is sent."""
        if now < self._runtime.lease.ends_at:
            return True
        self._end(INTERRUPTED, "not sent: the agent holds no lease")
        return False

    async def _connect(self, server: str) -> "LineConnection | None":
        """Open a connection; None if that failed, then the sample has the reason."""
        started = self._runtime.clock()
        if not self._has_lease(started):
            return None
        self._close_connection()
        connection = LineConnection(self, server)
        self._opening = self._runtime.loop.create_task(self._open(connection))
        self._opening.add_done_callback(self._on_opened)
        await suspend()
        if self._sample is None:
            return None
        self._sample.connect = self._runtime.clock() - started
        return connection

    async def _open(self, connection: "LineConnection") -> None:
        """Connect where the agent may send, and only there (`--allow-host`)."""
        sock = await self._runtime.connect(*host_and_port(connection.server))
        try:
            await self._runtime.loop.create_connection(lambda: connection, sock=sock)
        except BaseException:
            sock.close()
            raise

    def _on_opened(self, task: "asyncio.Task[Any]") -> None:
        self._opening = None
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            self._fail(self._engine.failures["lines_connect"], str(error))
        elif self._sample is None:  # The user was stopped while the connection opened.
            self._close_connection()
        else:
            self._owner.resume()

    def opened(self, connection: "LineConnection") -> None:
        """Keep the new connection."""
        self._engine.connections += 1
        self._connection = connection

    def lost(self, connection: "LineConnection") -> None:
        """Fail the sample if the server closed the connection; after our own close it is no longer `_connection`."""
        self._engine.connections -= 1
        if self._connection is connection:
            self._connection = None
            self._fail(self._engine.failures["lines_closed"], "the server closed the connection before it answered")

    def answered(self, line: bytes, first_byte: int) -> None:
        """Fill the sample from a complete answer, and resume the user."""
        sample, self._sample = self._sample, None
        if sample is None:
            return
        self._drop_timer()
        sample.first_byte, sample.ended = first_byte, self._runtime.clock()
        sample.bytes_received = len(line)
        sample.response = PlainResponse(line.rstrip(b"\r\n"))
        if line.startswith(b"ERR"):
            sample.kind = self._engine.failures["lines_error"]
            sample.detail = sample.response.text
        self._owner.resume()

    def _on_timeout(self, timeout: int) -> None:
        self._timer = None
        self._fail(self._engine.failures["timeout"], f"no answer within {timeout / NS_PER_S:g} s")

    def _fail(self, kind: int, detail: str) -> None:
        """End the waiting sample, if there is one, and resume the user."""
        if self._sample is not None:
            self._end(kind, detail)
            self._close_connection()
            self._owner.resume()

    def _end(self, kind: int, detail: str) -> None:
        sample, self._sample = self._sample, None
        if sample is not None:
            sample.kind, sample.detail, sample.ended = kind, detail, self._runtime.clock()
        self._drop_timer()

    def _drop_timer(self) -> None:
        if self._timer is not None:
            self._runtime.timeline.cancel(self._timer)
            self._timer = None

    def _close_connection(self) -> None:
        opening, connection = self._opening, self._connection
        self._opening = self._connection = None
        if opening is not None:
            opening.cancel()
        if connection is not None:
            connection.transport.close()

    def interrupt(self) -> None:
        """End the waiting sample and resume the user."""
        self._fail(INTERRUPTED, "stopped before its answer was complete")

    def cut(self) -> None:
        """Close everything; the user is not resumed."""
        self._end(INTERRUPTED, "stopped before its answer was complete")
        self._close_connection()

    def end_iteration(self) -> None:
        """Close the connection if each iteration has its own."""
        if self._policy == "per_iteration":
            self._close_connection()

    def close(self) -> None:
        """Close the connection: the user has ended."""
        self._close_connection()


class LineConnection(asyncio.Protocol):
    """One connection of a client."""

    transport: asyncio.Transport

    def __init__(self, client: LinesClient, server: str) -> None:
        self.server = server
        self._client = client
        self._received = b""
        self._first_byte = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called when the connection is open."""
        self.transport = cast(asyncio.Transport, transport)
        self._client.opened(self)

    def data_received(self, data: bytes) -> None:
        """Append data to the answer; a line end completes it."""
        self._first_byte = self._first_byte or read_clock()
        self._received += data
        if self._received.endswith(b"\n"):
            line, first_byte = self._received, self._first_byte
            self._received, self._first_byte = b"", 0
            self._client.answered(line, first_byte)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called when the connection is closed."""
        self._client.lost(self)
