"""How a run ends: why, whether something is still to be torn down, and what agents are told."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gradual_common.clock import NS_PER_S
from gradual_common.language.document import ONCE, SETUP, TEARDOWN
from gradual_master.coordination.events import CloseInterval, End, Signal
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.lifecycle import LifeCycle, RunEvent
from gradual_master.coordination.stages.once import OncePerRun

LAST_REPORT_WAIT_NS = 3 * NS_PER_S
"""How long the report of a set-up or teardown that was cut is awaited."""


@dataclass(eq=False, slots=True)
class RunEnding:
    """Ends the run, after its teardown if that is due."""

    life: LifeCycle
    fleet: Fleet
    intake: Intake
    once: OncePerRun
    out: Instructions
    signal: Signal | None = field(init=False, default=None)
    """The first signal that stopped the run; None if it was not stopped from outside."""
    failure: str | None = field(init=False, default=None)
    """Why the run failed; None if it did not."""
    aborted: str | None = field(init=False, default=None)
    """Why the plan ended the run: an objective, or a user; None if it did not."""
    was_cut: bool = field(init=False, default=False)
    """Whether the run was stopped a second time."""
    _reason: str = field(init=False, default="")
    """What agents are told after the teardown."""
    _recalled_until: int = field(init=False, default=0)
    """Run time until which the report of a section that was cut is awaited."""

    def fail(self, reason: str, now: int) -> None:
        """End the run: it cannot be continued."""
        self.report_failure(reason)
        self.end(RunEvent.FAILED, f"the run could not be done: {reason}", now)

    def report_failure(self, reason: str) -> None:
        """Keep why the run failed."""
        self.failure = reason
        self.out.note("error", reason)

    def end(self, event: RunEvent, reason: str, now: int) -> None:
        """Finish, or begin the teardown and finish after it; a section that is going on is cut, and reports that."""
        if self._begin_teardown(now) or self._recall(now):
            self._reason = reason
            return
        self.life.take(event, now)
        self.finish(reason)

    def _begin_teardown(self, now: int) -> bool:
        """Begin the teardown, if there is something to tear down, and an agent for it."""
        if not (self._owes_teardown and self.life.can_tear_down):
            return False
        agent = self.once.chosen(now)
        if agent is None:
            return False
        self.close(self.intake.close_rest())
        self.life.take(RunEvent.TEARDOWN_DUE, now)
        self.once.begin(TEARDOWN, agent)
        return True

    def _recall(self, now: int) -> bool:
        """Have what is going on cut, if its agent can still report what it did."""
        if not (self.life.can_recall and self.once.recall(now)):
            return False
        self.life.take(RunEvent.RECALLED, now)
        self._recalled_until = now + LAST_REPORT_WAIT_NS
        return True

    def watch_recall(self, now: int) -> None:
        """Finish when what was cut is reported, or after a moment."""
        if now >= self._recalled_until or not self.once.is_awaited(now):
            self.life.take(RunEvent.COLLECTED, now)
            self.finish(self._reason)

    @property
    def _owes_teardown(self) -> bool:
        """Whether something was begun that is to be torn down, and the teardown was not begun."""
        return self.once.is_due(TEARDOWN) and (self.once.has_begun(SETUP) or self.intake.start is not None)

    def watch_teardown(self, now: int) -> None:
        """Finish when the teardown is over."""
        if self.once.is_over(TEARDOWN, now):
            self.life.take(RunEvent.COLLECTED, now)
            self.finish(self._reason)

    def finish(self, reason: str) -> None:
        """The run is finished: close all intervals, and tell every agent."""
        if self._owes_teardown:
            why = "the run was stopped at once" if self.was_cut else "no agent is left"
            self.once.give_up(TEARDOWN, f"it was not performed: {why}")
        for section in ONCE:
            if self.once.has_begun(section):
                self.once.give_up(section, "the run ended before it did")
        if (failure := self.once.failure(TEARDOWN)) is not None:
            self.out.note("error", failure)
        self.close(self.intake.close_rest())
        for agent in self.fleet:
            self.out.finish(agent, reason)
        self.out.add(End())

    def close(self, intervals: Iterable[int]) -> None:
        """Close intervals, in order. Later batches change no decision that is based on them."""
        for number in intervals:
            closed = CloseInterval(number)
            self.out.commit(closed)
            self.out.add(closed)

    def describe_loss(self) -> str:
        """A text that says why every agent is gone."""
        reasons = "; ".join(f"{agent.name}: {agent.reason}" for agent in self.fleet if agent.is_lost)
        return f"every agent is gone ({reasons})"
