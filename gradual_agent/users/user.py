"""The virtual user: a coroutine without a task, which runs its group's behaviour until it is told to stop.

    on_start ──▶ iteration, iteration, … ──▶ on_stop ──▶ end
       └─failed─▶ 1 s, then afresh in the same seat

The coroutine suspends in two places only: in a client's fetch, and in `_sleep`. Whoever completes the wait calls
`resume`, and the user runs on, synchronously, until it waits again.

A stop changes nothing by itself: it notes what must end when, and wakes the user if it thinks. An iteration that
neither sent nor waited sleeps 100 ms, so that no user can spin, whatever its plan says. An action that is interrupted
though nobody told the user to stop means that the agent's lease is over: the user waits, and is cut or goes on.

Every step that begins is recorded once. What an action raises is a failure of its step (`unforeseen`): its user's
connections are closed, and it goes on as after any failure. What is raised elsewhere is our mistake, too: it is
recorded as one more step that failed, so that the run cannot pass, and the seat is filled again.

An iteration's time ends with its last step: the wait after that lies between two iterations.

Hot path (STYLE 16): plain attributes and local names. Measured on one busy core, user, action and recorder together, on
top of a fetch that does nothing: 2.7 µs for an iteration of one static request with think time 0 (1.9 µs a step in
longer ones), 3.5 µs with a status code and a response time asserted. An idle user takes 2.1 KB, 2.6 KB when its group
has templates, its entry in the timeline included and its client left out.
"""

from __future__ import annotations

from typing import Any

from gradual_agent.kinds.action import Action, Client, Unperformable
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.runtime.suspension import suspend
from gradual_agent.runtime.timeline import Entry
from gradual_agent.users.behaviour import Behaviour, CompiledStep
from gradual_agent.users.knowledge import Knowledge, Rows, keep_response
from gradual_agent.users.unforeseen import INTERNAL, detail_of, mark_failed
from gradual_agent.users.world import World
from gradual_common.clock import NS_PER_MS, NS_PER_S

EMPTY_PAUSE = 100 * NS_PER_MS
LEASE_PAUSE = 100 * NS_PER_MS
REPLACEMENT_PAUSE = NS_PER_S
NEVER = 1 << 62

STARTING, ITERATING, LEAVING = range(3)
"""The part of its life a user is in: `on_start`, iterations, `on_stop`."""

RUNNING, REQUESTING, THINKING = range(3)
"""What a suspended user waits for: a response, or an instant. Plain numbers: an enumeration costs 50 ns a look."""


