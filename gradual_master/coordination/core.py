"""The master's decisions, from the first Hello to the last batch: `handle(event, now) -> list[Instruction]`.

The core reads no clock and does no I/O; `now` is run time in nanoseconds. What an event says is dealt with first; then
the core asks, whatever the event was, whether leases have run out, intervals may be closed, and the run may move on.
"""

from __future__ import annotations

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Schedule
from gradual_common.units import count, format_duration
from gradual_master.coordination import events
from gradual_master.coordination.events import Event, Instruction, Signal
from gradual_master.coordination.fleet.agent import Contact, ContactEvent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.membership import Membership
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.journal import Journal
from gradual_master.coordination.lifecycle import LifeCycle, State
from gradual_master.coordination.messages import MessageHandler
from gradual_master.coordination.orders import RunOrders
from gradual_master.coordination.phases import Phases
from gradual_master.coordination.slots.assigning import Assigner
from gradual_master.coordination.slots.table import SlotTable
from gradual_master.coordination.terms import Terms
from gradual_master.results.facts import FleetFacts, SlotsFinished

STALL = NS_PER_S // 2
"""Ticks come every 50 ms: a silence longer than this means that the master itself stood still."""


class MasterCore:
    """The master without its sockets: makes its parts, gives each what it uses, and puts events to them."""

    def __init__(self, terms: Terms, schedule: Schedule, journal: Journal) -> None:
        self._terms = terms
        self._last_event: int | None = None
        self._out = out = Instructions(journal)
        self._life = life = LifeCycle(journal)
        self._fleet = fleet = Fleet(terms)
        self._slots = slots = SlotTable(schedule.peak)
        self._intake = intake = Intake(terms.interval)
        orders = RunOrders(terms, schedule, fleet, slots, out)
        self._assigner = assigner = Assigner(schedule, life, fleet, slots, intake, orders, out)
        self._membership = membership = Membership(terms, life, fleet, slots, intake, assigner, out)
        self._phases = phases = Phases(terms, life, fleet, slots, intake, orders, assigner, membership, out)
        self._messages = MessageHandler(fleet, intake, membership, phases, assigner, out)

    @property
    def state(self) -> State:
        """Where the run stands."""
        return self._life.state

    @property
    def signal(self) -> Signal | None:
        """How the run was first stopped from outside, if it was."""
        return self._phases.signal

    @property
    def failure(self) -> str | None:
        """Why the run could not be done, if it could not."""
        return self._phases.failure

    @property
    def uninformed(self) -> list[str]:
        """The agents that worked for the run to its end, and do not know yet that it is over."""
        return [agent.name for agent in self._fleet.working() if not agent.knows_end]

    def knows(self, agent: str) -> bool:
        """Whether this incarnation was taken in: only such an agent gets the job."""
        return self._fleet.has(agent)

    def name_of(self, agent: str) -> str:
        """How people know an incarnation; the begin of its number once it is forgotten."""
        return self._fleet[agent].name if self.knows(agent) else agent[:8]

    @property
    def finished(self) -> tuple[SlotsFinished, ...]:
        """The slots that have ended for good."""
        return tuple(self._assigner.finished)

    def facts(self) -> FleetFacts:
        """The fleet as the summary shows it."""
        intake = self._intake
        return FleetFacts(
            agents=self._fleet.facts(self._terms.origin),
            late_batches=intake.late_batches,
            dropped_batches=sum(max(0, agent.sealed - intake.of(agent.id).merged) for agent in self._fleet),
            late_levels=intake.late_levels,
            resent_batches=intake.resent_batches,
            moves=self._assigner.moves,
            finished=self.finished,
        )

    def handle(self, event: Event, now: int) -> list[Instruction]:
        """What is to be done about `event`, in order."""
        self._bear_stall(now)
        self._take(event, now)
        self._advance(now)
        return self._out.take()

    def _bear_stall(self, now: int) -> None:
        """A master that stood still has read no ping meanwhile: its deadlines move by the stall (DESIGN 4.11)."""
        silence = now - self._last_event if self._last_event is not None else 0
        self._last_event = now
        if silence > STALL:
            self._intake.note_stall(now)
            self._phases.note_stall(silence)
            self._fleet.note_stall(silence)
            self._out.note("warning", f"the master stood still for {format_duration(silence)}")

    def _take(self, event: Event, now: int) -> None:
        match event:
            case events.Received(stream, message):
                self._messages.receive(stream, message, now)
            case events.Merged(agent, batch):
                self._messages.acknowledge(self._fleet[agent], batch)
            case events.StreamEnded(stream):
                self._membership.end_stream(stream, now)
            case events.Provided(agent, slots, sequence):
                self._assigner.note_provided(self._fleet[agent], slots, sequence)
            case events.Unreadable(stream, reason, peer):
                self._messages.reject(stream, reason, peer)
            case events.Unmergeable(agent, number, reason):
                self._membership.drop(self._fleet[agent], f"batch {number}: {reason}")
            case events.Stop(signal):
                self._phases.stop(signal, now)
            case events.Tick():
                self._watch(now)
                self._assigner.watch(now)

    def _advance(self, now: int) -> None:
        before: State | None = None
        while before is not self.state and not self._life.is_finished:
            before = self.state
            for agent in self._fleet.expired(now):
                self._membership.expire(agent)
            self._phases.close(self._intake.close_due(now))
            self._phases.advance(now)

    def _watch(self, now: int) -> None:
        """An operator hears of a silent agent before its lease is over, and what will become of its users."""
        for agent in self._fleet.working():
            silence = now - agent.heard_at
            # That it is silent already, or that its connection is broken, was said at once.
            is_connected = agent.contact in (Contact.HERE, Contact.RETURNING)
            if not is_connected or silence < self._terms.lease // 2 or not agent.has_lease(now):
                continue
            agent.take(ContactEvent.QUIET)
            users = self._slots.count_of(agent.id)
            left = format_duration((self._fleet.lease - silence) // NS_PER_S * NS_PER_S)
            self._out.note(
                "warning",
                f"agent {agent.name} is silent: its {count(users, 'user')} stop at the end of its lease; unless it "
                f"comes back, the others take them over in about {left}",
                agent,
                "silent",
            )
