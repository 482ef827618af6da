"""Performs the actions of a virtual user: one after another, with think times in between.

The coroutine suspends in three places only: in a client's fetch, in `_sleep`, and while its lanes are at work
(`lanes`). The engine, the timeline or the last lane then calls `resume`, and the user runs synchronously until it waits
again.

Every step that starts is recorded once. An exception of an action is a failure of its step (`context`): the connections
of its user are closed, and the user goes on as after any failure.

Hot path (docs/design/style.md, 16): plain attributes and local names; measurements are in `user`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable, Sequence
from operator import methodcaller
from typing import Any, Protocol

from gradual_agent.kinds.kind import Action, Client, Engine, Unperformable
from gradual_agent.recording.step_record import StepRecord
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.runtime.suspension import suspend
from gradual_agent.runtime.timeline import Entry
from gradual_agent.users.behaviour import (
    ABORT_RUN,
    CONTINUE,
    TOLERATED,
    Behaviour,
    BehaviourPart,
    CompiledStep,
)
from gradual_agent.users.context import INTERNAL, UserContext, detail_of, mark_failed
from gradual_agent.users.knowledge import Knowledge, keep_response
from gradual_common.clock import NS_PER_MS
from gradual_common.randomness import RandomStream

LEASE_PAUSE = 100 * NS_PER_MS
"""How long a user waits after its agent's lease has ended."""

STARTING, ITERATING, LEAVING = range(3)
"""Which section a user performs: `on_start`, `behavior`, `on_stop`."""

RUNNING, REQUESTING, THINKING, BACKING_OFF, PAUSING = range(5)
"""What a suspended user waits for: a response, an instant, an instant in the middle of a sample (`back_off`), or one in
the middle of an action (`begin_pause`). Plain numbers: reading an enum member takes 50 ns."""

NO_CLIENTS: dict[Engine, Client] = {}
"""Shared by all users whose steps are of one kind; never changed."""

RESUME = methodcaller("resume")
"""One for all users: a bound method would take 64 bytes per thinking user."""


class WaitingRoom(Protocol):
    """Where users wait for others (`places`, `pools`)."""

    def enter(self, user: Any) -> None:
        """A user begins to wait."""

    def leave(self, user: Any) -> bool:
        """A user goes on; whether what it waited for has come."""
        ...


class Together(Protocol):
    """Lanes of a user, which perform parts of its behaviour at the same time (`lanes`)."""

    @property
    def are_busy(self) -> bool:
        """Whether any of them is at work."""

    @property
    def clients(self) -> Iterable[Client]:
        """All clients of the lanes."""

    def start(self, parts: Iterable[tuple[BehaviourPart, Knowledge]], limit: int, section: int) -> None:
        """Perform parts, at most `limit` at a time; the user is resumed after the last, unless all end at once."""

    def take_outcome(self) -> tuple[bool, int, int]:
        """Of the parts: whether the next step may follow, what must end, and the first failure."""
        ...

    def end_soon(self) -> None:
        """Begin nothing more, and end what waits."""

    def end_now(self) -> None:
        """End what waits and what is in flight."""

    def cut(self, now: int) -> None:
        """End all at once, without resuming the user."""


