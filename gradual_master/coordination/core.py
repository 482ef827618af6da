"""The master's decisions, from the first Hello to the last batch: `handle(event, now) -> list[Instruction]`.

The core reads no clock and does no I/O; `now` is run time in nanoseconds. It handles the event itself first. After
every event, of any type, it then checks three things: which leases are over, which intervals can be closed, and whether
the run enters its next state.
"""

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Schedule
from gradual_common.units import count, format_duration
from gradual_master.coordination import events
from gradual_master.coordination.events import Event, Instruction, Signal
from gradual_master.coordination.fleet.agent import LinkEvent, LinkState
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.membership import Membership
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.journal import Journal
from gradual_master.coordination.lifecycle import LifeCycle, State
from gradual_master.coordination.messages import MessageHandler
from gradual_master.coordination.orders import RunOrders
from gradual_master.coordination.rendezvous import MeetingPoints
from gradual_master.coordination.slots.assigning import Assigner
from gradual_master.coordination.slots.table import SlotTable
from gradual_master.coordination.stages.ending import RunEnding
from gradual_master.coordination.stages.once import OncePerRun
from gradual_master.coordination.stages.stages import RunStages
from gradual_master.coordination.supply.dealing import Dealing
from gradual_master.coordination.terms import Terms
from gradual_master.results.facts import FleetFacts, SlotsFinished

MAX_SILENCE_NS = NS_PER_S // 2
"""Ticks come every 50 ms: if no event comes for longer than this, the master process itself was stopped or blocked."""


class MasterCore:
    """The master without its sockets: creates its parts, connects them, and passes each event to the part it is for."""

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
        self._once = once = OncePerRun(terms, fleet, out)
        self._ending = ending = RunEnding(life, fleet, intake, once, out)
        self._stages = stages = RunStages(
            terms, life, fleet, slots, intake, orders, assigner, membership, once, ending, out
        )
        meetings = MeetingPoints(terms, fleet, out)
        self._dealing = dealing = Dealing(terms.supplies, fleet, out)
        self._messages = MessageHandler(fleet, intake, membership, stages, assigner, once, meetings, dealing, out)

    @property
    def state(self) -> State:
        """The state of the run."""
        return self._life.state

    @property
    def signal(self) -> Signal | None:
        """The first signal that stopped the run; None if it was not stopped from outside."""
        return self._ending.signal

    @property
    def failure(self) -> str | None:
        """Why the run failed; None if it did not."""
        return self._ending.failure

    @property
    def aborted(self) -> str | None:
        """Why the plan ended the run: an objective, or a user; None if it did not."""
        return self._ending.aborted

    @property
    def uninformed(self) -> list[str]:
        """The agents that worked until the end of the run and have not yet been sent that it is over."""
        return [agent.name for agent in self._fleet.working() if not agent.knows_end]

    def knows(self, agent: str) -> bool:
        """Whether this incarnation is in the fleet: only such an agent gets the job."""
        return self._fleet.has(agent)

    def name_of(self, agent: str) -> str:
        """The name of an incarnation; the first digits of its number if it is not in the fleet any more."""
        return self._fleet[agent].name if self.knows(agent) else agent[:8]

    @property
    def finished(self) -> tuple[SlotsFinished, ...]:
        """The slots that have ended for good."""
        return tuple(self._assigner.finished)

    def facts(self) -> FleetFacts:
        """The facts about the fleet for the summary."""
        intake = self._intake
        return FleetFacts(
            agents=self._fleet.facts(self._terms.origin),
            late_batches=intake.late_batches,
            # An agent numbers its batches without gaps, so those that it sealed and that were not merged never arrived.
            dropped_batches=sum(max(0, agent.sealed - intake.of(agent.id).merged) for agent in self._fleet),
            late_levels=intake.late_levels,
            resent_batches=intake.resent_batches,
            moves=self._assigner.moves,
            finished=self.finished,
            once=self._once.facts(),
            supplies=self._dealing.facts(),
        )

    def handle(self, event: Event, now: int) -> list[Instruction]:
        """Process `event`; return what the shell has to do, in order."""
        self._allow_for_stall(now)
        self._handle(event, now)
        self._advance(now)
        return self._out.take()

    def _allow_for_stall(self, now: int) -> None:
        """Move all deadlines by the time in which the master did not run (docs/design/fleet.md, 4.11)."""
        # A master that was suspended or blocked has read no ping. Without this, its first look at the clock would find
        # every lease over, and it would take the slots of a whole healthy fleet. The pings lie unread in its sockets.
        silence = now - self._last_event if self._last_event is not None else 0
        self._last_event = now
        if silence > MAX_SILENCE_NS:
            self._intake.note_stall(now)
            self._stages.note_stall(silence)
            self._fleet.note_stall(silence)
            self._out.note("warning", f"the master stood still for {silence / NS_PER_S:.1f} s")

    def _handle(self, event: Event, now: int) -> None:
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
            case events.OnceMerged(report):
                self._once.merged(report)
            case events.Stop(signal):
                self._stages.stop(signal, now)
            case events.Abort(reason):
                self._stages.abort(reason, now)
            case events.ChooseLevel() | events.EndSearch():
                self._stages.steer(event, now)
            case events.Tick():
                self._watch(now)
                self._assigner.watch(now)

    def _advance(self, now: int) -> None:
        # Each step may make the next one possible in the same event (the last confirmation starts the load, which
        # assigns slots at once), so this repeats until the state stays. Order: an expired agent is lost first, so that
        # no interval waits for it; intervals close next; only then the run moves on, which may close the rest.
        before: State | None = None
        while before is not self.state and not self._life.is_finished:
            before = self.state
            for agent in self._fleet.expired(now):
                self._membership.expire(agent)
            self._dealing.note_losses(self._membership.lost)
            if not self._life.is_tearing_down:  # The load is over: all of its intervals are closed.
                self._ending.close(self._intake.close_due(now))
            self._stages.advance(now)

    def _watch(self, now: int) -> None:
        """Warn of a silent agent after half a lease: before its users stop, and with what will happen to them."""
        for agent in self._fleet.working():
            silence = now - agent.heard_at
            # Not again for one that is already reported as silent. A broken connection was reported when it broke.
            is_connected = agent.link in (LinkState.HERE, LinkState.RETURNING)
            if not is_connected or silence < self._terms.lease // 2 or not agent.has_lease(now):
                continue
            agent.take(LinkEvent.QUIET)
            users = self._slots.count_of(agent.id)
            left = format_duration((self._fleet.lease_with_guard - silence) // NS_PER_S * NS_PER_S)
            self._out.note(
                "warning",
                f"agent {agent.name} is silent: its {count(users, 'user')} stop at the end of its lease; unless it "
                f"comes back, the others take them over in about {left}",
                agent,
                "silent",
            )
