"""Before the load: agents come, slots are assigned, plan and rows are stored, the first orders are confirmed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gradual_common.clock import NS_PER_MS
from gradual_common.units import format_duration
from gradual_master.coordination.events import Begin
from gradual_master.coordination.fleet.agent import FleetAgent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.membership import Membership
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.lifecycle import LifeCycle, RunStep
from gradual_master.coordination.orders import OrderSender, RunOrders
from gradual_master.coordination.phases.ending import Ending
from gradual_master.coordination.slots.allocation import Shortfall
from gradual_master.coordination.slots.assigning import Assigner
from gradual_master.coordination.terms import Terms

LEAD = 100 * NS_PER_MS
"""The least time between the last confirmation and the schedule's begin."""


@dataclass(eq=False, slots=True)
class Preparation:
    """Leads from the first Hello to the begin of the schedule, or to a failure that says what was missing."""

    terms: Terms
    life: LifeCycle
    fleet: Fleet
    intake: Intake
    orders: RunOrders
    sender: OrderSender
    assigner: Assigner
    membership: Membership
    ending: Ending
    out: Instructions
    _deadline: int = field(init=False)
    """Run time at which the present step has waited long enough."""
    _armed_at: int = field(init=False, default=0)
    _starters: list[FleetAgent] = field(init=False, default_factory=list)
    """The agents that slots were assigned to before the load."""
    _unready: deque[FleetAgent] = field(init=False, default_factory=deque)
    """Those of them that have not yet done what the present step waits for."""

    def __post_init__(self) -> None:
        self._deadline = self.terms.agents_wait

    def note_stall(self, stall: int) -> None:
        """The master stood still for `stall` ns."""
        self._deadline += stall

    def note_progress(self, now: int) -> None:
        """Rows are on their way: the wait is for the next sign of progress, not for all of them."""
        if self.life.is_preparing:
            self._deadline = now + self.terms.agents_wait

    def await_agents(self, now: int) -> None:
        """Assign the slots as soon as all expected commands are here."""
        terms, commands = self.terms, self.fleet.commands
        if commands.complete >= terms.expect_agents:
            self._assign(now)
        elif now >= self._deadline:
            agents = "agents" if terms.expect_agents > 1 else "agent"
            wait = format_duration(terms.agents_wait)
            reason = f"only {commands.complete} of {terms.expect_agents} {agents} came within {wait}"
            self.ending.fail(f"{reason}; {lack}" if (lack := commands.lack()) else reason, now)

    def _assign(self, now: int) -> None:
        for agent in list(self.fleet):
            if agent.stream is None:
                self.membership.forget(agent)
        agents = sorted(self.fleet, key=lambda agent: agent.name)
        shortfall = self.assigner.assign_all(agents)
        if shortfall is not None:
            self.ending.fail(_describe(shortfall, agents), now)
            return
        self._starters = list(self.fleet)
        self._next_step(RunStep.GATHERED, now)

    def await_rows(self, now: int) -> None:
        """Order the slots, without levels, as soon as all agents have stored the plan and their rows."""
        if self._is_ready(lambda agent: agent.has_rows, "stored the plan and its data rows", now):
            self._armed_at = now
            self.orders.renumber()
            self.sender.issue()
            self._next_step(RunStep.PROVISIONED, now)

    def await_confirmations(self, now: int) -> None:
        """Begin as soon as all agents have confirmed these orders."""
        current = (self.orders.epoch, self.orders.version)
        if self._is_ready(lambda agent: agent.confirmed >= current, "confirmed its orders", now):
            self._begin(now)

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
            self.ending.fail(f"agent {lost.name} was lost before the load began: {lost.reason}", now)
            return False
        while self._unready and (self._unready[0].was_lost or is_ready(self._unready[0])):
            self._unready.popleft()
        if self._unready and now >= self._deadline:
            wait = format_duration(self.terms.agents_wait)
            late = ", ".join(agent.name for agent in self._unready if not (agent.was_lost or is_ready(agent)))
            self.ending.fail(f"{late}: has not {what} within {wait}", now)
        return not self._unready

    def _begin(self, now: int) -> None:
        """Fix the schedule's time 0, and order the first levels."""
        # All agents are to raise their first users at one instant, each by its own clock. So the begin lies ahead, far
        # enough for the slowest agent to hear of it. How far that is was just measured: the orders without levels went
        # out at `_armed_at`, and the last confirmation of them is what has brought us here. The orders that name the
        # begin take that long again; twice as long leaves room for a second time that is slower than the first.
        # LEAD is for fleets whose round trip is too short to say anything, such as agents on this machine. A lease is
        # the most: an agent that needs longer to answer would lose its slots anyway, and nobody waits for it.
        # The order matters. Orders and intake know the begin before anybody is told of it, and the shell (which starts
        # reporters) before the agents. The state moves last: then this same event goes on under load, and what became
        # free or joined while the others prepared is assigned at once.
        lead = min(max(LEAD, 2 * (now - self._armed_at)), self.terms.lease)
        self.orders.begin(now + lead)
        self.intake.begin(now + lead)
        self.out.add(Begin(now + lead))
        self.assigner.begin()
        self.sender.issue()
        self.life.take(RunStep.CONFIRMED, now)


def _describe(shortfall: Shortfall, agents: list[FleetAgent]) -> str:
    """What is missing, and what to do about it."""
    remedy = (
        "An agent holds --max-users, else min(20,000, its file descriptors − 200): raise `ulimit -n` where agents run, "
        "or add agents"
    )
    if shortfall.agent is not None:
        return (
            f"agent {agents[shortfall.agent].name} holds {shortfall.held} users, and while the mix of the groups "
            f"changes {shortfall.needed} of the plan's would be its to run at once: the fleet needs more room. {remedy}"
        )
    each = ", ".join(f"{agent.name}: {agent.hello.max_users}" for agent in agents)
    missing = shortfall.needed - shortfall.held
    return (
        f"the fleet holds {shortfall.held} users, the plan needs {shortfall.needed} at once: {missing} are missing "
        f"({each}). {remedy}"
    )
