"""The master's decisions, from the first Hello to the last batch: `handle(event, now) -> list[Instruction]`.

The core reads no clock and does no I/O; `now` is run time in nanoseconds. What an event says is dealt with first; then
the core asks, whatever the event was, whether leases have run out, intervals may be closed, and the run may move on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.schedule.schedule import Schedule
from gradual_common.units import count, format_duration
from gradual_master.coordination.command import Command, Terms
from gradual_master.coordination.events import (
    Begin,
    CloseInterval,
    End,
    Event,
    Instruction,
    Merged,
    Provided,
    Received,
    Signal,
    Stop,
    StreamEnded,
    Tick,
    Unmergeable,
    Unreadable,
)
from gradual_master.coordination.fleet.fleet import Agent
from gradual_master.coordination.journal import IntervalClosed, Journal
from gradual_master.coordination.lifecycle import State, Step
from gradual_master.coordination.reception import Reception
from gradual_master.coordination.slots.allocation import Shortfall
from gradual_master.coordination.slots.dealing import Dealing
from gradual_master.results.facts import FleetFacts, SlotsFinished

STALL = NS_PER_S // 2
"""Ticks come every 50 ms: a silence longer than this means that the master itself stood still."""

LEAD = 100 * NS_PER_MS
"""The least time between the last confirmation and the schedule's begin."""

CUT_WAIT = 3 * NS_PER_S
"""How long last batches are awaited after the second stop."""


