"""A user on the real engine: its connections lead nowhere, and what comes back on them is given as bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

from agent_stage import NO_HEALTH, WALL_TIME, S, StageActions, SteppedTimeline, behaviours_of, counter, kinds

from gradual_agent.coordination.pool import UserEnded
from gradual_agent.http.connecting.connection import Http1Connection
from gradual_agent.http.context import HttpContext
from gradual_agent.http.urls import Origin
from gradual_agent.kinds.http.engine import HttpEngine
from gradual_agent.kinds.http.exchange import describe_exchange
from gradual_agent.recording.recorder import Recorder
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.sample import Sample
from gradual_agent.users.behaviour import Behaviour, CompiledStep
from gradual_agent.users.context import UserContext, UserLog
from gradual_agent.users.user import VirtualUser
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.batch_checks import check_batch
from gradual_common.secrecy.masking import Mask

FOREVER = 1 << 62
MOST_ANSWERS = 12
SECRETS = {"KEY": "secret-key"}


class Loop:
    """Keeps what is to be called soon; every socket has room."""

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
    """Takes everything."""

    def send(self, data: bytes) -> int:
        return len(data)

    def dup(self) -> Socket:
        return Socket()

    def close(self) -> None:
        """There is nothing behind it."""


class Transport(asyncio.Transport):
    """Tells its connection that it is closed, a turn of the loop later."""

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
    """One connection, which is open a turn of the loop later unless it is given up."""

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
    """Opens every connection; `opened`: those that were opened."""

    def __init__(self, loop: Loop, context: HttpContext) -> None:
        self._loop = loop
        self.context = context
        self.opened: list[Http1Connection] = []

    def dial(self, origin: Origin, deadline: int, report: Callable[[Any], object]) -> Dial:
        dial = Dial(self, origin, report)
        self._loop.call_soon(dial.open)
        return dial

    def open(self, origin: Origin) -> Http1Connection:
        connection = Http1Connection(self.context, origin, Socket())  # type: ignore[arg-type]  # all that is used of it
        connection.connection_made(Transport(self._loop, connection))
        self.opened.append(connection)
        return connection


class Unforeseen(UserLog):
    """Keeps what nobody foresaw."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[tuple[str, Exception]] = []

    def log_bug(self, behaviour: Behaviour, step: CompiledStep, error: Exception) -> None:
        self.errors.append((step.name, error))


class ActionStage:
    """One user of a plan, which the system answers with `answers`; `samples` counts what it performed.

    PlanError's cousins (ValidationError, TemplateError, …) when the plan is none.
    """

    def __init__(
        self, document: dict[str, Any], answers: Iterator[list[bytes]], rows: dict[str, dict[str, Any]]
    ) -> None:
        self.timeline = SteppedTimeline()
        self.loop = Loop()
        self.samples = 0
        self._answers = answers
        plan = Plan.model_validate(document)
        self.context = HttpContext(
            self.loop,  # type: ignore[arg-type]  # all that is used of one
            self.timeline,
            Lease(FOREVER),
            self.timeline.clock,
            lambda: 1_793_534_400.0,
        )
        self.dialer = Dialer(self.loop, self.context)
        engine = HttpEngine(self.dialer, plan.config)  # type: ignore[arg-type]  # leads nowhere
        self.index = SeriesIndex.of(plan)
        self.recorder = Recorder(self.index, self.timeline.clock)
        self.recorder.schedule(0, S, [(0, 0)])
        self.log = Unforeseen()
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
        (behaviour,) = behaviours_of(plan, self.recorder, StageActions(plan, engine))
        self._user = VirtualUser(context, behaviour, 0, 0, rows)
        self._mask = Mask(SECRETS.values())

    def _note_failure(self, step: int, sample: Sample) -> None:
        """As an agent describes it and sends it."""
        json.dumps(describe_exchange(self._mask, sample)).encode()

    def run(self) -> Batch:
        """The user's life: every request is answered by the next bytes, which may not suffice."""
        self._user.start()
        for _ in range(MOST_ANSWERS):
            self.loop.run_soon()
            waiting = [one for one in self.dialer.opened if one._handler is not None]
            if waiting:
                self._answer(waiting[0])
            else:
                self.timeline.run_until(self.timeline.now + 3 * S)
        if not self.ended:
            self._user.cut()
        self.loop.run_soon()
        self.timeline.run_until(self.timeline.now + 1)
        return self.recorder.seal(self.timeline.now // S, 0, NO_HEALTH, last=True)

    def _answer(self, connection: Http1Connection) -> None:
        self.timeline.run_until(self.timeline.now + 1_000_000)
        for piece in next(self._answers):
            if connection._transport is not None and not connection._transport.is_closing():
                connection.data_received(piece)
        self.loop.run_soon()
        if connection._handler is not None and connection._transport is not None:
            connection.eof_received()
            connection.connection_lost(None)

    def check(self, batch: Batch) -> None:
        """Nothing was unforeseen, and every step that began ended as one of its outcomes."""
        for step, error in self.log.errors:
            raise AssertionError(f"{step} is internal") from error
        check_batch(batch)
        outcomes = kinds(batch, len(self.index.steps))
        assert not [kind for _, kind in outcomes if kind == "internal"]
        self.samples = sum(outcomes.values())
        assert self.recorder.begun == self.samples + counter(batch, "interrupted")
