"""The end of a run: users drain, last batches are collected, and everybody hears that it is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gradual_common.clock import NS_PER_S
from gradual_common.units import format_duration
from gradual_master.coordination.events import CloseInterval, End, Signal
from gradual_master.coordination.fleet.agent import FleetAgent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.leases import Leases
from gradual_master.coordination.fleet.membership import Membership
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.journal import IntervalClosed, Journal
from gradual_master.coordination.lifecycle import LifeCycle, RunStep, State
from gradual_master.coordination.orders import OrderSender, RunOrders

CUT_WAIT = 3 * NS_PER_S
"""How long last batches are awaited after the second stop."""


@dataclass(eq=False, slots=True)
class Ending:
    """Ends the run by itself, on request, or because it cannot go on; and closes its intervals."""

    life: LifeCycle
    fleet: Fleet
    leases: Leases
    intake: Intake
    orders: RunOrders
    sender: OrderSender
    membership: Membership
    journal: Journal
    out: Instructions
    signal: Signal | None = field(init=False, default=None)
    """How the run was first stopped from outside, if it was."""
    failure: str | None = field(init=False, default=None)
    """Why it could not be done, if it could not."""
    _deadline: int = field(init=False, default=0)
    """Run time until which last batches are awaited."""

    def note_stall(self, stall: int) -> None:
        """The master stood still for `stall` ns."""
        self._deadline += stall

    def close(self, intervals: Iterable[int]) -> None:
        """Close intervals, in order: what comes later changes no decision."""
        for number in intervals:
            self.journal.commit([IntervalClosed(number)])
            self.out.add(CloseInterval(number))

    def stop(self, signal: Signal, now: int) -> None:
        """The first stop drains, the second cuts, the third waits for nothing."""
        if self.life.is_finished:
            return
        self.signal = self.signal or signal
        match self.life.take(RunStep.STOPPED, now):
            case State.STOPPING:
                self.order_stop(now)
                self._await_last_batches()
                most = format_duration(self.orders.graceful_stop)
                text = f"stopping: users drain for at most {most}; stop again to cut them"
                self.out.note("warning", text, is_stop=True)
            case State.CUTTING:
                self.order_stop(now, graceful_stop=0)
                self._deadline = now + CUT_WAIT
                self.out.note("warning", "stopping at once: requests in flight are interrupted", is_stop=True)
            case _:
                self._finish("the run was stopped")

    def order_stop(self, now: int, graceful_stop: int | None = None) -> None:
        """Order target 0."""
        self.orders.stop(now, graceful_stop)
        self.sender.issue()

    def drain(self, now: int) -> None:
        """The schedule is over, or nothing of it is left to do."""
        self.life.take(RunStep.ENDED, now)
        self._await_last_batches()
        self.out.note("info", "the schedule is over: users drain")

    def _await_last_batches(self) -> None:
        """`graceful_stop`, `on_stop` for as long again, then the last batch; a lease and guard for it to come."""
        if self.orders.end is not None:
            self._deadline = self.orders.end + 2 * self.orders.graceful_stop + self.leases.length

    def collect(self, now: int) -> None:
        """Finish as soon as every agent has sent its last batch, or nothing is awaited of it any more."""
        waiting = [agent for agent in self.fleet if self._is_awaited(agent, now)]
        if waiting and now < self._deadline:
            return
        for agent in waiting:
            self.membership.lose(agent, "its last batch did not come in time")
        if not any(self.intake.has_delivered_last(agent.id) for agent in self.fleet):
            self._report_failure(self._describe_loss())
        self.life.take(RunStep.COLLECTED, now)
        self._finish("the run is over")

    def _is_awaited(self, agent: FleetAgent, now: int) -> bool:
        """An agent that was never enlisted has measured nothing; of one whose lease is over nothing is awaited."""
        is_working = agent.is_enlisted and self.leases.is_held(agent.id, now)
        return is_working and not self.intake.has_delivered_last(agent.id)

    def fail_alone(self, now: int) -> None:
        """No agent is left, and none is expected."""
        self.fail(self._describe_loss(), now)

    def fail(self, reason: str, now: int) -> None:
        """The run cannot be done."""
        if self.life.is_finished:
            return
        self._report_failure(reason)
        self.life.take(RunStep.FAILED, now)
        self._finish(f"the run could not be done: {reason}")

    def _report_failure(self, reason: str) -> None:
        self.failure = reason
        self.out.note("error", reason)

    def _describe_loss(self) -> str:
        fates = "; ".join(f"{agent.name}: {agent.reason}" for agent in self.fleet if agent.is_lost)
        return f"every agent is gone ({fates})"

    def _finish(self, reason: str) -> None:
        self.close(self.intake.close_rest())
        for agent in self.fleet.connected():
            self.out.finish(agent, reason)
        self.out.add(End())
