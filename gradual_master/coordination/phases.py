"""What each state of a run waits for, and what it does then: preparing, under load, ending.

Before the load agents come, slots are assigned, plan and rows are stored, the first orders are confirmed. Under load
slots go to those that are here, and levels are ordered ahead. At the end users drain, last batches are collected, and
everybody hears that it is over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.units import format_duration
from gradual_master.coordination.events import Begin, CloseInterval, End, Signal
from gradual_master.coordination.fleet.agent import FleetAgent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.membership import Membership
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.lifecycle import LifeCycle, RunStep, State
from gradual_master.coordination.orders import RunOrders
from gradual_master.coordination.slots.assigning import Assigner
from gradual_master.coordination.slots.table import SlotTable
from gradual_master.coordination.terms import Terms

LEAD = 100 * NS_PER_MS
"""The least time between the last confirmation and the schedule's begin."""

CUT_WAIT = 3 * NS_PER_S
"""How long last batches are awaited after the second stop."""


@dataclass(eq=False, slots=True)
class Phases:
    """Moves the run on when its state has what it waits for, on request, or because it cannot be done."""

    terms: Terms
    life: LifeCycle
    fleet: Fleet
    slots: SlotTable
    intake: Intake
    orders: RunOrders
    assigner: Assigner
    membership: Membership
    out: Instructions
    signal: Signal | None = field(init=False, default=None)
    """How the run was first stopped from outside, if it was."""
    failure: str | None = field(init=False, default=None)
    """Why it could not be done, if it could not."""
    _deadline: int = field(init=False)
    """Run time at which the present state has waited long enough; none has to under load."""
    _armed_at: int = field(init=False, default=0)
    """When the orders without levels were sent."""
    _starters: list[FleetAgent] = field(init=False, default_factory=list)
    """The agents that slots were assigned to before the load."""
    _unready: deque[FleetAgent] = field(init=False, default_factory=deque)
    """Those of them that have not yet done what the present state waits for."""
    _alone_since: int | None = field(init=False, default=None)
    """Since when no agent has been here under load."""

    def __post_init__(self) -> None:
        self._deadline = self.terms.agents_wait

    def note_stall(self, stall: int) -> None:
        """The master stood still for `stall` ns."""
        self._deadline += stall

    def note_progress(self, now: int) -> None:
        """Rows are on their way: the wait is for the next sign of progress, not for all of them."""
        if self.life.is_preparing:
            self._deadline = now + self.terms.agents_wait

    def advance(self, now: int) -> None:
        """Do what follows when the present state has what it waits for: agents, rows, confirmations, last batches."""
        match self.life.state:
            case State.WAITING:
                self._await_agents(now)
            case State.PROVISIONING:
                if self._is_ready(lambda agent: agent.has_rows, "stored the plan and its data rows", now):
                    self._armed_at = now
                    self.orders.issue()  # The slots, without levels.
                    self._next_step(RunStep.PROVISIONED, now)
            case State.READYING:
                current = (self.orders.epoch, self.orders.version)
                if self._is_ready(lambda agent: agent.confirmed >= current, "confirmed its orders", now):
                    self._begin(now)
            case State.RUNNING:
                self._conduct(now)
            case State.DRAINING | State.STOPPING | State.CUTTING:
                self._collect(now)

    def stop(self, signal: Signal, now: int) -> None:
        """The first stop drains, the second cuts, the third waits for nothing."""
        if self.life.is_finished:
            return
        self.signal = self.signal or signal
        match self.life.take(RunStep.STOPPED, now):
            case State.STOPPING:
                self.orders.stop(now)
                self._await_last_batches()
                most = format_duration(self.orders.graceful_stop)
                text = f"stopping: users drain for at most {most}; stop again to cut them"
                self.out.note("warning", text, is_stop=True)
            case State.CUTTING:
                self.orders.stop(now, graceful_stop=0)
                self._deadline = now + CUT_WAIT
                self.out.note("warning", "stopping at once: requests in flight are interrupted", is_stop=True)
            case _:
                self._finish("the run was stopped")

    def close(self, intervals: Iterable[int]) -> None:
        """Close intervals, in order: what comes later changes no decision."""
        for number in intervals:
            closed = CloseInterval(number)
            self.out.commit(closed)
            self.out.add(closed)

    def _await_agents(self, now: int) -> None:
        """Assign the slots as soon as all expected commands are here."""
        terms, commands = self.terms, self.fleet.commands
        if commands.complete >= terms.expect_agents:
            self._assign(now)
        elif now >= self._deadline:
            agents = "agents" if terms.expect_agents > 1 else "agent"
            wait = format_duration(terms.agents_wait)
            reason = f"only {commands.complete} of {terms.expect_agents} {agents} came within {wait}"
            self._fail(f"{reason}; {lack}" if (lack := commands.lack()) else reason, now)

    def _assign(self, now: int) -> None:
        for agent in list(self.fleet):
            if agent.stream is None:
                self.fleet.forget(agent)
        shortfall = self.assigner.assign_all(sorted(self.fleet, key=lambda agent: agent.name))
        if shortfall:
            self._fail(shortfall, now)
            return
        self._starters = list(self.fleet)
        self._next_step(RunStep.GATHERED, now)

    def _next_step(self, step: RunStep, now: int) -> None:
        self.life.take(step, now)
        self._deadline = now + self.terms.agents_wait
        self._unready = deque(self._starters)

    def _is_ready(self, is_ready: Callable[[FleetAgent], bool], what: str, now: int) -> bool:
        """Whether all agents are; the loss of one, or a long silence, ends the run while nothing has been sent yet.

        Unless as many are here as are expected all the same, for it was started again: then the load begins without
        the lost one, and its slots are assigned at once. Those that were ready once are not asked again: this is
        looked at after every message.
        """
        lost = next((agent for agent in self.membership.lost if agent in self._starters), None)
        if lost is not None and self.fleet.commands.complete < self.terms.expect_agents:
            self._fail(f"agent {lost.name} was lost before the load began: {lost.reason}", now)
            return False
        while self._unready and (self._unready[0].was_lost or is_ready(self._unready[0])):
            self._unready.popleft()
        if self._unready and now >= self._deadline:
            wait = format_duration(self.terms.agents_wait)
            late = ", ".join(agent.name for agent in self._unready if not (agent.was_lost or is_ready(agent)))
            self._fail(f"{late}: has not {what} within {wait}", now)
        return not self._unready

    def _begin(self, now: int) -> None:
        """Fix the schedule's time 0, and order the first levels."""
        # All agents are to raise their first users at one instant, each by its own clock. So the begin lies ahead, far
        # enough for the slowest agent to hear of it. How far that is was just measured: the orders without levels went
        # out at `_armed_at`, and the last confirmation of them is what has brought us here. The orders that name the
        # begin take that long again; twice as long leaves room for a second time that is slower than the first.
        # LEAD is for fleets whose round trip is too short to say anything, such as agents on this machine. A lease is
        # the most: an agent that needs longer to answer would lose its slots anyway, and nobody waits for it.
        # The order matters. The shell (which starts reporters) is told of the begin before the agents are. The state
        # moves last: then this same event goes on under load, and what became free or joined while the others prepared
        # is assigned at once.
        start = now + min(max(LEAD, 2 * (now - self._armed_at)), self.terms.lease)
        self.intake.begin(start)
        self.out.add(Begin(start))
        self.assigner.begin()
        self.orders.begin(start)
        self.life.take(RunStep.CONFIRMED, now)

    def _conduct(self, now: int) -> None:
        """Under load: slots go to those who are here, levels are ordered ahead, and the end is noticed."""
        # Slots come first: whatever else is decided, the orders that follow name them as they are now. An end that is
        # due goes before one for lack of work, which would order target 0 a second time.
        self.assigner.reassign()
        end = self.orders.end
        if self._is_given_up(now):
            self._fail(self._describe_loss(), now)
        elif end is not None and now >= end:
            self._drain(now)
        elif self._is_over(now, end):
            self.orders.stop(now)
            self._drain(now)
        elif self.orders.is_due(now):
            self.orders.refresh(now)

    def _is_given_up(self, now: int) -> bool:
        """Whether no agent has been here for so long that none is expected any more."""
        if not self.fleet.is_empty:
            self._alone_since = None
            return False
        wait = 0 if self.terms.is_closed else self.terms.agents_wait
        if self._alone_since is None:
            self._alone_since = now
            if wait:
                text = f"no agent is left: the run waits {format_duration(wait)} for one, and no user is active"
                self.out.note("warning", text)
        return now >= self._alone_since + wait

    def _is_over(self, now: int, end: int | None) -> bool:
        """Whether no slot that is scheduled, now or later, has anything left to do (`iterations`, data used up)."""
        ahead = self.orders.users_ahead(now)
        has_users = any(ahead) or end is None
        return has_users and self.slots.is_over(ahead)

    def _drain(self, now: int) -> None:
        """The schedule is over, or nothing of it is left to do."""
        self.life.take(RunStep.ENDED, now)
        self._await_last_batches()
        self.out.note("info", "the schedule is over: users drain")

    def _await_last_batches(self) -> None:
        """`graceful_stop`, `on_stop` for as long again, then the last batch; a lease and guard for it to come."""
        if self.orders.end is not None:
            self._deadline = self.orders.end + 2 * self.orders.graceful_stop + self.fleet.lease

    def _collect(self, now: int) -> None:
        """Finish as soon as every agent has sent its last batch, or nothing is awaited of it any more."""
        waiting = [agent for agent in self.fleet if self._is_awaited(agent, now)]
        if waiting and now < self._deadline:
            return
        for agent in waiting:
            self.membership.lose(agent, "its last batch did not come in time")
        if not any(self.intake.of(agent.id).is_last for agent in self.fleet):
            self._report_failure(self._describe_loss())
        self.life.take(RunStep.COLLECTED, now)
        self._finish("the run is over")

    def _is_awaited(self, agent: FleetAgent, now: int) -> bool:
        """An agent that was never enlisted has measured nothing; of one whose lease is over nothing is awaited."""
        return agent.is_enlisted and agent.has_lease(now) and not self.intake.of(agent.id).is_last

    def _fail(self, reason: str, now: int) -> None:
        """The run cannot be done."""
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
        for agent in self.fleet:
            self.out.finish(agent, reason)
        self.out.add(End())
