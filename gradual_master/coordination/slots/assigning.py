"""Assigns slots to agents: all of them at first, and changes after that (docs/design/fleet.md, 4.7, 4.8).

Code that frees slots or adds an agent calls `note_change`; slots are assigned again right after the event. A slot goes
through four steps: its assignment is committed, its data rows are prepared, the agent stores them, orders contain it.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from gradual_common.protocol.messages import SlotRun
from gradual_common.schedule.schedule import Schedule
from gradual_common.units import count
from gradual_master.coordination.events import Provide
from gradual_master.coordination.fleet.agent import FleetAgent, LinkEvent, MemberEvent, MemberState
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
    """What has to be assigned again; the higher value includes the lower ones."""

    NOTHING = 0
    FREE = 1
    """Free slots: some have become free, or an agent has more room."""
    SHARES = 2
    """Shares too: an agent has joined, and slots of others move to it."""


@dataclass(eq=False, slots=True)
class Assigner:
    """Assigns free slots, and moves slots to agents that have less than their share."""

    schedule: Schedule
    life: LifeCycle
    fleet: Fleet
    slots: SlotTable
    intake: Intake
    orders: RunOrders
    out: Instructions
    moves: int = field(init=False, default=0)
    """How many slots were ordered to move from one agent to another."""
    finished: list[SlotsFinished] = field(init=False, default_factory=list)
    """The slots that have ended for good."""
    _balancer: Balancer = field(init=False)
    _due: Due = field(init=False, default=Due.NOTHING)
    _is_short: bool = field(init=False, default=False)
    """Whether more slots have to move, which their agents have not confirmed yet."""
    _vacant: int = field(init=False, default=0)
    """How many users were last reported as not running."""
    _taken: dict[str, int] = field(init=False, default_factory=dict)
    """How many slots each agent got since that was last reported."""

    def __post_init__(self) -> None:
        self._balancer = Balancer(self.schedule)

    def assign_all(self, agents: list[FleetAgent]) -> str:
        """Assign every slot to these agents; return why this is impossible, or ""."""
        owners = allocate(self.schedule, [agent.hello.max_users for agent in agents])
        if isinstance(owners, Shortfall):
            return _describe(owners, agents)
        for index, agent in enumerate(agents):
            agent.take(MemberEvent.ENLIST)
            self.intake.wait_for(agent.id)
            self._give(agent, owners == index)
        self._taken.clear()
        return ""

    def note_provided(self, agent: FleetAgent, slots: tuple[SlotRun, ...], sequence: int) -> None:
        """The rows of these slots are prepared for the agent, up to provision `sequence`."""
        self.slots.note_due(agent.id, slots, sequence)
        agent.due_provision = max(sequence, agent.due_provision or 0)
        if self.life.is_running and agent.has_rows:
            self.orders.renew(agent)

    def note_change(self, *, joined: bool = False) -> None:
        """Assign again after this event: slots are free, or an agent has `joined`."""
        self._due = max(self._due, Due.SHARES if joined else Due.FREE)

    def note_change_if_short(self) -> None:
        """An agent has confirmed orders: if some of its slots have to move, they can now."""
        if self._is_short:
            self.note_change(joined=True)

    def reconsider(self, agent: FleetAgent) -> None:
        """The agent is here again: it gets slots that no agent had room for, and its share of what others took."""
        self.note_change(joined=agent.missed_assignment or not self.slots.held_by(agent.id))
        agent.missed_assignment = False

    def start_load(self) -> None:
        """The load starts: agents that came during the preparation join now."""
        # The starters have their slots from `assign_all`. Their events during the preparation must not move slots now.
        has_joined = any(not agent.is_enlisted for agent in self.fleet.assignable())
        self._due = Due.SHARES if has_joined else Due.FREE if self.slots.free().any() else Due.NOTHING

    def take_from(self, agent: FleetAgent) -> None:
        """The agent is gone: its slots are free, and others get the share that was kept for it while it was away."""
        self.slots.take_all(agent.id)
        self.note_change(joined=agent.missed_assignment)
        agent.missed_assignment = False

    def note_stored(self, agent: FleetAgent, provisioned: int) -> None:
        """The agent has stored provisions: with the plan it may get slots, with their rows orders may contain them."""
        is_first = not agent.has_job
        agent.provisioned = provisioned
        if is_first and not agent.is_enlisted:
            self.note_change(joined=True)
        elif self.life.is_running and agent.is_enlisted:
            self.orders.renew(agent)

    def release(self, agent: FleetAgent, slots: tuple[SlotRun, ...], now: int, *, for_good: bool) -> None:
        """The users of these slots have ended: the slots are free, or, if `for_good`, get no user any more."""
        if not slots or agent.is_lost:
            return
        if for_good:
            for run in slots:
                # The instant is by the agent's clock, which may be a little fast: no slot ended in the future.
                if ended := self.slots.end(agent.id, run):
                    self.finished.append(SlotsFinished(min(run.at, now), run.group, ended))
        else:
            self.slots.release(agent.id, slots)
        self.out.commit(SlotsReleased(agent.id, slots, for_good))
        self.note_change()

    def reassign(self) -> None:
        """Assign free slots, and move slots to agents that have joined."""
        due, self._due = self._due, Due.NOTHING
        if due is Due.NOTHING:
            return
        moving = due is Due.SHARES
        agents = {agent.id: agent for agent in self.fleet.assignable()}
        for agent in agents.values():
            if not agent.is_enlisted:
                # From now on intervals wait for its batches, and it gets the schedule, even if it gets no slots.
                agent.take(MemberEvent.ENLIST)
                self.intake.wait_for(agent.id)
                self.orders.renew(agent)
        if not (moving or self.slots.free().any()):
            return
        # Free slots are given before any slot is taken from an agent. An agent that is not here gets nothing now:
        # `missed_assignment` notes that, and `reconsider` gives it its share when it is back.
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
        """Report how many users each agent has taken over, when no slot is on its way any more."""
        if self.slots.leaving() or self._held_by_leaving():
            return
        for id_, users in self._taken.items():
            agent = self.fleet[id_]
            self.out.note("info", f"agent {agent.name} has taken over {count(users, 'user')}", agent)
        self._taken.clear()

    def _held_by_leaving(self) -> int:
        """How many slots leaving agents will free, in addition to those that are already on their way."""
        counts = self.slots.counts()
        return sum(counts.get(agent.id, 0) for agent in self.fleet if agent.state is MemberState.LEAVING)

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
        if agent.is_here:  # Otherwise nothing moves yet, and it may be lost first.
            text = f"{count(moved, 'user')} of agent {agent.name} move to others, each at the end of its iteration"
            self.out.note("info", text, agent)

    def watch(self, now: int) -> None:
        """Report users that should run now and have no agent: once, and again when all of them run."""
        vacant = self.slots.vacant(self.orders.users_at(now))
        if vacant and vacant != self._vacant:
            users, verb = count(vacant, "user"), "is" if vacant == 1 else "are"
            self.out.note("warning", f"{users} {verb} not running: no agent has room; start another agent")
        elif self._vacant and not vacant:
            self.out.note("info", "every user has an agent again")
        self._vacant = vacant

    def take_back(self, agent: FleetAgent, now: int) -> None:
        """Reconcile an agent that is back, after it has reported which of its slots have ended."""
        # A slot that should have a user and is missing in the Hello is free (docs/design/fleet.md, 4.7): the agent has
        # cut it. Its lease lasts, so no other agent can have the slot. It goes back to the same agent under the next
        # tenure, and a message about the former tenure cannot be taken for the new one.
        agent.take(LinkEvent.RECONCILE)
        if not self.orders.version or not agent.has_job:
            return
        self.reconsider(agent)
        if not agent.is_enlisted:
            return
        is_new = not self.life.is_ending and self._restart(agent, now)
        if is_new and not self.life.is_running:
            self.orders.issue()  # The load starts when all agents have confirmed the same version.
        elif is_new:
            self.orders.renew(agent)
        else:
            self.orders.repeat(agent)

    def _restart(self, agent: FleetAgent, now: int) -> bool:
        """Give an agent the slots again that it no longer holds; returns whether it needs new orders for them."""
        held = agent.hello.held
        restarted = self.slots.reconcile(agent.id, held, self.orders.users_at(now))
        if restarted:
            self.out.commit(SlotsAssigned(agent.id, restarted))
        if restarted and self.life.is_running:
            users = count(sum(run.count for run in restarted), "user")
            text = f"agent {agent.name} had stopped {users} at the end of its lease; they start again"
            self.out.note("warning", text, agent)
        # An agent that cut its users has forgotten its slots: only a newer version of the orders restores them, and
        # only when it confirms that one does it hold them again.
        return bool(restarted) or not held


def _describe(shortfall: Shortfall, agents: list[FleetAgent]) -> str:
    """The error message: what is missing, and what to do."""
    remedy = (
        "An agent holds --max-users, or by default min(20,000, its file descriptors − 200): raise `ulimit -n` where "
        "agents run, or add agents"
    )
    if shortfall.agent is not None:
        return (
            f"agent {agents[shortfall.agent].name} holds {shortfall.held} users, but would have to run "
            f"{shortfall.needed} at once while the mix of the groups changes: the fleet needs more room. {remedy}"
        )
    each = ", ".join(f"{agent.name}: {agent.hello.max_users}" for agent in agents)
    missing = shortfall.needed - shortfall.held
    return (
        f"the fleet holds {shortfall.held} users, the plan needs {shortfall.needed} at once: {missing} are missing "
        f"({each}). {remedy}"
    )
