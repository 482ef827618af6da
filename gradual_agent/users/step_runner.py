"""Performs the actions of a virtual user: one after another, with think times in between.

The coroutine suspends in three places only: in a client's fetch, in a wait (`waits`), and while its lanes are at work
(`lanes`). The engine, the timeline or the last lane then calls `resume`, and the user runs synchronously until it waits
again.

Every step that starts is recorded once. An exception of an action is a failure of its step (`context`): the connections
of its user are closed, and the user goes on as after any failure.

Hot path (docs/design/style.md, 16): plain attributes and local names; measurements are in `user`.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradual_agent.kinds.kind import Action, Unperformable
from gradual_agent.recording.step_record import StepRecord
from gradual_agent.runtime.sample import INTERRUPTED, Sample
from gradual_agent.runtime.suspension import suspend
from gradual_agent.users.behaviour import ABORT_RUN, CONTINUE, TOLERATED, BehaviourPart, CompiledStep
from gradual_agent.users.context import INTERNAL, detail_of, mark_failed
from gradual_agent.users.knowledge import keep_response
from gradual_agent.users.user_state import BACKING_OFF, REQUESTING, RUNNING, STARTING, THINKING, Together
from gradual_agent.users.waits import WaitingUser
from gradual_common.clock import NS_PER_MS

LEASE_PAUSE = 100 * NS_PER_MS
"""How long a user waits after its agent's lease has ended."""


class StepRunner(WaitingUser):
    """The part of a user that actions and flow steps see, and that performs actions."""

    __slots__ = ()

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