class MasterCore:
    """The master without its sockets. `signal` and `failure` say how the run ended, if not by itself."""

    def __init__(self, terms: Terms, schedule: Schedule, journal: Journal) -> None:
        self._command = Command(terms, schedule, journal)
        self._dealing = Dealing(self._command)
        self._reception = Reception(self._command, self._dealing)
        self._last_event: int | None = None
        self._armed_at = 0
        self._alone_since: int | None = None
        self._unready: deque[Agent] = deque()
        self.signal: Signal | None = None
        self.failure: str | None = None
        self._advances: dict[State, Callable[[int], None]] = {
            State.WAITING: self._gather,
            State.PROVISIONING: self._await_rows,
            State.READYING: self._await_confirmations,
            State.RUNNING: self._run,
            State.DRAINING: self._collect,
            State.STOPPING: self._collect,
            State.CUTTING: self._collect,
        }

    @property
    def state(self) -> State:
        """Where the run stands."""
        return self._command.life.state

    @property
    def untold(self) -> list[str]:
        """The agents that worked for the run to its end, and do not know yet that it is over."""
        return [agent.name for agent in self._command.fleet.working() if not agent.is_told]

    def knows(self, agent: str) -> bool:
        """Whether this incarnation was taken in: only such an agent gets the job."""
        return self._command.fleet.has(agent)

    def name_of(self, agent: str) -> str:
        """How people know an incarnation; the begin of its number once it is forgotten."""
        return self._command.fleet[agent].name if self.knows(agent) else agent[:8]

    def handle(self, event: Event, now: int) -> list[Instruction]:
        """What is to be done about `event`, in order."""
        self._command.out = []
        self._bear_stall(now)
        self._take(event, now)
        self._advance(now)
        return self._command.out

    @property
    def finished(self) -> tuple[SlotsFinished, ...]:
        """The slots that have ended for good."""
        return tuple(self._command.finished)

    def facts(self) -> FleetFacts:
        """The fleet as the summary shows it."""
        fleet, intake = self._command.fleet, self._command.intake
        return FleetFacts(
            agents=fleet.facts(self._command.terms.origin),
            late_batches=intake.late_batches,
            dropped_batches=sum(max(0, agent.sealed - intake.merged_number(agent.id)) for agent in fleet),
            late_levels=intake.late_levels,
            resent_batches=intake.resent_batches,
            moves=self._command.moves,
            finished=self.finished,
        )

    # ── Events ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _bear_stall(self, now: int) -> None:
        """A master that stood still has read no ping meanwhile: its deadlines move by the stall (DESIGN 4.11)."""
        silence = now - self._last_event if self._last_event is not None else 0
        self._last_event = now
        if silence > STALL:
            self._command.leases.extend(silence)
            self._command.intake.excuse(now)
            self._command.deadline += silence
            self._command.fleet.excuse(silence)
            self._command.note("warning", f"the master stood still for {format_duration(silence)}")

    def _take(self, event: Event, now: int) -> None:
        fleet = self._command.fleet
        match event:
            case Received(stream, message):
                self._reception.receive(stream, message, now)
            case Merged(agent, batch):
                self._reception.acknowledge(fleet[agent], batch)
            case StreamEnded(stream):
                self._reception.end_stream(stream, now)
            case Provided(agent, slots, sequence):
                self._dealing.note_provided(fleet[agent], slots, sequence)
            case Unreadable(stream, reason, peer):
                self._reception.reject(stream, reason, peer)
            case Unmergeable(agent, number, reason):
                self._command.drop(fleet[agent], f"batch {number}: {reason}")
            case Stop(signal):
                self._stop(signal, now)
            case Tick():
                self._notice_silence(now)
                self._dealing.watch(now)

    def _stop(self, signal: Signal, now: int) -> None:
        """The first stop drains, the second cuts, the third waits for nothing."""
        if self._command.life.is_finished:
            return
        self.signal = self.signal or signal
        ordering = self._command.ordering
        match self._command.move(Step.STOPPED, now):
            case State.STOPPING:
                self._order_stop(now)
                self._await_last_batches()
                most = format_duration(ordering.graceful_stop)
                self._command.note("warning", f"stopping: users drain for at most {most}; stop again to cut them")
            case State.CUTTING:
                self._order_stop(now, graceful_stop=0)
                self._command.deadline = now + CUT_WAIT
                self._command.note("warning", "stopping at once: requests in flight are interrupted")
            case _:
                self._finish("the run was stopped")

    def _order_stop(self, now: int, graceful_stop: int | None = None) -> None:
        self._command.ordering.stop(now, graceful_stop)
        self._command.issue_orders()

    # ── Whatever the event was ─────────────────────────────────────────────────────────────────────────────────────

    def _advance(self, now: int) -> None:
        before: State | None = None
        while before is not self.state and not self._command.life.is_finished:
            before = self.state
            self._expire(now)
            self._close_intervals(now)
            self._advances[before](now)

    def _expire(self, now: int) -> None:
        for agent in self._command.leases.expired(now):
            self._command.expire(self._command.fleet[agent])

    def _notice_silence(self, now: int) -> None:
        """An operator hears of a silent agent before its lease is over, and what will become of its users."""
        terms = self._command.terms
        for agent in self._command.fleet.working():
            silence = now - agent.heard_at
            if agent.is_silent or silence < terms.lease // 2 or not self._command.leases.is_held(agent.id, now):
                continue
            agent.is_silent = True
            if agent.stream is None:
                continue  # That its connection is broken was said at once, and what becomes of its users.
            users = sum(run.count for run in self._command.seats.held_by(agent.id))
            left = format_duration((terms.lease + terms.guard - silence) // NS_PER_S * NS_PER_S)
            self._command.note(
                "warning",
                f"agent {agent.name} is silent: its {count(users, 'user')} stop at the end of its lease; unless it "
                f"comes back, the others take them over in about {left}",
                agent,
                "silent",
            )

    def _close_intervals(self, now: int) -> None:
        for number in self._command.intake.close_due(now):
            self._close_interval(number)

    def _close_interval(self, number: int) -> None:
        self._command.journal.commit([IntervalClosed(number)])
        self._command.out.append(CloseInterval(number))

    # ── Before the load ────────────────────────────────────────────────────────────────────────────────────────────

    def _gather(self, now: int) -> None:
        terms, gathering = self._command.terms, self._command.fleet.gathering
        if gathering.complete >= terms.expect_agents:
            self._deal(sorted(self._command.fleet.connected(), key=lambda agent: agent.name), now)
        elif now >= self._command.deadline:
            agents = "agents" if terms.expect_agents > 1 else "agent"
            wait = format_duration(terms.agents_wait)
            reason = f"only {gathering.complete} of {terms.expect_agents} {agents} came within {wait}"
            self._fail(f"{reason}; {lacking}" if (lacking := gathering.lacking()) else reason, now)

    def _deal(self, agents: list[Agent], now: int) -> None:
        command = self._command
        for agent in [other for other in command.fleet.working() if other.stream is None]:
            command.fleet.forget(agent)
            command.leases.end(agent.id)
        shortfall = self._dealing.deal(agents)
        if shortfall is not None:
            self._fail(_describe(shortfall, agents), now)
            return
        command.move(Step.GATHERED, now)
        command.deadline = now + command.terms.agents_wait
        self._await_all()

    def _await_rows(self, now: int) -> None:
        if self._is_ready(lambda agent: agent.has_rows, "stored the plan and its data rows", now):
            self._armed_at = now
            self._command.deadline = now + self._command.terms.agents_wait
            self._command.ordering.arm()
            self._command.issue_orders()
            self._command.move(Step.PROVISIONED, now)
            self._await_all()

    def _await_confirmations(self, now: int) -> None:
        ordering = self._command.ordering
        current = (ordering.epoch, ordering.version)
        if self._is_ready(lambda agent: agent.confirmed >= current, "confirmed its orders", now):
            self._begin(now)

    def _await_all(self) -> None:
        self._unready = deque(agent for agent in self._command.fleet if agent.is_dealt)

    def _is_ready(self, is_ready: Callable[[Agent], bool], what: str, now: int) -> bool:
        """Whether all agents are; the loss of one, or a long silence, ends the run while nothing has been sent yet.

        Unless as many are here as are expected all the same, for it was started again: then the load begins without
        the lost one, and its slots are dealt at once. Those that were ready once are not asked again: this is looked
        at after every message.
        """
        lost = next((agent for agent in self._command.lost if agent.is_dealt), None)
        if lost is not None and self._command.fleet.gathering.complete < self._command.terms.expect_agents:
            self._fail(f"agent {lost.name} was lost before the load began: {lost.lost}", now)
            return False
        while self._unready and (self._unready[0].was_lost or is_ready(self._unready[0])):
            self._unready.popleft()
        if self._unready and now >= self._command.deadline:
            wait = format_duration(self._command.terms.agents_wait)
            late = ", ".join(agent.name for agent in self._unready if not (agent.was_lost or is_ready(agent)))
            self._fail(f"{late}: has not {what} within {wait}", now)
        return not self._unready

    def _begin(self, now: int) -> None:
        """Far enough ahead for the slowest agent to hear of it: every agent is to change at one instant."""
        command = self._command
        lead = min(max(LEAD, 2 * (now - self._armed_at)), command.terms.lease)
        command.ordering.begin(now + lead)
        command.intake.begin(now + lead)
        command.out.append(Begin(now + lead))
        # Who has come while the others prepared joins now; what was dealt to these is not dealt again.
        command.has_joined = any(not agent.is_enlisted for agent in command.fleet.staying())
        command.is_unsettled = command.has_joined or command.seats.has_free
        command.issue_orders()
        command.move(Step.CONFIRMED, now)

    # ── Under load ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, now: int) -> None:
        ordering = self._command.ordering
        self._dealing.settle(now)
        if self._is_alone(now):
            self._fail(self._describe_loss(), now)
        elif ordering.end is not None and now >= ordering.end:
            self._drain(now)
        elif self._is_over(now):
            self._order_stop(now)
            self._drain(now)
        elif ordering.is_due(now):
            ordering.refresh(now)
            self._command.issue_orders()

    def _is_alone(self, now: int) -> bool:
        """Whether no agent has been here for so long that none is expected any more."""
        if not self._command.fleet.is_alone:
            self._alone_since = None
            return False
        wait = 0 if self._command.terms.is_closed else self._command.terms.agents_wait
        if self._alone_since is None:
            self._alone_since = now
            if wait:
                text = f"no agent is left: the run waits {format_duration(wait)} for one, and no user is active"
                self._command.note("warning", text)
        return now >= self._alone_since + wait

    def _is_over(self, now: int) -> bool:
        """Whether no slot that is scheduled, now or later, has anything left to do (`iterations`, data used up)."""
        ahead = self._command.ordering.users_ahead(now)
        has_users = any(ahead) or self._command.ordering.end is None
        return has_users and self._command.seats.is_over(ahead)

    def _drain(self, now: int) -> None:
        self._command.move(Step.ENDED, now)
        self._await_last_batches()
        self._command.note("info", "the schedule is over: users drain")

    def _await_last_batches(self) -> None:
        """`graceful_stop`, `on_stop` for as long again, then the last batch; a lease and guard for it to come."""
        ordering, leases = self._command.ordering, self._command.leases
        if ordering.end is not None:
            self._command.deadline = ordering.end + 2 * ordering.graceful_stop + leases.length

    def _collect(self, now: int) -> None:
        command = self._command
        waiting = [agent for agent in command.fleet if not self._is_done(agent, now)]
        if waiting and now >= command.deadline:
            for agent in waiting:
                command.lose(agent, "its last batch did not come in time")
            waiting = []
        if not waiting:
            if not any(command.intake.has_delivered_last(agent.id) for agent in command.fleet):
                self._report_failure(self._describe_loss())
            command.move(Step.COLLECTED, now)
            self._finish("the run is over")

    def _is_done(self, agent: Agent, now: int) -> bool:
        """An agent that was never enlisted has measured nothing; of one whose lease is over nothing is awaited."""
        has_delivered = self._command.intake.has_delivered_last(agent.id)
        return has_delivered or not (agent.is_enlisted and self._command.leases.is_held(agent.id, now))

    # ── The end ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _fail(self, reason: str, now: int) -> None:
        if self._command.life.is_finished:
            return
        self._report_failure(reason)
        self._command.move(Step.FAILED, now)
        self._finish(f"the run could not be done: {reason}")

    def _report_failure(self, reason: str) -> None:
        self.failure = reason
        self._command.note("error", reason)

    def _describe_loss(self) -> str:
        fates = "; ".join(f"{agent.name}: {agent.lost}" for agent in self._command.fleet if agent.lost)
        return f"every agent is gone ({fates})"

    def _finish(self, reason: str) -> None:
        for number in self._command.intake.close_rest():
            self._close_interval(number)
        for agent in self._command.fleet.connected():
            self._command.say_finish(agent, reason)
        self._command.out.append(End())


def _describe(shortfall: Shortfall, agents: list[Agent]) -> str:
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
