"""Hellos: who is taken in, taken back, or refused (DESIGN 4.3, 4.5, 4.11)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gradual_common.protocol.messages import Expired, Hello, MasterMessage, Welcome
from gradual_common.units import count
from gradual_master.coordination.events import Close, Send
from gradual_master.coordination.fleet.departures import Departures
from gradual_master.coordination.fleet.fleet import Agent, Fleet
from gradual_master.coordination.fleet.leases import Leases
from gradual_master.coordination.fleet.standing import StandingEvent
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.lifecycle import LifeCycle
from gradual_master.coordination.slots.table import SlotTable
from gradual_master.coordination.terms import Terms


def spread(number: int) -> float:
    """The `number`-th of points that lie evenly in [0, 1), however many there will be: 0, ½, ¼, ¾, ⅛, …

    The binary digits mirrored at the point (J. G. van der Corput, "Verteilungsfunktionen", 1935).
    """
    point, weight = 0.0, 0.5
    while number:
        point += weight * (number & 1)
        number, weight = number >> 1, weight / 2
    return point


@dataclass(eq=False, slots=True)
class Greeter:
    """Deals with one Hello at a time."""

    terms: Terms
    life: LifeCycle
    fleet: Fleet
    leases: Leases
    slots: SlotTable
    intake: Intake
    departures: Departures
    out: Instructions

    def greet(self, stream: int, hello: Hello, now: int) -> bool:
        """Whether the agent is taken in, or back."""
        known = self.fleet.find(hello)
        refusal = self.fleet.refusal(hello, is_ending=self.life.is_collecting or self.life.is_finished)
        if refusal is not None:
            self.out.note("warning", f"agent {hello.name} is refused: {refusal}", host=hello.host, pid=hello.pid)
            self.out.refuse(stream, refusal)
            return False
        if known is not None and hello.stream <= known.hello.stream:
            self.out.add(Close(stream))
            return False
        if known is not None and not self._may_return(known, hello, stream):
            return False
        agent = self._admit(hello, stream) if known is None else self._adopt(known, hello, stream)
        self.leases.renew(agent.id, now)
        self.intake.reconnect(agent.id)
        agent.heard_at = now
        self._welcome(agent)
        return True

    def _may_return(self, agent: Agent, hello: Hello, stream: int) -> bool:
        """An agent that was lost comes back without users; it and every other names only what it holds."""
        if agent.is_lost and hello.held:
            expired = Expired("its slots were given to others: end their users, and say Hello without them")
            self.out.add(Send(stream, MasterMessage(expired=expired), ahead=True), Close(stream))
            agent.hello = replace(agent.hello, stream=hello.stream)
            return False
        if self.slots.knows(agent.id, hello.held):
            return True
        self.out.refuse(stream, "its Hello names slots that it was never given")
        self.departures.drop(agent, "its Hello names slots that it was never given")
        return False

    def _admit(self, hello: Hello, stream: int) -> Agent:
        agent = self.fleet.admit(hello, stream)
        self.out.note("info", f"agent {agent.name} {self._arrival(hello)}", agent)
        return agent

    def _arrival(self, hello: Hello) -> str:
        if self.life.has_assigned:
            return f"joins; it can hold {count(hello.max_users, 'user')}"
        which = f", process {hello.part.number} of {hello.part.of}" if hello.part else ""
        return f"is here{which}: {self.fleet.commands.complete} of {self.terms.expect_agents}"

    def _adopt(self, agent: Agent, hello: Hello, stream: int) -> Agent:
        """Take an agent back: with its slots while its lease is alive; one that was lost is given new ones."""
        former = self.fleet.supersede(agent, hello, stream)
        if former is not None:
            self.out.add(Close(former))
        self.out.note("info", f"agent {agent.name} is back", agent, "back", stream=hello.stream)
        if agent.is_lost:
            agent.take(StandingEvent.RETURN)
            if agent.is_enlisted:
                self.intake.enrol(agent.id)
        return agent

    def _welcome(self, agent: Agent) -> None:
        terms = self.terms
        # Batches of all agents are spread over half an interval, so that the master's loop sees no pile of them.
        offset = int(spread(agent.number) * terms.interval) // 2
        merged = self.intake.merged_number(agent.id)
        welcome = Welcome(terms.run, terms.epoch, terms.lease, terms.guard, terms.interval, offset, merged, agent.name)
        self.out.send(agent, MasterMessage(welcome=welcome), ahead=True)
        if self.life.is_finished:
            self.out.finish(agent, "the run is over")
