"""Performs the steps of a virtual user: one after another, with think times in between.

The coroutine suspends in two places only: in a client's fetch, and in `_sleep`. The engine or the timeline then calls
`resume`, and the user runs synchronously until it waits again.

Every step that starts is recorded once. An exception of an action is a failure of its step (`context`): the connections
of its user are closed, and the user goes on as after any failure.

Hot path (docs/design/style.md, 16): plain attributes and local names; measurements are in `user`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine, Iterable
from operator import methodcaller
from typing import Any

from gradual_agent.kinds.kind import Action, Client, Engine, Unperformable
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.runtime.suspension import suspend
from gradual_agent.runtime.timeline import Entry
from gradual_agent.users.behaviour import Behaviour, CompiledStep
from gradual_agent.users.context import INTERNAL, UserContext, mark_failed
from gradual_agent.users.knowledge import Knowledge, Rows, keep_response
from gradual_common.clock import NS_PER_MS

LEASE_PAUSE = 100 * NS_PER_MS
"""How long a user waits after its agent's lease has ended."""

STARTING, ITERATING, LEAVING = range(3)
"""Which section a user performs: `on_start`, `behavior`, `on_stop`."""

RUNNING, REQUESTING, THINKING = range(3)
"""What a suspended user waits for: a response, or an instant. Plain numbers: reading an enum member takes 50 ns."""

NO_CLIENTS: dict[Engine, Client] = {}
"""Shared by all users whose steps are of one kind; never changed."""

RESUME = methodcaller("resume")
"""One for all users: a bound method would take 64 bytes per thinking user."""


class StepRunner(ABC):
    """The part of a user that actions see, and that performs steps."""

    __slots__ = ("_client", "_clients", "_context", "_coroutine", "_doing", "_has_acted", "_knowledge", "_meter",
                 "_must_end", "_part", "_sample", "_step", "_timer", "_wait", "behaviour", "ordinal")  # fmt: skip

    _coroutine: Coroutine[None, Any, bool]

    def __init__(self, context: UserContext, behaviour: Behaviour, ordinal: int, tenure: int, rows: Rows) -> None:
        self._context = context
        self.behaviour = behaviour
        self.ordinal = ordinal
        self._knowledge = Knowledge(behaviour, context.seed, ordinal, tenure, rows)
        self._meter = behaviour.meter
        self._sample = Sample(ordinal)
        self._step: CompiledStep | None = None
        self._client: Client | None = None
        self._clients = NO_CLIENTS
        self._part = STARTING
        self._doing = RUNNING
        self._must_end = False
        """The present step is the last one: the user's wait is ended, and `_run_steps` returns."""
        self._has_acted = False
        self._wait = 0
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
        # Users of one kind have one client, and need no table; those of several have nothing but the table.
        assert self._step is not None, "clients are asked for by steps"
        engine, behaviour = self._step.engine, self.behaviour
        client = self._clients.get(engine)
        if client is None:
            client = engine.client(self, behaviour.cookies, behaviour.connections)
            if behaviour.mixes_kinds:
                self._clients = {**self._clients, engine: client}
            else:
                self._client = client
        return client

    def _own_clients(self) -> Iterable[Client]:
        """All clients that exist."""
        return self._clients.values() or (() if self._client is None else (self._client,))

    def _take_clients(self) -> Iterable[Client]:
        clients = self._own_clients()
        self._client, self._clients = None, NO_CLIENTS
        return clients

    @property
    def scope(self) -> dict[str, Any]:
        """What templates read in this iteration; extracted variables are set in it."""
        return self._knowledge.scope(self._context.wall_clock, self._context.secrets)

    def now(self) -> int:
        """The agent's clock, ns."""
        return self._context.clock()

    async def _run_steps(self, steps: tuple[CompiledStep, ...]) -> bool:
        """Perform the steps in order, with think times; whether the last one was reached.

        Sets `_has_acted` if anything was sent or waited for. The wait after the last step is left in `_wait`:
        `_iterate` combines it with the pacing.
        """
        context, behaviour, sample = self._context, self.behaviour, self._sample
        clock, recorder = context.clock, context.recorder
        self._has_acted, self._wait = False, 0
        for step in steps:
            if self._wait:
                until = clock() + self._wait
                self._begin_sleep(until)
                await suspend()
                self._end_sleep(until)
                self._wait = 0
            if self._must_end:
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
            self._wait = self._draw_wait(step) if wait is None else wait
            self._doing = RUNNING
            self._meter.end_request(sample.ended)
            step.record.record(sample)
            if sample.messages:
                self._has_acted = True
            if sample.kind and not await self._goes_on(sample):
                return False
            if behaviour.keeps_response:
                keep_response(self.scope, step.name, sample, recorder.index.failures.names[sample.kind])
        return True

    def _draw_wait(self, step: CompiledStep) -> int:
        """The wait after a step, if it is not constant; each takes one word of the slot's stream."""
        assert step.wait_at is not None, "a wait is always the same or drawn"
        try:
            return step.wait_at(self._knowledge.random.unit())
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

    async def _sleep(self, until: int) -> None:
        """Wait until `until`, or until a stop wakes the user."""
        self._begin_sleep(until)
        await suspend()
        self._end_sleep(until)

    # `_run_steps` and `_iterate` call these two themselves: a coroutine more would take 0.3 KB per thinking user.

    def _begin_sleep(self, until: int) -> None:
        context = self._context
        self._meter.begin_thinking(context.clock())
        self._doing = THINKING
        self._has_acted = True
        self._timer = context.timeline.at(until, RESUME, self)

    def _end_sleep(self, until: int) -> None:
        context = self._context
        self._doing = RUNNING
        now = context.clock()
        self._meter.end_thinking(now)
        if self._timer is not None:  # A stop clears the timer: then the user was woken early, not late.
            self._timer = None
            context.recorder.start_late(now - until)

    def _fail(self, step: CompiledStep, sample: Sample, error: Exception) -> None:
        """The action raised `error`: its step fails. The state of its connections is unknown, so they are closed."""
        self._cut_client()
        mark_failed(sample, error, self._context.clock())
        if sample.kind == INTERNAL:
            self._context.log.log_bug(self.behaviour, step, error)

    async def _goes_on(self, sample: Sample) -> bool:
        """Whether the next step follows one that failed: `on_failure` is `continue`, but not in `on_start`.

        An action that is interrupted without a stop means that the agent's lease is over: the user waits until it is
        cut, or goes on if the lease is renewed.
        """
        if sample.kind != INTERRUPTED:
            self._show_failure(sample)
            return self._part != STARTING
        if not self._must_end:
            await self._sleep(self._context.clock() + LEASE_PAUSE)
        return False

    def _show_failure(self, sample: Sample) -> None:
        """Report a failure, then free what was sent and, unless templates read it, the response."""
        assert self._step is not None, "a user whose action failed performs a step"
        self._context.note_failure(self._step.record.number, sample)
        sample.request = None
        if not self.behaviour.keeps_response:
            sample.response = None

    def _cut_client(self) -> None:
        for client in self._own_clients():
            client.cut()