class StepRunner(ABC):
    """The part of a user that actions and flow steps see, and that performs actions."""

    __slots__ = ("_client", "_clients", "_context", "_coroutine", "_doing", "_has_acted", "_meter", "_part", "_sample",
                 "_step", "_timer", "behaviour", "ending", "first_failure", "knowledge", "lanes", "must_end", "ordinal",
                 "slept", "wait")  # fmt: skip

    _coroutine: Coroutine[None, Any, bool]

    def __init__(self, context: UserContext, behaviour: Behaviour, ordinal: int, knowledge: Knowledge) -> None:
        self._context = context
        self.behaviour = behaviour
        self.ordinal = ordinal
        self.knowledge = knowledge
        self._meter = behaviour.meter
        self._sample = Sample(ordinal)
        self._step: CompiledStep | None = None
        self._client: Client | None = None
        self._clients = NO_CLIENTS
        self.lanes: Together | None = None
        """Only users that have performed simultaneous steps have lanes."""
        self._part = STARTING
        self._doing = RUNNING
        self.must_end = False
        """The present step is the last one: the user's wait is ended, and `run_steps` returns."""
        self.ending = CONTINUE
        """What must end because of a step that failed (`behaviour.ON_FAILURE`)."""
        self.first_failure = 0
        """The kind of the first failure since a transaction set it to 0."""
        self.slept = 0
        """ns in deliberate waits: only differences between two instants without a wait mean something."""
        self._has_acted = False
        """Anything was sent or waited for in this iteration."""
        self.wait = 0
        """The deliberate wait before the next step, ns."""
        self._timer: Entry | None = None

    @abstractmethod
    def resume(self, value: Any = None) -> None:
        """Continue until the next wait, or to the end."""

    @property
    def client(self) -> Any:
        """The user's client for the kind of its step; created when first needed."""
        client = self._client
        if client is not None:
            return client
        assert self._step is not None, "clients are asked for by steps"
        return self.client_of(self._step.engine)

    def client_of(self, engine: Engine) -> Client:
        """The user's client of an engine; created when first needed."""
        client = self._client or self._clients.get(engine)
        if client is None:
            client = self._make_client(engine)
            if self.behaviour.mixes_kinds:
                self._clients = {**self._clients, engine: client}
            else:
                self._client = client
        return client

    def _make_client(self, engine: Engine) -> Client:
        return engine.client(self, self.behaviour.cookies, self.behaviour.connections)

    def own_clients(self) -> list[Client]:
        """All clients that exist, also those of its lanes."""
        own = list(self._clients.values()) if self._client is None else [self._client]
        return own if self.lanes is None else [*own, *self.lanes.clients]

    def _take_clients(self) -> list[Client]:
        clients = self.own_clients()
        self._client, self._clients, self.lanes = None, NO_CLIENTS, None
        return clients

    @property
    def scope(self) -> dict[str, Any]:
        """What templates read in this iteration; variables are set in it."""
        return self.knowledge.scope(self._context.wall_clock, self._context.secrets)

    @property
    def random(self) -> RandomStream:
        """The slot's stream."""
        return self.knowledge.random

    @property
    def context(self) -> UserContext:
        """What all users of the agent share."""
        return self._context

    def now(self) -> int:
        """The agent's clock, ns."""
        return self._context.clock()

    def passes_of(self, node: object) -> int:
        """How often the user has passed a node before; counts one more."""
        return self.knowledge.passes_of(node)

    def begin_pause(self) -> bool:
        """The action waits on purpose: its user counts as thinking until `end_pause`. False: a stop allows no wait."""
        now = self._context.clock()
        self._meter.end_request(now)
        self._meter.begin_thinking(now)
        self.slept -= now
        self._doing = PAUSING
        self._has_acted = True
        return not self.must_end

    def end_pause(self) -> None:
        """The action goes on."""
        now = self._context.clock()
        self._meter.end_thinking(now)
        self._meter.begin_request(now)
        self.slept += now
        self._doing = REQUESTING

    def note_wait(self) -> None:
        """The action waited for something that is no message: an iteration with it is not empty."""
        self._has_acted = True

    async def run_steps(self, steps: tuple[CompiledStep, ...]) -> bool:
        """Perform actions in order, with think times; whether the next step may follow.

        Sets `_has_acted` if anything was sent or waited for. The wait after the last step is left in `wait`: before a
        next step it is done there, and at the end of an iteration it is combined with the pacing.
        """
        context, behaviour, sample = self._context, self.behaviour, self._sample
        clock, recorder = context.clock, context.recorder
        for step in steps:
            if self.wait:
                if self.must_end:
                    return False
                until = clock() + self.wait
                self._begin_sleep(until)
                await suspend()
                self._end_sleep(until)
                self.wait = 0
            if self.must_end:
                return False
            action = step.action if step.condition is None else self._choose(step)
            if action is None:
                continue
            started = clock()
            self._step = step
            sample.reset(started)
            recorder.begun += 1
            self._meter.begin_request(started)
            self._doing = REQUESTING
            wait = step.fixed_wait
            try:
                await action.perform(self, sample)
            except Exception as error:
                self._fail(step, sample, error)
            self.wait = self._draw_wait(step) if wait is None else wait
            self._doing = RUNNING
            self._meter.end_request(sample.ended)
            step.record.record(sample)
            if sample.messages:
                self._has_acted = True
            if sample.kind and not await self._goes_on(step, sample):
                return False
            if behaviour.keeps_response:
                keep_response(self.scope, step.name, sample, recorder.index.failures.names[sample.kind])
        return True

    def _draw_wait(self, step: CompiledStep) -> int:
        """The wait after a step, if it is not constant; each takes one word of the slot's stream."""
        assert step.wait_at is not None, "a wait is always the same or drawn"
        try:
            return step.wait_at(self.knowledge.random.unit())
        except Exception as error:
            self._fail(step, self._sample, error)
            return 0

    def _choose(self, step: CompiledStep) -> Action | None:
        """The step's action if its condition holds; one that fails when the condition cannot be evaluated."""
        condition = step.condition
        assert condition is not None, "asked for steps with a condition"
        try:
            if condition.holds(self.scope):
                return step.action
        except Exception as error:
            return Unperformable(error)
        step.record.skip(self._context.clock())
        return None

    async def rest(self) -> bool:
        """Do the wait that is due, or give the loop a turn; False if the user must end."""
        if not self.must_end:
            await self._sleep(self._context.clock() + self.wait)
            self.wait = 0
        return not self.must_end

    async def back_off(self, length: int) -> bool:
        """Wait in the middle of a sample; False if the user must end. The user counts as thinking meanwhile."""
        if self.must_end:
            return False
        context = self._context
        self._meter.end_request(context.clock())
        slept = self.slept
        until = context.clock() + length
        self._begin_sleep(until)
        self._doing = BACKING_OFF
        await suspend()
        self._end_sleep(until)
        # The system makes the user wait, so it is a part of the transaction's time.
        self.slept = slept
        self._meter.begin_request(context.clock())
        self._doing = REQUESTING
        return not self.must_end

    async def wait_at(self, place: WaitingRoom, until: int) -> bool | None:
        """Wait for other users at a place; whether it was opened before `until`. None: the user must end."""
        self._begin_sleep(until)
        place.enter(self)
        try:
            await suspend()
        finally:
            is_met = place.leave(self)
        self._end_sleep(until)
        return None if self.must_end else is_met

    def come(self) -> None:
        """Go on from a place. Each user in a turn of its own: thousands may be there."""
        context = self._context
        if self._timer is not None:
            context.timeline.cancel(self._timer)
            self._timer = context.timeline.at(context.clock(), RESUME, self)

    async def perform_together(self, lanes: Together, parts: Sequence[BehaviourPart], limit: int) -> bool:
        """Perform parts at the same time; whether the next step may follow. The user counts once, as in a request."""
        if self.must_end:
            return False
        self.lanes = lanes
        self.knowledge.scope(self._context.wall_clock, self._context.secrets)
        branches = [self.knowledge.branch() for _ in parts]
        self._has_acted = True
        self._meter.begin_request(self._context.clock())
        self._doing = REQUESTING
        lanes.start(zip(parts, branches, strict=True), limit, self._part)
        if lanes.are_busy:
            await suspend()
        self._doing = RUNNING
        self._meter.end_request(self._context.clock())
        self.knowledge.join(branches)
        goes_on, ending, failure = lanes.take_outcome()
        self.ending = max(self.ending, ending)
        self.first_failure = self.first_failure or failure
        return goes_on and not self.must_end

    async def _sleep(self, until: int) -> None:
        """Wait until `until`, or until a stop wakes the user."""
        self._begin_sleep(until)
        await suspend()
        self._end_sleep(until)

    # `run_steps` and `_iterate` call these two themselves: a coroutine more would take 0.3 KB per thinking user.

    def _begin_sleep(self, until: int) -> None:
        context = self._context
        now = context.clock()
        self._meter.begin_thinking(now)
        self.slept -= now
        self._doing = THINKING
        self._has_acted = True
        self._timer = context.timeline.at(until, RESUME, self)

    def _end_sleep(self, until: int) -> None:
        context = self._context
        self._doing = RUNNING
        now = context.clock()
        self._meter.end_thinking(now)
        self.slept += now
        if self._timer is not None:  # A stop clears the timer: then the user was woken early, not late.
            self._timer = None
            context.recorder.start_late(now - until)

    def fail(self, record: StepRecord, error: Exception) -> bool:
        """Count an expression that failed, as a sample of its step; whether the next step may follow."""
        sample, now = self._sample, self._context.clock()
        sample.reset(now)
        mark_failed(sample, error, now)
        if sample.kind == INTERNAL:
            self._log_bug(record, error)
        self._context.recorder.begun += 1
        record.record(sample)
        self._context.note_failure(record.number, sample)
        self.first_failure = self.first_failure or sample.kind
        return self._part != STARTING

    def _fail(self, step: CompiledStep, sample: Sample, error: Exception) -> None:
        """The action raised `error`: its step fails. The state of its connections is unknown, so they are closed."""
        self._cut_clients()
        mark_failed(sample, error, self._context.clock())
        if sample.kind == INTERNAL:
            self._log_bug(step.record, error)

    async def _goes_on(self, step: CompiledStep, sample: Sample) -> bool:
        """Whether the next step follows one that failed.

        An action that is interrupted without a stop means that the agent's lease is over: the user waits until it is
        cut, or goes on if the lease is renewed.
        """
        if sample.kind != INTERRUPTED:
            self._show_failure(step.record, sample)
            self.first_failure = self.first_failure or sample.kind
            return self.goes_on_after(step.on_failure, f"the step {step.name!r} failed")
        if not self.must_end:
            await self._sleep(self._context.clock() + LEASE_PAUSE)
        return False

    def goes_on_after(self, on_failure: int, reason: str) -> bool:
        """Act on a failure as its step says; whether the next step may follow. In `on_start` none may."""
        if on_failure == ABORT_RUN:
            self._context.abort_run(f"{reason} in the group {self.behaviour.group!r}")
        if on_failure == TOLERATED:
            return True
        if self._part == STARTING:
            return False
        self.ending = max(self.ending, on_failure)
        return on_failure == CONTINUE

    def _log_bug(self, record: StepRecord, error: Exception) -> None:
        series = self._context.recorder.index.steps[record.number]
        self._context.log.log_bug(self.behaviour.group, series, error)

    def _show_failure(self, record: StepRecord, sample: Sample) -> None:
        """Report a failure, then free what was sent and, unless templates read it, the response."""
        self._context.note_failure(record.number, sample)
        sample.request = None
        if not self.behaviour.keeps_response:
            sample.response = None

    def end_soon(self) -> None:
        """Begin no further step; a wait ends now, a request in flight goes on."""
        self.must_end = True
        if self._is_waiting_for_lanes():
            assert self.lanes is not None, "the user waits for them"
            self.lanes.end_soon()
        else:
            self._wake()

    def end_now(self) -> None:
        """Begin no further step; a wait ends now, a request in flight is interrupted."""
        self.must_end = True
        if self._is_waiting_for_lanes():
            assert self.lanes is not None, "the user waits for them"
            self.lanes.end_now()
        elif self._doing == REQUESTING:
            self.client.interrupt()
        else:
            self._wake()

    def end_at_once(self, now: int) -> None:
        """End without being resumed; what is in flight is interrupted."""
        self._clear_timer()
        is_waiting = self._is_waiting_for_lanes()
        if self.lanes is not None and is_waiting:
            self.lanes.cut(now)
        self._cut_clients()
        if self._doing in {THINKING, BACKING_OFF}:
            self._meter.end_thinking(now)
        if self._doing == BACKING_OFF:
            self._meter.begin_request(now)
        if is_waiting:
            self._meter.end_request(now)
        elif self._doing in {REQUESTING, BACKING_OFF}:
            assert self._step is not None, "a user in a request performs a step"
            self._end_request(self._step.record, now, INTERRUPTED)
        self._coroutine.close()

    def _is_waiting_for_lanes(self) -> bool:
        return self.lanes is not None and self.lanes.are_busy

    def _wake(self) -> None:
        if self._doing in {THINKING, BACKING_OFF}:
            self._clear_timer()
            self.resume()
        elif self._doing == PAUSING:
            self.client.interrupt()

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._context.timeline.cancel(self._timer)
            self._timer = None

    def _record_bug(self, error: Exception) -> None:
        """Count a bug in Gradual as a failed sample of the present step; everything is closed."""
        now = self._context.clock()
        record = self.behaviour.some_record if self._step is None else self._step.record
        is_waiting = self._is_waiting_for_lanes()
        if self.lanes is not None and is_waiting:
            self.lanes.cut(now)
        if self._doing in {THINKING, BACKING_OFF}:
            self._clear_timer()
            self._meter.end_thinking(now)
        if self._doing != REQUESTING or is_waiting:
            self._sample.reset(now)
            self._context.recorder.begun += 1
        if self._doing != REQUESTING:
            self._meter.begin_request(now)
        # The bug may be in the client, so that it cannot be cut either: this is logged too.
        for client in self._take_clients():
            try:
                client.cut()
            except Exception as bug:
                self._log_bug(record, bug)
        self._end_request(record, now, INTERNAL, detail_of(error))
        self._log_bug(record, error)
        self._show_failure(record, self._sample)

    def _end_request(self, record: StepRecord, now: int, kind: int, detail: str = "") -> None:
        """End the present action with this outcome."""
        sample = self._sample
        self._doing = RUNNING
        sample.kind = kind
        sample.detail = detail
        sample.ended = now
        self._meter.end_request(now)
        record.record(sample)

    def _cut_clients(self) -> None:
        for client in self.own_clients():
            client.cut()
