"""The virtual user: a coroutine without a task, which runs its group's behaviour until it is asked to stop.

    on_start ──▶ iteration, iteration, … ──▶ on_stop ──▶ end
       └─failed─▶ 1 s, then again, as a new user, in the same slot ◀─ on_stop ◀─ a step that ends its user

A stop only notes what must end when, and wakes a thinking user. After an iteration that sent no request and did not
wait, a user sleeps 100 ms, so that no plan makes a busy loop.

An exception outside of an action is a bug in Gradual. It is recorded as one more failed step, so that the run cannot
pass, and a new user takes the slot.

An iteration's time ends with its last step: the wait after that lies between two iterations.

Hot path (docs/design/style.md, 16): plain attributes and local names. Measured on one busy core, user, action and
recorder together, with a fetch that does nothing: 1.4 µs for an iteration of one static request with think time 0 (1.0
µs a step in longer ones), 1.6 µs with a status code and a response time asserted. An idle user takes 2.1 KB, 2.6 KB
when its group has templates, its entry in the timeline included and its client left out.
"""

from __future__ import annotations

from typing import Any

from gradual_agent.coordination.pool import UserEnded
from gradual_agent.coordination.supplies import AgentSupply
from gradual_agent.runtime.sample import INTERRUPTED
from gradual_agent.runtime.suspension import suspend
from gradual_agent.runtime.timeline import Entry
from gradual_agent.users.behaviour import ABORT_RUN, CONTINUE, END_ITERATION, ROWS_USED_UP, Behaviour
from gradual_agent.users.context import UserContext
from gradual_agent.users.knowledge import Knowledge, Rows
from gradual_agent.users.step_runner import StepRunner
from gradual_agent.users.user_state import ITERATING, LEAVING, REQUESTING, RUNNING, STARTING, THINKING
from gradual_agent.users.waits import RESUME
from gradual_common.clock import NEVER, NS_PER_MS, NS_PER_S

STOPPED, FINISHED, GAVE_UP = range(3)
"""Why iterations end: the user was asked to stop, has done all of them, or `on_failure` says so."""

EMPTY_PAUSE = 100 * NS_PER_MS
REPLACEMENT_PAUSE = NS_PER_S


