"""What the run waits for in each state, and what it does then: preparation, load, end.

Before the load: agents connect, slots are assigned, agents store plan and rows, and confirm their first orders. Under
load: free slots are assigned, and levels are ordered ahead of time. At the end: users finish, the last batches are
collected, and every agent is sent that the run is over.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.language.document import SETUP
from gradual_common.units import format_duration
from gradual_master.coordination.events import ChooseLevel, EndSearch, Provide, Reschedule, Signal, StartSchedule
from gradual_master.coordination.fleet.agent import FleetAgent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.membership import Membership
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.lifecycle import LifeCycle, RunEvent, State
from gradual_master.coordination.orders import RunOrders
from gradual_master.coordination.slots.assigning import Assigner
from gradual_master.coordination.slots.table import SlotTable
from gradual_master.coordination.stages.ending import RunEnding
from gradual_master.coordination.stages.once import OncePerRun
from gradual_master.coordination.terms import Terms

MIN_START_LEAD_NS = 100 * NS_PER_MS
"""The shortest time between the last confirmation and the start of the schedule."""

LAST_BATCH_WAIT_NS = 3 * NS_PER_S
"""How long the last batches are awaited after the second stop."""


@dataclass(eq=False, slots=True)
class RunStages:
    """Moves the run to its next state: when what it waits for is there, when it is stopped, or when it fails."""

    terms: Terms
    life: LifeCycle
    fleet: Fleet
    slots: SlotTable
    intake: Intake
    orders: RunOrders
    assigner: Assigner
    membership: Membership
    once: OncePerRun
    ending: RunEnding
    out: Instructions
    _deadline: int = field(init=False)
    """Run time at which the wait of the current state ends. It has no meaning under load."""
    _armed_at: int = field(init=False, default=0)
    """Run time at which the orders without levels were sent."""
    _starters: list[FleetAgent] = field(init=False, default_factory=list)
    """The agents that got slots before the load."""
    _unready: deque[FleetAgent] = field(init=False, default_factory=deque)
    """The starters that have not yet done what the current state waits for."""
    _empty_since: int | None = field(init=False, default=None)
    """When the last agent was lost under load; None while there are agents."""

    def __post_init__(self) -> None:
        self._deadline = self.terms.agents_wait

    def note_stall(self, stall: int) -> None:
        """Move the deadline by a stall of the master of `stall` ns."""
        self._deadline += stall

    def note_progress(self, now: int) -> None:
        """An agent has stored rows: wait again, for the next sign of progress. Large data may take long."""
        if self.life.is_preparing:
            self._deadline = now + self.terms.agents_wait

    def advance(self, now: int) -> None:
        """Check whether the current state has what it waits for, and move on if so."""
        match self.life.state:
            case State.WAITING:
                self._await_agents(now)
            case State.PROVISIONING:
                if self._is_ready(lambda agent: agent.has_rows, "stored the plan and its data rows", now):
                    self._leave_provisioning(now)
            case State.SETTING_UP:
                if self.once.is_over(SETUP, now):
                    self._leave_setup(now)
            case State.READYING:
                current = (self.orders.epoch, self.orders.version)
                if self._is_ready(lambda agent: agent.confirmed >= current, "confirmed its orders", now):
                    self._start_load(now)
            case State.RUNNING:
                self._run_load(now)
            case State.DRAINING | State.STOPPING | State.CUTTING:
                self._collect(now)
            case State.TEARING_DOWN:
                self.ending.watch_teardown(now)
            case State.RECALLING:
                self.ending.watch_recall(now)

    def stop(self, signal: Signal, now: int) -> None:
        """The first stop lets users finish, the second interrupts them, the third ends the run at once.

        Before the load there are no users: the run ends at once, but for the teardown. A stop cuts a teardown.
        """
        if self.life.is_finished:
            return
        self.ending.signal = self.ending.signal or signal
        if self.life.is_preparing or self.life.is_tearing_down:
            self.ending.end(RunEvent.STOPPED, "the run was stopped", now)
            return
        match self.life.take(RunEvent.STOPPED, now):
            case State.STOPPING:
                self.orders.stop(now)
                self._await_last_batches()
                most = format_duration(self.orders.graceful_stop)
                text = f"stopping: users finish ({most} at most); stop again to interrupt them"
                self.out.note("warning", text, is_stop=True)
            case State.CUTTING:
                self.ending.was_cut = True
                self.orders.stop(now, graceful_stop=0)
                self._deadline = now + LAST_BATCH_WAIT_NS
                self.out.note("warning", "stopping at once: requests in flight are interrupted", is_stop=True)
            case _:
                self.ending.finish("the run was stopped")

    def abort(self, reason: str, now: int) -> None:
        """The plan asks to end the run: users finish as at the end of the schedule. The first reason is kept.

        At the end of a run nothing is left to stop, but the reason counts. Before the load there is nothing to end.
        """
        if self.ending.aborted is not None or not (self.life.is_running or self.life.is_collecting):
            return
        self.ending.aborted = reason
        if not self.life.is_running:
            self.out.note("warning", reason)
            return
        self.orders.stop(now)
        self.life.take(RunEvent.ABORTED, now)
        self._await_last_batches()
        most = format_duration(self.orders.graceful_stop)
        self.out.note("warning", f"{reason}; users finish ({most} at most)", is_stop=True)

    def steer(self, event: ChooseLevel | EndSearch, now: int) -> None:
        """What a search asks for: a level, if there is time left for it, or the end. Nothing when the run is ending."""
        if not self.life.is_running:
            return
        if isinstance(event, EndSearch):
            self.orders.stop(now)
            self._drain(event.why, now)
        elif self.orders.add_level(event.users, now):
            self.out.add(Reschedule(self.orders.schedule))
            self.out.note("info", event.why)

    def _await_agents(self, now: int) -> None:
        """Assign the slots when all expected `gradual-agent` commands are connected."""
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
                self.fleet.forget(agent)
        shortfall = self.assigner.assign_all(sorted(self.fleet, key=lambda agent: agent.name))
        if shortfall:
            self.ending.fail(shortfall, now)
            return
        self._starters = list(self.fleet)
        self._enter_next(RunEvent.GATHERED, now)

    def _leave_provisioning(self, now: int) -> None:
        """Begin the set-up, or send the slots, without levels."""
        if not self.once.is_due(SETUP):
            self._armed_at = now
            self.orders.issue()
            self._enter_next(RunEvent.PROVISIONED, now)
        elif (agent := self.once.chosen(now)) is not None:
            self.life.take(RunEvent.SETUP_DUE, now)
            self.once.begin(SETUP, agent)

    def _leave_setup(self, now: int) -> None:
        """Provide all agents with what the set-up extracted. If it has failed, the run cannot be done."""
        if (failure := self.once.failure(SETUP)) is not None:
            self.ending.fail(failure, now)
            return
        self.out.note("info", "the set-up is done")
        if self.once.variables:
            for agent in self._starters:
                if not agent.was_lost:
                    agent.due_provision = None
                    self.out.add(Provide(agent.id, ()))
        self._enter_next(RunEvent.SET_UP, now)

    def _enter_next(self, event: RunEvent, now: int) -> None:
        self.life.take(event, now)
        self._deadline = now + self.terms.agents_wait
        self._unready = deque(self._starters)

    def _is_ready(self, is_ready: Callable[[FleetAgent], bool], what: str, now: int) -> bool:
        """Whether all starters are ready; the run fails if one is lost, or if they take too long.

        `what` they have to do is for the error message.
        """
        # No load has been sent yet, so a failure here costs nothing, and the user sees at once what is wrong. There is
        # one exception: a lost agent was started again, and as many commands as expected are here. Then the load starts
        # without the lost agent, and its slots are assigned to others right after that.
        # An agent that was ready is removed from the queue and not asked again: this runs after every message, and
        # must not look at a fleet of a hundred agents each time.
        lost = next((agent for agent in self.membership.lost if agent in self._starters), None)
        if lost is not None and self.fleet.commands.complete < self.terms.expect_agents:
            self.ending.fail(f"agent {lost.name} was lost before the load began: {lost.reason}", now)
            return False
        while self._unready and (self._unready[0].was_lost or is_ready(self._unready[0])):
            self._unready.popleft()
        if self._unready and now >= self._deadline:
            wait = format_duration(self.terms.agents_wait)
            late = [agent.name for agent in self._unready if not (agent.was_lost or is_ready(agent))]
            verb = "have" if len(late) > 1 else "has"
            self.ending.fail(f"{', '.join(late)}: {verb} not {what} within {wait}", now)
        return not self._unready

    def _start_load(self, now: int) -> None:
        """Fix the schedule's time 0, and order the first levels."""
        # All agents should start their first users at the same instant, each by its own clock. So the start is in the
        # future, far enough for the slowest agent to receive it in time. That delay was just measured: the orders
        # without levels were sent at `_armed_at`, and the last confirmation of them has just arrived. The orders with
        # the start take about that long again; the factor 2 leaves room for a slower second time.
        # The minimum is for fleets whose round trip is too short to mean anything, such as agents on this machine. The
        # maximum is a lease: an agent that needs longer to answer would lose its slots anyway.
        # The order of the calls matters. The shell starts reporters at `StartSchedule`, so that comes before the
        # orders. The state changes last: then this same event continues under load, and assigns at once what became
        # free, or who joined, during the preparation.
        start = now + min(max(MIN_START_LEAD_NS, 2 * (now - self._armed_at)), self.terms.lease)
        self.intake.start = start
        self.out.add(StartSchedule(start))
        self.assigner.start_load()
        self.orders.begin(start)
        self.life.take(RunEvent.CONFIRMED, now)

    def _run_load(self, now: int) -> None:
        """Under load: assign free slots, order levels ahead of time, and notice the end."""
        # Slots are assigned first, so that all orders that are sent below contain them. The end of the schedule is
        # checked before the end for lack of work (`_is_over`), which would order target 0 a second time.
        self.assigner.reassign()
        end = self.orders.end
        if self._is_given_up(now):
            self.ending.fail(self.ending.describe_loss(), now)
        elif end is not None and now >= end:
            self._drain("the schedule is over", now)
        elif self._is_over(now, end):
            self.orders.stop(now)
            self._drain("the schedule is over", now)
        elif self.orders.is_due(now):
            self.orders.refresh(now)

    def _is_given_up(self, now: int) -> bool:
        """Whether there has been no agent for so long that the run gives up."""
        if not self.fleet.is_empty:
            self._empty_since = None
            return False
        wait = 0 if self.terms.is_closed else self.terms.agents_wait
        if self._empty_since is None:
            self._empty_since = now
            if wait:
                text = f"no agent is left: the run waits {format_duration(wait)} for one, and no user is active"
                self.out.note("warning", text)
        return now >= self._empty_since + wait

    def _is_over(self, now: int, end: int | None) -> bool:
        """Whether all slots that are scheduled now or later have ended: `iterations` are done, or data is used up."""
        ahead = self.orders.users_ahead(now)
        has_users = any(ahead) or end is None
        return has_users and self.slots.is_over(ahead)

    def _drain(self, why: str, now: int) -> None:
        """Let users finish: the schedule or a search is over, or all slots have ended."""
        self.life.take(RunEvent.ENDED, now)
        self._await_last_batches()
        self.out.note("info", f"{why}: users finish ({format_duration(self.orders.graceful_stop)} at most)")

    def _await_last_batches(self) -> None:
        """Set the deadline for the last batches."""
        # A user may take `graceful_stop` to end, and its `on_stop` as long again. Then the agent seals its last batch,
        # which may be late by as long as the agent may be unreachable without being lost: a lease with its guard.
        if self.orders.end is not None:
            self._deadline = self.orders.end + 2 * self.orders.graceful_stop + self.fleet.lease_with_guard

    def _collect(self, now: int) -> None:
        """Finish when every agent has delivered its last batch, or is not waited for any more."""
        waiting = [agent for agent in self.fleet if self._is_awaited(agent, now)]
        if waiting and now < self._deadline:
            return
        for agent in waiting:
            self.membership.lose(agent, "its last batch did not come in time")
        if not any(self.intake.of(agent.id).is_last for agent in self.fleet):
            self.ending.report_failure(self.ending.describe_loss())
        self.ending.end(RunEvent.COLLECTED, "the run is over", now)

    def _is_awaited(self, agent: FleetAgent, now: int) -> bool:
        """Whether the last batch of an agent is awaited: it has had slots, and its lease is not over."""
        return agent.is_enlisted and agent.has_lease(now) and not self.intake.of(agent.id).is_last
