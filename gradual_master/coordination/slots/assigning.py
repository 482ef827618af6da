"""Slots to agents: the first assignment, and every move after it (DESIGN 4.7, 4.8).

Whoever frees slots or brings an agent says so by `note_change`; the slots are assigned anew right after the event. An
assignment is committed first; then its rows are prepared, and the orders name it once they are stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from gradual_common.protocol.messages import SlotRun
from gradual_common.schedule.schedule import Schedule
from gradual_common.units import count
from gradual_master.coordination.events import Provide
from gradual_master.coordination.fleet.agent import ContactEvent, FleetAgent, Standing, StandingEvent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.journal import SlotsAssigned, SlotsReleased
from gradual_master.coordination.lifecycle import LifeCycle
from gradual_master.coordination.orders import RunOrders
from gradual_master.coordination.slots.allocation import Shortfall, allocate
from gradual_master.coordination.slots.balancing import Balancer
from gradual_master.coordination.slots.table import Mask, SlotTable
from gradual_master.results.facts import SlotsFinished


class Due(IntEnum):
    """What is to be assigned anew; the more urgent wins."""

    NOTHING = 0
    FREE = 1
    """Slots are free, or an agent can take more."""
    SHARES = 2
    """An agent has joined: others give it its share."""


@dataclass(eq=False, slots=True)
class Assigner:
    """Gives slots, and lets them go where others lack them."""

    schedule: Schedule
    life: LifeCycle
    fleet: Fleet
    slots: SlotTable
    intake: Intake
    orders: RunOrders
    out: Instructions
    moves: int = field(init=False, default=0)
    """How many slots were to go from one agent to another."""
    finished: list[SlotsFinished] = field(init=False, default_factory=list)
    """The slots that have ended for good."""
    _balancer: Balancer = field(init=False)
    _due: Due = field(init=False, default=Due.NOTHING)
    _is_short: bool = field(init=False, default=False)
    """More slots are to move once their holders have put them in force."""
    _vacant: int = field(init=False, default=0)
    _taken: dict[str, int] = field(init=False, default_factory=dict)
    """How many slots each agent was given since that was last said."""

    def __post_init__(self) -> None:
        self._balancer = Balancer(self.schedule)

    def assign_all(self, agents: list[FleetAgent]) -> str:
        """Assign every slot to these agents; why it cannot be done, if it cannot."""
        owners = allocate(self.schedule, [agent.hello.max_users for agent in agents])
        if isinstance(owners, Shortfall):
            return _describe(owners, agents)
        for place, agent in enumerate(agents):
            agent.take(StandingEvent.ENLIST)
            self.intake.wait_for(agent.id)
            self._give(agent, owners == place)
        self._taken.clear()
        return ""

    def note_provided(self, agent: FleetAgent, slots: tuple[SlotRun, ...], sequence: int) -> None:
        """The rows of these slots are prepared for the agent."""
        self.slots.note_due(agent.id, slots, sequence)
        agent.due_provision = max(sequence, agent.due_provision or 0)
        if self.life.is_running and agent.has_rows:
            self.orders.renew(agent)

    def note_change(self, *, joined: bool = False) -> None:
        """Slots are free, or an agent has joined."""
        self._due = max(self._due, Due.SHARES if joined else Due.FREE)

    def note_change_if_short(self) -> None:
        """An agent has put slots in force: if some of them were to move, they can now."""
        if self._is_short:
            self.note_change(joined=True)

    def reconsider(self, agent: FleetAgent) -> None:
        """The agent is here again: what nobody had room for meanwhile goes to it, and its share of what others took."""
        self.note_change(joined=agent.missed_assignment or not self.slots.held_by(agent.id))
        agent.missed_assignment = False

    def begin(self) -> None:
        """The load begins: who has come while the others prepared joins now.

        What was assigned to these is not assigned again.
        """
        has_joined = any(not agent.is_enlisted for agent in self.fleet.assignable())
        self._due = Due.SHARES if has_joined else Due.FREE if self.slots.free().any() else Due.NOTHING

    def take_from(self, agent: FleetAgent) -> None:
        """The agent is gone: what it held is free, and what was reckoned as its share while it was away is others'."""
        self.slots.take_all(agent.id)
        self.note_change(joined=agent.missed_assignment)
        agent.missed_assignment = False

    def note_stored(self, agent: FleetAgent, provisioned: int) -> None:
        """With the plan an agent can be given slots, with their rows it can be ordered to run them."""
        is_first = not agent.has_job
        agent.provisioned = provisioned
        if is_first and not agent.is_enlisted:
            self.note_change(joined=True)
        elif self.life.is_running and agent.is_enlisted:
            self.orders.renew(agent)

    def release(self, agent: FleetAgent, slots: tuple[SlotRun, ...], now: int, *, for_good: bool) -> None:
        """The users of these slots have ended: the slots are free, or `for_good`, so that nobody follows them."""
        if not slots or agent.is_lost:
            return
        if for_good:
            for run in slots:
                if ended := self.slots.end(agent.id, run):
                    self.finished.append(SlotsFinished(min(run.at, now), run.group, ended))
        else:
            self.slots.release(agent.id, slots)
        self.out.commit(SlotsReleased(agent.id, slots, for_good))
        self.note_change()

    def reassign(self) -> None:
        """Assign anew what has become free, and let slots go to whoever has joined."""
        due, self._due = self._due, Due.NOTHING
        if due is Due.NOTHING:
            return
        moving = due is Due.SHARES
        agents = {agent.id: agent for agent in self.fleet.assignable()}
        for agent in agents.values():
            if not agent.is_enlisted:
                # From now on intervals wait for its batches, and it hears of the schedule, slots or none.
                agent.take(StandingEvent.ENLIST)
                self.intake.wait_for(agent.id)
                self.orders.renew(agent)
        if not (moving or self.slots.free().any()):
            return
        balance = self._balancer.balance(self.slots, agents, moving=moving, coming=self._held_by_leaving())
        for id_, slots in balance.grants.items():
            self._give(agents[id_], slots)
        for agent in agents.values():
            agent.missed_assignment |= (moving or bool(balance.grants)) and not agent.is_here
        for id_, slots in balance.moves.items():
            self._let_go(agents[id_], slots)
        if moving:
            self._is_short = balance.is_short
        self._report_taken()

    def _report_taken(self) -> None:
        """Who has taken how many, once all that were on their way have arrived."""
        if self.slots.leaving() or self._held_by_leaving():
            return
        for id_, users in self._taken.items():
            agent = self.fleet[id_]
            self.out.note("info", f"agent {agent.name} has taken over {count(users, 'user')}", agent)
        self._taken.clear()

    def _held_by_leaving(self) -> int:
        """How many slots will be free, beside those on their way, when agents that were told to end have done so."""
        counts = self.slots.counts()
        return sum(counts.get(agent.id, 0) for agent in self.fleet if agent.standing is Standing.LEAVING)

    def _give(self, agent: FleetAgent, slots: Mask) -> None:
        runs = self.slots.give(agent.id, slots)
        self.out.commit(SlotsAssigned(agent.id, runs))
        self.out.add(Provide(agent.id, runs))
        self._taken[agent.id] = self._taken.get(agent.id, 0) + sum(run.count for run in runs)

    def _let_go(self, agent: FleetAgent, slots: Mask) -> None:
        moved = int(slots.sum())
        self.slots.let_go(slots)
        self.moves += moved
        self.orders.renew(agent)
        if agent.is_here:  # Nothing moves before it is, and nobody knows whether it will be.
            text = f"{count(moved, 'user')} of agent {agent.name} move to others, each at the end of its iteration"
            self.out.note("info", text, agent)

    def watch(self, now: int) -> None:
        """Users that are wanted now and that nobody can hold are said once, and again when they are back."""
        vacant = self.slots.vacant(self.orders.users_at(now))
        if vacant and vacant != self._vacant:
            users = count(vacant, "user")
            self.out.note("warning", f"{users} missing: no agent has room for them until another one joins")
        elif self._vacant and not vacant:
            self.out.note("info", "every user has an agent again")
        self._vacant = vacant

    def take_back(self, agent: FleetAgent, now: int) -> None:
        """Bring an agent that has returned up to date, once it has said which slots ended meanwhile.

        A slot that should have a user and is missing from the Hello is free (DESIGN 4.7): the agent cut it. Nobody
        else can hold it, so it goes back to the same agent, under the next tenure.
        """
        agent.take(ContactEvent.RECONCILE)
        if not self.orders.version or not agent.has_job:
            return
        self.reconsider(agent)
        if not agent.is_enlisted:
            return
        is_new = False
        if self.life.is_running:
            held = agent.hello.held
            anew = self.slots.reconcile(agent.id, held, self.orders.users_at(now))
            if anew:
                self.out.commit(SlotsAssigned(agent.id, anew))
                users = count(sum(run.count for run in anew), "user")
                self.out.note("warning", f"agent {agent.name} had cut {users}; they begin anew", agent)
            # Its pool forgot its slots when it cut: only a newer version makes it take them again.
            is_new = bool(anew) or not held
        if is_new:
            self.orders.renew(agent)
        else:
            self.orders.repeat(agent)


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