class VirtualUser(StepRunner):
    """One user in its slot. `tenure`: which assignment of the slot it belongs to."""

    __slots__ = ("_alarm", "_end_by", "_hands_over", "_in_iteration", "_leave_by", "is_stopping", "tenure")

    def __init__(self, context: UserContext, behaviour: Behaviour, ordinal: int, tenure: int, rows: Rows) -> None:
        super().__init__(context, behaviour, ordinal, Knowledge(behaviour, context.seed, ordinal, tenure, rows))
        self.tenure = tenure
        self.is_stopping = False
        self._hands_over = False
        self._in_iteration = False
        self._end_by = self._leave_by = NEVER
        self._alarm: Entry | None = None
        self._coroutine = self._live()

    def start(self) -> None:
        """Start; returns at the first wait, with the first request written."""
        self._meter.enter(self._context.clock())
        self.resume()

    def resume(self, value: Any = None) -> None:
        """Continue until the next wait, or to the end."""
        try:
            self._coroutine.send(value)
        except StopIteration as finished:
            self._end(bool(finished.value))
        except Exception as error:
            self._recover(error)

    def stop(self, deadline: int, *, hands_over: bool = False) -> None:
        """End: at once when thinking, else after the request in flight, at the latest at `deadline`.

        `on_stop` gets the same time again. With `hands_over` the user finishes its iteration and stays active until
        then, as another agent takes over its slot. A second call can only shorten the deadlines.
        """
        again = max(0, deadline - self._context.clock())
        self._leave_by = min(self._leave_by, deadline + again)
        self._hands_over = hands_over and not self.is_stopping
        if not (self._hands_over or self.is_stopping):
            self._begin_stopping()
        if self._part == LEAVING:
            self._set_alarm(self._leave_by)
            return
        self._end_by = min(self._end_by, deadline)
        self._set_alarm(self._end_by)
        if not (self._in_iteration and (self._hands_over or self.behaviour.finishes_iteration)):
            self.end_soon()

    def cut(self) -> None:
        """End at once: no `on_stop`, the request in flight is interrupted, and `end` is not called."""
        now = self._context.clock()
        self._clear_alarm()
        self.end_at_once(now)
        self._leave_meter(now)

    @property
    def extracted(self) -> dict[str, Any]:
        """The variables that its `on_start` has set so far."""
        return self.knowledge.extracted

    def _begin_stopping(self) -> None:
        """From now on the user counts as stopping only, also in requests and think times."""
        # Its requests and waits go to a meter that is never read, so that the step code needs no condition for it.
        now = self._context.clock()
        meter, unread = self._meter, self._context.recorder.unread_meter
        if self._doing == REQUESTING:
            meter.end_request(now)
            unread.begin_request(now)
        elif self._doing != RUNNING:
            meter.end_thinking(now)
            unread.begin_thinking(now)
        meter.begin_stopping(now)
        self._meter = unread
        self.is_stopping = True

    def _set_alarm(self, when: int) -> None:
        self._clear_alarm()
        self._alarm = self._context.timeline.at(when, VirtualUser._run_out_of_time, self)

    def _clear_alarm(self) -> None:
        if self._alarm is not None:
            self._context.timeline.cancel(self._alarm)
            self._alarm = None

    def _run_out_of_time(self) -> None:
        self._alarm = None
        self.end_now()

    async def _live(self, again: bool = False) -> bool:
        """From the first step to the last; `again`: after a bug. True if the user has ended for good."""
        if again and (self._is_leaving or not await self._wait_for_replacement()):
            return False
        while True:
            while not await self._start():
                if self.must_end or not await self._wait_for_replacement():
                    return False
            outcome = STOPPED if self.must_end else await self._iterate()
            await self._leave(outcome)
            if outcome != GAVE_UP or self._is_leaving:
                return outcome == FINISHED
            if not await self._wait_for_replacement():
                return False

    @property
    def _is_leaving(self) -> bool:
        """Asked to stop, in one way or the other."""
        return self.is_stopping or self._hands_over

    async def _start(self) -> bool:
        """Run `on_start`. A user that is stopped in the middle of it counts as started, and runs `on_stop`."""
        self._part = STARTING
        self._has_acted, self.wait = False, 0
        if self.behaviour.on_start is not None:
            is_complete = await self.behaviour.on_start.run(self)
            if not is_complete and not (self.must_end and self._sample.kind in (0, INTERRUPTED)):
                return False
            self.knowledge.keep_variables()
            self._end_iteration()
            if self.wait and not self.must_end:
                await self._sleep(self._context.clock() + self.wait)
        self._part = ITERATING
        return True

    async def _iterate(self) -> int:
        """Iterations until the user is asked to stop, has done them all, or gives up."""
        # `intended`: when the next iteration is due by the pacing. An iteration that takes longer than the pacing
        # delays the next one, and `max` moves the schedule with it: later iterations do not catch up in a burst.
        # `due`: when it should have begun; a slow iteration before it does not move that. So both times are measured:
        # what the iteration took, and how late its user had what it came for.
        # An iteration is empty if it sent nothing, and no think time and no pacing makes the user wait.
        behaviour, clock, knowledge = self.behaviour, self._context.clock, self.knowledge
        pacing, ends_iterations = behaviour.pacing, behaviour.ends_iterations
        perform, argument = behaviour.body.bind(self)
        due = intended = began = clock()
        while not self.must_end:
            if knowledge.is_used:
                knowledge.begin_iteration()
            self._in_iteration = True
            self._has_acted, self.wait = False, 0
            is_complete = await perform(argument)
            self._in_iteration = False
            ended = clock()
            if ends_iterations:
                self._end_iteration()
            if not is_complete and self.ending == END_ITERATION:
                self.ending = CONTINUE
                is_complete = not self.must_end
            if is_complete:
                next_due = intended + pacing
                intended = max(next_due, ended) if pacing else ended
                is_empty = not (self._has_acted or self.wait or intended > ended)
                behaviour.meter.finish_iteration(ended, ended - began, is_empty)
                if pacing:
                    behaviour.meter.add_paced(ended - due)
                    due = next_due
                knowledge.iteration += 1
                if knowledge.iteration == behaviour.iterations:
                    return FINISHED
                is_last = self.is_stopping or self._hands_over
                if not is_last and (is_empty or self.wait or intended > ended):
                    until = self._rest_until(ended, intended, is_empty)
                    self._begin_sleep(until)
                    await suspend()
                    self._end_sleep(until)
                    ended = clock()
            elif self.ending:
                return FINISHED if self.ending == ROWS_USED_UP else GAVE_UP
            if self.is_stopping or self._hands_over:
                break
            began = ended
        return STOPPED

    async def await_row(self, supply: AgentSupply) -> bool:
        """Wait until a row may be there: the iteration has not begun yet. False if the user must end."""
        clock = self._context.clock
        self._in_iteration = False
        now = clock()
        self._meter.begin_thinking(now)
        self.slept -= now
        self._doing = THINKING
        self._has_acted = True
        supply.join(self)
        try:
            await suspend()
        finally:
            supply.leave(self)
        self._timer = None
        self._doing = RUNNING
        now = clock()
        self._meter.end_thinking(now)
        self.slept += now
        if self.must_end:
            supply.pass_on()
            return False
        self._in_iteration = True
        return True

    def note_row(self) -> None:
        """A row has come, or none will come any more: a user that waits goes on in a turn of its own."""
        self._timer = self._context.timeline.at(self._context.clock(), RESUME, self)

    def use_row(self, name: str, row: dict[str, Any]) -> None:
        """Let templates read the row in this iteration."""
        self.knowledge.use_row(name, row)

    def run_out(self, reason: str, *, aborts: bool) -> bool:
        """No row is left: the slot ends for good, or the whole run ends."""
        if aborts:
            self._context.abort_run(f"{reason} in the group {self.behaviour.group!r}")
        self.ending = ABORT_RUN if aborts else ROWS_USED_UP
        return False

    def _rest_until(self, ended: int, intended: int, is_empty: bool) -> int:
        """Until when a user waits between two iterations: the last step's think time, and the pacing of the next."""
        if is_empty:
            self._context.log.warn_empty(self.behaviour)
            self.wait = EMPTY_PAUSE
        return max(ended + self.wait, intended)

    def _end_iteration(self) -> None:
        """Drop connections and cookies that last one iteration, before the wait after it."""
        if self.behaviour.ends_iterations:
            for client in self.own_clients():
                client.end_iteration()

    async def _leave(self, outcome: int) -> None:
        """Run `on_stop`, within its time. A user that gave up is active until it has done so."""
        self._part = LEAVING
        self.must_end = False
        self.ending = CONTINUE
        if self.behaviour.on_stop is None:
            return
        if not self._is_leaving:
            if outcome != GAVE_UP:
                self._begin_stopping()
            self._leave_by = self._context.clock() + self._context.graceful_stop
        if self._context.clock() < self._leave_by:
            self._set_alarm(self._leave_by)
            self.wait = 0
            await self.behaviour.on_stop.run(self)
        if not self._is_leaving:
            self._clear_alarm()
            self._leave_by = NEVER

    async def _wait_for_replacement(self) -> bool:
        """Wait until a new user takes the same slot; False if none does."""
        self._part = STARTING
        self.must_end = self._is_leaving
        self._drop_clients()
        self.knowledge.forget()
        if self.must_end or not self._context.replaces_users:
            return False
        await self._sleep(self._context.clock() + REPLACEMENT_PAUSE)
        return not self.must_end

    def _recover(self, error: Exception) -> None:
        """A bug: record it as a failed step; a new user takes the slot, as after a failed `on_start`."""
        self._record_bug(error)
        self._coroutine = self._live(again=True)
        self.resume()

    def _drop_clients(self) -> None:
        for client in self._take_clients():
            client.close()

    def _end(self, is_finished: bool) -> None:
        self._clear_alarm()
        self._leave_meter(self._context.clock())
        self._drop_clients()
        self._context.end(UserEnded((self.behaviour.number, self.ordinal), self.tenure, is_finished))

    def _leave_meter(self, now: int) -> None:
        meter = self.behaviour.meter
        if self.is_stopping:
            meter.end_stopping(now)
        else:
            meter.leave(now)
