"""What every decision of the master reads and changes: the parts of a run, and how they speak.

`Command` holds the parts together; `Reception` deals with what agents say, `MasterCore` with how the run moves on.
Whatever is decided is committed to the journal first, then put in `out`, in the order in which the shell is to do it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gradual_common.protocol.messages import Expired, Finish, MasterMessage, Orders, Refused
from gradual_common.schedule.schedule import Schedule
from gradual_common.units import count, format_duration
from gradual_master.coordination.events import Close, Instruction, Note, Send
from gradual_master.coordination.fleet.fleet import Agent, Fleet
from gradual_master.coordination.fleet.leases import Leases
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.journal import AgentLost, Journal, OrdersIssued, StateTaken
from gradual_master.coordination.lifecycle import LifeCycle, State, Step
from gradual_master.coordination.ordering import Ordering
from gradual_master.coordination.slots.seats import Seats
from gradual_master.results.facts import SlotsFinished
from gradual_master.results.summary.history import Fate


@dataclass(frozen=True, slots=True)
class Terms:
    """What the core is told about the run; durations in ns. `origin`: run time 0 on the master's clock.

    `is_closed`: no agent can come that is not here, so that none is waited for after the last one is lost.
    """

    run: str
    expect_agents: int
    agents_wait: int
    lease: int
    guard: int
    interval: int
    graceful_stop: int
    origin: int = 0
    epoch: int = 1
    is_closed: bool = False


class Command:
    """The parts of one run. `deadline`: run time at which the present state has waited long enough.

    `lost`: the agents that were lost, in that order. `moves`: slots that were to go from one agent to another.
    `is_unsettled`: slots are free or agents have come, so that there is something to deal; `has_joined`: one of them is
    new, so that others give it its share.
    """

    def __init__(self, terms: Terms, schedule: Schedule, journal: Journal) -> None:
        self.terms = terms
        self.schedule = schedule
        self.journal = journal
        self.life = LifeCycle()
        self.fleet = Fleet(terms.run)
        self.leases = Leases(terms.lease, terms.guard)
        self.seats = Seats(schedule.peak)
        self.intake = Intake(terms.interval)
        self.ordering = Ordering(schedule, terms.lease, terms.graceful_stop, terms.epoch)
        self.deadline = terms.agents_wait
        self.finished: list[SlotsFinished] = []
        self.lost: list[Agent] = []
        self.moves = 0
        self.is_unsettled = False
        self.has_joined = False
        self.is_short = False
        self.out: list[Instruction] = []

    # ── Speaking ───────────────────────────────────────────────────────────────────────────────────────────────────

    def note(
        self,
        level: Literal["info", "warning", "error"],
        text: str,
        agent: Agent | None = None,
        fate: Fate | None = None,
        **about: Any,
    ) -> None:
        """Say something to whoever watches; `fate`: what has become of the agent."""
        self.out.append(Note(level, text, (*(agent.about if agent is not None else ()), *about.items()), fate))

    def send(self, agent: Agent, message: MasterMessage, *, ahead: bool = False) -> None:
        """Put a message on the agent's stream; without one it hears nothing, and asks again when it is back."""
        if agent.stream is not None:
            self.out.append(Send(agent.stream, message, ahead))

    def refuse(self, stream: int, reason: str) -> None:
        """Say why, and close the stream."""
        self.out += [Send(stream, MasterMessage(refused=Refused(reason))), Close(stream)]

    def orders_of(self, agent: Agent) -> Orders:
        """The present orders with the agent's slots."""
        slots = self.seats.ordered_of(agent.id, agent.provisioned)
        self.seats.note_named(slots, self.ordering.version)
        return self.ordering.orders_for(slots)

    def issue_orders(self) -> None:
        """Commit the present version of the orders, then send it to every agent."""
        self._commit_orders()
        for agent in self.fleet.connected():
            if agent.is_enlisted and not agent.is_back:
                self.send(agent, MasterMessage(orders=self.orders_of(agent)), ahead=True)

    def order_anew(self, agent: Agent) -> None:
        """Commit a new version of the same levels, for an agent whose slots have changed, and send it."""
        self.ordering.renumber()
        self._commit_orders()
        if not agent.is_back:  # It is told once it has said what it holds: until then its Hello is what is known.
            self.send(agent, MasterMessage(orders=self.orders_of(agent)), ahead=True)

    def _commit_orders(self) -> None:
        ordering = self.ordering
        self.journal.commit([OrdersIssued(ordering.epoch, ordering.version, ordering.start, ordering.stopped_at)])

    def say_finish(self, agent: Agent, reason: str) -> None:
        """The run is over for this agent."""
        if agent.stream is not None:
            agent.is_told = True
            self.out += [Send(agent.stream, MasterMessage(finish=Finish(reason))), Close(agent.stream)]

    # ── Moving on ──────────────────────────────────────────────────────────────────────────────────────────────────

    def move(self, step: Step, now: int) -> State:
        """Take a step of the life cycle."""
        state = self.life.take(step)
        self.journal.commit([StateTaken(state.value, now)])
        return state

    def unsettle(self, *, joined: bool = False) -> None:
        """Slots are free, or an agent has joined."""
        self.is_unsettled = True
        self.has_joined = self.has_joined or joined

    def reconsider(self, agent: Agent) -> None:
        """The agent is here again: what nobody had room for meanwhile goes to it, and its share of what others took."""
        self.unsettle(joined=agent.is_passed_over or not self.seats.held_by(agent.id))
        agent.is_passed_over = False

    # ── Losing agents ──────────────────────────────────────────────────────────────────────────────────────────────

    def lose(self, agent: Agent, reason: str) -> None:
        """The agent's slots are free from now on; what it still delivers is merged all the same."""
        self._part_with(agent)
        has_ended_with_the_run = self.life.is_collecting and self.intake.has_delivered_last(agent.id)
        if agent.lost is not None or has_ended_with_the_run:
            return
        agent.lost = reason
        agent.was_lost = True
        self.fleet.gathering.remove(agent)
        # Back before the load it is a newcomer, and given its share as one.
        agent.is_enlisted = agent.is_enlisted and not self.life.is_preparing
        self.lost.append(agent)
        users = sum(run.count for run in self.seats.take_all(agent.id))
        self.journal.commit([AgentLost(agent.id, reason)])
        fate = f"; its {count(users, 'user')} go to the others" if users and not self.fleet.is_alone else ""
        self.note("warning", f"agent {agent.name} is lost: {reason}{fate}", agent, "lost", slots=users)
        # What was reckoned as its share while it was away is the others' now.
        self.unsettle(joined=agent.is_passed_over)
        agent.is_passed_over = False

    def _part_with(self, agent: Agent) -> None:
        self.leases.end(agent.id)
        self.intake.dismiss(agent.id)

    def remove(self, agent: Agent, reason: str) -> None:
        """The agent is gone: lost once slots are dealt; before that it leaves nothing behind."""
        if self.life.has_dealt:
            self.lose(agent, reason)
            return
        self.leases.end(agent.id)
        self.fleet.forget(agent)
        self.note("warning", f"agent {agent.name} is gone: {reason}", agent)

    def part(self, agent: Agent, reason: str) -> None:
        """The agent says goodbye: after a drain it has handed everything over, else it is lost."""
        if not (agent.is_leaving and self.intake.has_delivered_last(agent.id)):
            self.remove(agent, f"it ended ({reason})")
            return
        agent.has_left = True
        self._part_with(agent)
        self.seats.take_all(agent.id)
        self.unsettle()
        self.note("info", f"agent {agent.name} has left; everything that it measured is here", agent, "left")

    def drop(self, agent: Agent, reason: str) -> None:
        """The agent cannot be understood: it is told why and not heard again.

        Its slots stay its own until its lease is over: only then does nobody run them.
        """
        said = f"dropped, for what it sent cannot be read: {reason}"
        self.fleet.bar(agent)
        stream = agent.stream
        if self.life.has_dealt and agent.lost is None:
            agent.dropped = said
            self.intake.dismiss(agent.id)
            self.note("error", f"agent {agent.name} is {said}", agent)
        else:
            self.remove(agent, said)
        if stream is not None:
            self.refuse(stream, f"what this agent sent cannot be read: {reason}")
            self.fleet.leave(stream)

    def expire(self, agent: Agent) -> None:
        """The agent's lease is over, by the master's count and so by its own."""
        self.send(agent, MasterMessage(expired=Expired("the lease is over")), ahead=True)
        self.remove(agent, agent.dropped or f"it was not heard for {format_duration(self.leases.length)}")
