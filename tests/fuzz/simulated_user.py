"""A user on the real engine. Its connections have no peer; the test gives the bytes that they receive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

from agent_harness import NO_HEALTH, WALL_TIME, FakeEngines, S, SteppedTimeline, behaviours_of, counter, kinds

from gradual_agent.coordination.pool import UserEnded
from gradual_agent.http.connecting.connection import Http1Connection
from gradual_agent.http.context import HttpContext
from gradual_agent.http.urls import Origin
from gradual_agent.kinds.http.engine import HttpEngine
from gradual_agent.kinds.http.exchange import describe_exchange
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.sample import Sample
from gradual_agent.users.context import UserContext, UserLog
from gradual_agent.users.user import VirtualUser
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex, StepSeries
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.batch_checks import check_batch
from gradual_common.secrecy.masking import Mask

FOREVER = 1 << 62
MAX_RESPONSES = 12
SECRETS = {"KEY": "secret-key"}


class Loop:
    """An event loop that runs its callbacks when the test says so; sockets are always writable."""

    def __init__(self) -> None:
        self.soon: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self._writers: dict[Socket, Callable[[], object]] = {}

    def add_writer(self, sock: Socket, callback: Callable[[], object]) -> None:
        self._writers[sock] = callback

    def remove_writer(self, sock: Socket) -> None:
        del self._writers[sock]

    def call_soon(self, callback: Callable[..., object], *arguments: Any) -> None:
        self.soon.append((callback, arguments))

    def run_soon(self) -> None:
        while self.soon or self._writers:
            self.soon = self.soon or [(callback, ()) for callback in self._writers.values()]
            callback, arguments = self.soon.pop(0)
            callback(*arguments)


class Socket:
    """Accepts all data and drops it."""

    def send(self, data: bytes) -> int:
        return len(data)

    def dup(self) -> Socket:
        return Socket()

    def close(self) -> None:
        """There is no real socket."""


class Transport(asyncio.Transport):
    """Reports a close to its connection in the next turn of the loop."""

    def __init__(self, loop: Loop, connection: Http1Connection) -> None:
        super().__init__()
        self._loop = loop
        self._connection = connection
        self._is_closing = False

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._loop.call_soon(self._connection.connection_lost, None)

    abort = close


class Dial:
    """One dial: its connection is open in the next turn of the loop, if it is not given up before."""

    def __init__(self, dialer: Dialer, origin: Origin, report: Callable[[Any], object]) -> None:
        self._dialer = dialer
        self._origin = origin
        self._report: Callable[[Any], object] | None = report

    def open(self) -> None:
        if self._report is not None:
            self._report(self._dialer.open(self._origin))

    def give_up(self) -> None:
        self._report = None


class Dialer:
    """Opens every connection and keeps it in `opened`."""

    def __init__(self, loop: Loop, context: HttpContext) -> None:
        self._loop = loop
        self.context = context
        self.opened: list[Http1Connection] = []

    def dial(self, origin: Origin, deadline: int, report: Callable[[Any], object]) -> Dial:
        dial = Dial(self, origin, report)
        self._loop.call_soon(dial.open)
        return dial

    def open(self, origin: Origin) -> Http1Connection:
        connection = Http1Connection(self.context, origin, Socket())  # type: ignore[arg-type]  # only what the connection uses
        connection.connection_made(Transport(self._loop, connection))
        self.opened.append(connection)
        return connection


class UnexpectedErrors(UserLog):
    """Keeps the errors that only a bug can cause."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[tuple[str, Exception]] = []

    def log_bug(self, group: str, step: StepSeries, error: Exception) -> None:
        self.errors.append((step.name, error))


class SimulatedUser:
    """One user of a plan, whose requests get `responses`; `samples` counts the actions that it performed.

    ValidationError or a GradualError if the plan is invalid.
    """

    def __init__(
        self, document: dict[str, Any], responses: Iterator[list[bytes]], rows: dict[str, dict[str, Any]]
    ) -> None:
        self.timeline = SteppedTimeline()
        self.loop = Loop()
        self.samples = 0
        self._responses = responses
        plan = Plan.model_validate(document)
        self.context = HttpContext(
            self.loop,  # type: ignore[arg-type]  # only what the context uses
            self.timeline,
            Lease(FOREVER),
            self.timeline.clock,
            lambda: 1_793_534_400.0,
        )
        self.dialer = Dialer(self.loop, self.context)
        engine = HttpEngine(self.dialer, plan)  # type: ignore[arg-type]  # only what the engine uses
        self.index = SeriesIndex.of(plan)
        self.recorder = Recorder(self.index, self.timeline.clock)
        self.recorder.schedule(0, S, [(0, 0)])
        self.log = UnexpectedErrors()
        self.ended: list[UserEnded] = []
        context = UserContext(
            timeline=self.timeline,
            clock=self.timeline.clock,
            wall_clock=lambda: WALL_TIME,
            recorder=self.recorder,
            seed=1,
            secrets=SECRETS,
            graceful_stop=plan.config.graceful_stop,
            end=self.ended.append,
            note_failure=self._note_failure,
            log=self.log,
        )
        (behaviour,) = behaviours_of(plan, self.recorder, FakeEngines(plan, engine))
        self._user = VirtualUser(context, behaviour, 0, 0, rows)
        self._mask = Mask(SECRETS.values())

    def _note_failure(self, step: int, sample: Sample) -> None:
        """Describe and encode the failure as an agent does."""
        json.dumps(describe_exchange(self._mask, sample)).encode()

    def run(self) -> Batch:
        """Run the user to its end: each request gets the next response, which may be incomplete."""
        self._user.start()
        for _ in range(MAX_RESPONSES):
            self.loop.run_soon()
            waiting = [connection for connection in self.dialer.opened if connection._handler is not None]
            if waiting:
                self._respond(waiting[0])
            else:
                self.timeline.run_until(self.timeline.now + 3 * S)
        if not self.ended:
            self._user.cut()
        self.loop.run_soon()
        self.timeline.run_until(self.timeline.now + 1)
        return self.recorder.seal(self.timeline.now // S, 0, NO_HEALTH, last=True)

    def _respond(self, connection: Http1Connection) -> None:
        self.timeline.run_until(self.timeline.now + 1_000_000)
        for chunk in next(self._responses):
            if connection._transport is not None and not connection._transport.is_closing():
                connection.data_received(chunk)
        self.loop.run_soon()
        if connection._handler is not None and connection._transport is not None:
            connection.eof_received()
            connection.connection_lost(None)

    def check(self, batch: Batch) -> None:
        """No error was unexpected, and each step that started ended with exactly one outcome."""
        for step, error in self.log.errors:
            raise AssertionError(f"{step} is internal") from error
        check_batch(batch)
        outcomes = kinds(batch, len(self.index.steps))
        assert not [kind for _, kind in outcomes if kind == "internal"]
        self.samples = sum(outcomes.values())
        assert self.recorder.begun == self.samples + counter(batch, "interrupted")