class VirtualUser:
    """One user in its seat. `tenure`: which holder of the slot it is.

    `is_replaced`: after a failure that ends it, a fresh user takes the seat.
    """

    is_replaced = True

    __slots__ = ("_alarm", "_client", "_coroutine", "_doing", "_end_by", "_hands_over", "_has_acted", "_in_iteration",
                 "_knowledge", "_leave_by", "_meter", "_must_end", "_part", "_sample", "_step", "_timer", "_wait",
                 "_world", "behaviour", "is_stopping", "ordinal", "tenure")  # fmt: skip

    def __init__(self, world: World, behaviour: Behaviour, ordinal: int, tenure: int, rows: Rows) -> None:
        self._world = world
        self.behaviour = behaviour
        self.ordinal = ordinal
        self.tenure = tenure
        self.is_stopping = False
        self._knowledge = Knowledge(behaviour, world.seed, ordinal, tenure, rows)
        self._meter = behaviour.meter
        self._sample = Sample(ordinal)
        self._step: CompiledStep | None = None
        self._client: Client | None = None
        self._part = STARTING
        self._doing = RUNNING
        self._must_end = False
        self._hands_over = False
        self._in_iteration = False
        self._has_acted = False
        self._wait = 0
        self._end_by = self._leave_by = NEVER
        self._timer: Entry | None = None
        self._alarm: Entry | None = None
        self._coroutine = self._live()

    # ── What an action sees ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def client(self) -> Client:
        """The user's client; made when first needed."""
        client = self._client
        if client is None:
            behaviour = self.behaviour
            client = self._client = self._world.engine.client(self, behaviour.cookies, behaviour.connections)
        return client

    @property
    def scope(self) -> dict[str, Any]:
        """What templates read in this iteration; extracted variables are set in it."""
        return self._knowledge.scope(self._world.wall_clock, self._world.secrets)

    def now(self) -> int:
        """The agent's clock, ns."""
        return self._world.clock()

    # ── What others do to it ───────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Take the seat; returns when the user waits for the first time."""
        self._meter.enter(self._world.clock())
        self.resume()

    def resume(self, value: Any = None) -> None:
        """Continue until the next wait, or to the end."""
        try:
            self._coroutine.send(value)
        except StopIteration as finished:
            self._end(bool(finished.value))
        except Exception as error:
            self._recover(error)

    def stop(self, deadline: int, on_stop_deadline: int, *, hands_over: bool = False) -> None:
        """End: at once when thinking, else after the request in flight, at the latest at `deadline`.

        `hands_over`: after the iteration, and until then the user is as active as ever; another agent goes on with its
        slot. `on_stop` has until `on_stop_deadline`. Told again, the earlier instants hold.
        """
        self._leave_by = min(self._leave_by, on_stop_deadline)
        if self._part == LEAVING:
            self._set_alarm(self._leave_by)
            return
        self._hands_over = hands_over and not self.is_stopping
        if not (self._hands_over or self.is_stopping):
            self._begin_stopping()
        self._end_by = min(self._end_by, deadline)
        self._set_alarm(self._end_by)
        if not (self._in_iteration and (self._hands_over or self.behaviour.finishes_iteration)):
            self._must_end = True
            self._wake_if_thinking()

    def cut(self) -> None:
        """End here and now: no `on_stop`, what is in flight is interrupted, nobody is told."""
        now = self._world.clock()
        self._clear_alarm()
        self._clear_timer()
        self._cut_client()
        if self._doing == REQUESTING:
            self._end_request(now, INTERRUPTED)
        if self._doing == THINKING:
            self._meter.end_thinking(now)
        self._leave_meter(now)
        self._coroutine.close()

    # ── Stopping ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin_stopping(self) -> None:
        """From here on the user counts as stopping, whatever it does."""
        now = self._world.clock()
        meter, aside = self._meter, self._world.recorder.aside
        if self._doing == REQUESTING:
            meter.end_request(now)
            aside.begin_request(now)
        elif self._doing == THINKING:
            meter.end_thinking(now)
            aside.begin_thinking(now)
        meter.begin_stopping(now)
        self._meter = aside
        self.is_stopping = True

    def _set_alarm(self, when: int) -> None:
        self._clear_alarm()
        self._alarm = self._world.timeline.at(when, VirtualUser._run_out_of_time, self)

    def _clear_alarm(self) -> None:
        if self._alarm is not None:
            self._world.timeline.cancel(self._alarm)
            self._alarm = None

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._world.timeline.cancel(self._timer)
            self._timer = None

    def _run_out_of_time(self) -> None:
        self._alarm = None
        self._must_end = True
        if self._doing == REQUESTING:
            self.client.interrupt()
        else:
            self._wake_if_thinking()

    def _wake_if_thinking(self) -> None:
        if self._doing == THINKING:
            self._clear_timer()
            self.resume()

    # ── Life ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _live(self) -> bool:
        """From the first step to the last; whether the user has ended for good."""
        while not await self._start():
            if self._must_end or not await self._wait_for_replacement():
                return False
        is_finished = False if self._must_end else await self._iterate()
        await self._leave()
        return is_finished

    async def _start(self) -> bool:
        """Run `on_start`. A user that is told to stop in the middle of it has begun all the same, and leaves."""
        behaviour = self.behaviour
        self._part = STARTING
        if behaviour.on_start:
            is_complete = await self._run_steps(behaviour.on_start)
            if not is_complete and not (self._must_end and self._sample.kind in (0, INTERRUPTED)):
                return False
            self._knowledge.keep_variables()
            self._end_iteration()
            if self._wait and not self._must_end:
                await self._sleep(self._world.clock() + self._wait)
        self._part = ITERATING
        return True

    async def _iterate(self) -> bool:
        """Iterations until the user is told to stop (False) or has done them all (True)."""
        behaviour, clock, knowledge = self.behaviour, self._world.clock, self._knowledge
        steps, pacing, ends_iterations = behaviour.steps, behaviour.pacing, behaviour.ends_iterations
        intended = began = clock()
        while not self._must_end:
            if knowledge.is_used:
                knowledge.begin_iteration()
            self._in_iteration = True
            is_complete = await self._run_steps(steps)
            self._in_iteration = False
            ended = clock()
            if ends_iterations:
                self._end_iteration()
            if is_complete:
                intended = max(intended + pacing, ended) if pacing else ended
                is_empty = not (self._has_acted or self._wait or intended > ended)
                behaviour.meter.finish_iteration(ended, ended - began, is_empty)
                knowledge.iteration += 1
                if knowledge.iteration == behaviour.iterations:
                    return True
                is_last = self.is_stopping or self._hands_over
                if not is_last and (is_empty or self._wait or intended > ended):
                    await self._rest(ended, intended, is_empty)
                    ended = clock()
            if self.is_stopping or self._hands_over:
                break
            began = ended
        return False

    async def _rest(self, ended: int, intended: int, is_empty: bool) -> None:
        """Wait between two iterations: the last step's think time, and until the next is due by its cadence."""
        if is_empty:
            self._world.warn_empty(self.behaviour)
            self._wait = EMPTY_PAUSE
        await self._sleep(max(ended + self._wait, intended))

    async def _leave(self) -> None:
        """Run `on_stop`, within its time."""
        self._part = LEAVING
        self._must_end = False
        if not self.behaviour.on_stop:
            return
        if not self.is_stopping:
            self._begin_stopping()
            self._leave_by = self._world.clock() + self._world.graceful_stop
        if self._world.clock() < self._leave_by:
            self._set_alarm(self._leave_by)
            await self._run_steps(self.behaviour.on_stop)

    async def _run_steps(self, steps: tuple[CompiledStep, ...]) -> bool:
        """Perform the steps in order, thinking between them; whether all were passed.

        The wait after the last one is left in `_wait`; whether anything was sent or waited for in `_has_acted`.
        """
        world, behaviour, sample = self._world, self.behaviour, self._sample
        clock, recorder = world.clock, world.recorder
        self._has_acted = False
        self._wait = 0
        for step in steps:
            if self._wait:
                await self._sleep(clock() + self._wait)
                self._has_acted = True
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
            wait = step.thinking.fixed
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
                keep_response(self.scope, step.name, sample)
        return True

    def _draw_wait(self, step: CompiledStep) -> int:
        """The wait after a step, where it is not always the same."""
        try:
            return step.thinking.draw(self._knowledge.random)
        except Exception as error:
            self._fail(step, self._sample, error)
            return 0

    def _fail(self, step: CompiledStep, sample: Sample, error: Exception) -> None:
        """The action raised: a failure of its step. Nobody knows how far it came, so its connections are closed."""
        self._cut_client()
        mark_failed(sample, error, self._world.clock())
        if sample.kind == INTERNAL:
            self._world.note_unforeseen(self.behaviour, step, error)

    async def _goes_on(self, sample: Sample) -> bool:
        """Whether the next step follows a failed one: `on_failure` is `continue`, but not in `on_start`."""
        if sample.kind != INTERRUPTED:
            self._show_failure(sample)
            return self._part != STARTING
        if not self._must_end:
            await self._sleep(self._world.clock() + LEASE_PAUSE)
        return False

    def _show_failure(self, sample: Sample) -> None:
        """Nobody needs what was sent, or a large error's body, any longer."""
        assert self._step is not None, "a user whose action failed performs a step"
        self._world.note_failure(self._step.record.number, sample)
        sample.request = None
        if not self.behaviour.keeps_response:
            sample.response = None

    def _choose(self, step: CompiledStep) -> Action | None:
        """The step's action if its condition holds; one that fails when the condition cannot be evaluated."""
        condition = step.condition
        assert condition is not None, "asked for steps with a condition"
        try:
            if condition.holds(self.scope):
                return step.action
        except Exception as error:
            return Unperformable(error)
        step.record.skip(self._world.clock())
        return None

    async def _sleep(self, until: int) -> None:
        """Think until `until`, or until a stop wakes the user."""
        world = self._world
        self._meter.begin_thinking(world.clock())
        self._doing = THINKING
        self._timer = world.timeline.at(until, VirtualUser.resume, self)
        await suspend()
        self._doing = RUNNING
        now = world.clock()
        self._meter.end_thinking(now)
        if self._timer is not None:
            self._timer = None
            world.recorder.start_late(now - until)

    def _end_iteration(self) -> None:
        """Connections and cookies that do not outlive an iteration end before the wait after it."""
        if self.behaviour.ends_iterations and self._client is not None:
            self._client.end_iteration()

    # ── Replacement and end ────────────────────────────────────────────────────────────────────────────────────────

    async def _wait_for_replacement(self) -> bool:
        """A fresh user takes the same seat after a while; whether it may still come."""
        self._drop_client()
        self._knowledge.forget()
        if not self.is_replaced:
            return False
        await self._sleep(self._world.clock() + REPLACEMENT_PAUSE)
        return not self._must_end

    def _recover(self, error: Exception) -> None:
        """A mistake of ours: a step has failed by it, and the seat is filled again as after a failed `on_start`."""
        now, step = self._world.clock(), self._step or (self.behaviour.on_start or self.behaviour.steps)[0]
        if self._doing == THINKING:
            self._clear_timer()
            self._meter.end_thinking(now)
        if self._doing != REQUESTING:
            self._begin_request(step, now)
        self._give_up_client(step)
        self._end_request(now, INTERNAL, detail_of(error))
        self._world.note_unforeseen(self.behaviour, step, error)
        self._show_failure(self._sample)
        self._coroutine = self._live_again()
        self.resume()

    def _give_up_client(self, step: CompiledStep) -> None:
        client, self._client = self._client, None
        try:
            if client is not None:
                client.cut()
        except Exception as error:
            self._world.note_unforeseen(self.behaviour, step, error)

    async def _live_again(self) -> bool:
        if self.is_stopping or self._hands_over or not await self._wait_for_replacement():
            return False
        return await self._live()

    def _begin_request(self, step: CompiledStep, now: int) -> None:
        """As `_run_steps` does, which has it written out: a call there costs every step."""
        self._step = step
        self._sample.reset(now)
        self._world.recorder.begun += 1
        self._meter.begin_request(now)
        self._doing = REQUESTING

    def _end_request(self, now: int, kind: int, detail: str = "") -> None:
        """The action under way ends with this outcome."""
        sample, step = self._sample, self._step
        assert step is not None, "a user in a request performs a step"
        self._doing = RUNNING
        sample.kind = kind
        sample.detail = detail
        sample.ended = now
        self._meter.end_request(now)
        step.record.record(sample)

    def _cut_client(self) -> None:
        if self._client is not None:
            self._client.cut()

    def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _end(self, is_finished: bool) -> None:
        self._clear_alarm()
        self._leave_meter(self._world.clock())
        self._drop_client()
        self._world.end(self, is_finished)

    def _leave_meter(self, now: int) -> None:
        meter = self.behaviour.meter
        if self.is_stopping:
            meter.end_stopping(now)
        else:
            meter.leave(now)
