"""The master's decisions, from the first Hello to the last batch: `handle(event, now) -> list[Instruction]`.

The core reads no clock and does no I/O; `now` is run time in nanoseconds. What an event says is dealt with first; then
the core asks, whatever the event was, whether leases have run out, intervals may be closed, and the run may move on.
"""

from __future__ import annotations

from collections.abc import Callable

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Schedule
from gradual_common.units import format_duration
from gradual_master.coordination.events import (
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
from gradual_master.coordination.fleet.departures import Departures
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.greeting import Greeter
from gradual_master.coordination.fleet.leases import Leases
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.invariants import validate
from gradual_master.coordination.journal import Journal
from gradual_master.coordination.lifecycle import LifeCycle, State
from gradual_master.coordination.messages import MessageHandler
from gradual_master.coordination.orders import OrderSender, RunOrders
from gradual_master.coordination.phases.ending import Ending
from gradual_master.coordination.phases.preparing import Preparation
from gradual_master.coordination.phases.running import Running
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
        self._out = out = Instructions()
        self._life = life = LifeCycle(journal)
        self._fleet = fleet = Fleet(terms.run)
        self._leases = leases = Leases(terms.lease, terms.guard)
        self._slots = slots = SlotTable(schedule.peak)
        self._intake = intake = Intake(terms.interval)
        orders = RunOrders(schedule, terms.lease, terms.graceful_stop, terms.epoch)
        sender = OrderSender(orders, fleet, slots, journal, out)
        self._assigner = assigner = Assigner(schedule, life, fleet, slots, intake, orders, sender, journal, out)
        self._departures = departures = Departures(terms, life, fleet, leases, slots, intake, assigner, journal, out)
        self._ending = ending = Ending(life, fleet, leases, intake, orders, sender, departures, journal, out)
        self._preparation = preparation = Preparation(
            terms, life, fleet, intake, orders, sender, assigner, departures, ending, out
        )
        self._running = Running(terms, fleet, leases, slots, orders, sender, assigner, ending, out)
        greeter = Greeter(terms, life, fleet, leases, slots, intake, departures, out)
        self._messages = MessageHandler(fleet, leases, intake, greeter, departures, preparation, assigner, journal, out)
        self._last_event: int | None = None
        self._advances: dict[State, Callable[[int], None]] = {
            State.WAITING: preparation.await_agents,
            State.PROVISIONING: preparation.await_rows,
            State.READYING: preparation.await_confirmations,
            State.RUNNING: self._running.advance,
            State.DRAINING: ending.collect,
            State.STOPPING: ending.collect,
            State.CUTTING: ending.collect,
        }

    @property
    def state(self) -> State:
        """Where the run stands."""
        return self._life.state

    @property
    def signal(self) -> Signal | None:
        """How the run was first stopped from outside, if it was."""
        return self._ending.signal

    @property
    def failure(self) -> str | None:
        """Why the run could not be done, if it could not."""
        return self._ending.failure

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
            dropped_batches=sum(max(0, agent.sealed - intake.merged_number(agent.id)) for agent in self._fleet),
            late_levels=intake.late_levels,
            resent_batches=intake.resent_batches,
            moves=self._assigner.moves,
            finished=self.finished,
        )

    def validate(self) -> None:
        """AssertionError when what must always hold between two events does not. Tests ask it; a run does not."""
        validate(self._life, self._fleet, self._slots, self._leases, self._intake)

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
            self._leases.extend(silence)
            self._intake.excuse(now)
            self._preparation.excuse(silence)
            self._ending.excuse(silence)
            self._fleet.excuse(silence)
            self._out.note("warning", f"the master stood still for {format_duration(silence)}")

    def _take(self, event: Event, now: int) -> None:
        match event:
            case Received(stream, message):
                self._messages.receive(stream, message, now)
            case Merged(agent, batch):
                self._messages.acknowledge(self._fleet[agent], batch)
            case StreamEnded(stream):
                self._departures.end_stream(stream, now)
            case Provided(agent, slots, sequence):
                self._assigner.note_provided(self._fleet[agent], slots, sequence)
            case Unreadable(stream, reason, peer):
                self._messages.reject(stream, reason, peer)
            case Unmergeable(agent, number, reason):
                self._departures.drop(self._fleet[agent], f"batch {number}: {reason}")
            case Stop(signal):
                self._ending.stop(signal, now)
            case Tick():
                self._running.watch(now)
                self._assigner.watch(now)

    def _advance(self, now: int) -> None:
        before: State | None = None
        while before is not self.state and not self._life.is_finished:
            before = self.state
            for agent in self._leases.expired(now):
                self._departures.expire(self._fleet[agent])
            self._ending.close(self._intake.close_due(now))
            self._advances[before](now)
