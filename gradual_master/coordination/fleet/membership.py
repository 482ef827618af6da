"""Who belongs to the fleet: agents come, come back, are refused, lost or dropped, and leave (DESIGN 4.3, 4.5, 4.8)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gradual_common.protocol.messages import Expired, Hello, MasterMessage, Welcome
from gradual_common.units import count, format_duration
from gradual_master.coordination.events import Close, Send
from gradual_master.coordination.fleet.agent import FleetAgent, Standing, StandingEvent
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.journal import AgentLost
from gradual_master.coordination.lifecycle import LifeCycle
from gradual_master.coordination.slots.assigning import Assigner
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
class Membership:
    """Takes agents in, and takes from those that go what they held."""

    terms: Terms
    life: LifeCycle
    fleet: Fleet
    slots: SlotTable
    intake: Intake
    assigner: Assigner
    out: Instructions
    lost: list[FleetAgent] = field(init=False, default_factory=list)
    """The agents that were lost, in that order."""

    def greet(self, stream: int, hello: Hello, now: int) -> bool:
        """Whether the agent is taken in, or back."""
        # The checks stand in the order of what they cost. A refusal changes nothing. A stream with a number that is not
        # higher is late, not wrong: its agent is here on a newer one already, so that it is closed without a word. Only
        # then is looked at what the agent says of itself, for which it may be dropped.
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
        if known is None:
            agent = self.fleet.admit(hello, stream)
            self.out.note("info", f"agent {agent.name} {self._arrival(hello)}", agent)
        else:
            agent = self._adopt(known, hello, stream)
        self.fleet.renew(agent, now)
        self.intake.reconnect(agent.id)
        agent.heard_at = now
        self._welcome(agent)
        return True

    def _may_return(self, agent: FleetAgent, hello: Hello, stream: int) -> bool:
        """An agent that was lost comes back without users; it and every other names only what it holds."""
        if agent.is_lost and hello.held:
            expired = Expired("its slots were given to others: end their users, and say Hello without them")
            self.out.add(Send(stream, MasterMessage(expired=expired), ahead=True), Close(stream))
            agent.hello = replace(agent.hello, stream=hello.stream)
            return False
        if self.slots.knows(agent.id, hello.held):
            return True
        self.out.refuse(stream, "its Hello names slots that it was never given")
        self.drop(agent, "its Hello names slots that it was never given")
        return False

    def _arrival(self, hello: Hello) -> str:
        if self.life.has_assigned:
            return f"joins; it can hold {count(hello.max_users, 'user')}"
        which = f", process {hello.part.number} of {hello.part.of}" if hello.part else ""
        return f"is here{which}: {self.fleet.commands.complete} of {self.terms.expect_agents}"

    def _adopt(self, agent: FleetAgent, hello: Hello, stream: int) -> FleetAgent:
        """Take an agent back: with its slots while its lease is alive; one that was lost is given new ones."""
        former = self.fleet.supersede(agent, hello, stream)
        if former is not None:
            self.out.add(Close(former))
        self.out.note("info", f"agent {agent.name} is back", agent, "back", stream=hello.stream)
        if agent.is_lost:
            agent.take(StandingEvent.RETURN)
            if agent.is_enlisted:
                self.intake.wait_for(agent.id)
        return agent

    def _welcome(self, agent: FleetAgent) -> None:
        terms = self.terms
        # Batches of all agents are spread over half an interval, so that the master's loop sees no pile of them.
        offset = int(spread(agent.number) * terms.interval) // 2
        merged = self.intake.of(agent.id).merged
        welcome = Welcome(terms.run, terms.epoch, terms.lease, terms.guard, terms.interval, offset, merged, agent.name)
        self.out.send(agent, MasterMessage(welcome=welcome), ahead=True)
        if self.life.is_finished:
            self.out.finish(agent, "the run is over")

    def end_stream(self, stream: int, now: int) -> None:
        """A stream is over. Its agent may be back with the next; only its lease says when it is gone."""
        agent = self.fleet.leave(stream)
        if agent is None or self.life.is_finished or not agent.is_working:
            return
        self.intake.cut_off(agent.id, now)
        if not self.life.has_assigned:
            here = f"{self.fleet.commands.complete} of {self.terms.expect_agents}"
            self.out.note("warning", f"agent {agent.name} is not connected any more: {here}", agent)
        elif not self.intake.of(agent.id).is_last:
            users = self.slots.count_of(agent.id)
            wait = format_duration(self.fleet.lease)
            text = f"; if it is not back within {wait}, its {count(users, 'user')} go to the others" if users else ""
            self.out.note("warning", f"the connection to agent {agent.name} is broken{text}", agent, "silent")

    def note_leaving(self, agent: FleetAgent) -> None:
        """The agent was told to end: it ends its users one by one, and holds their slots until then."""
        if agent.can(StandingEvent.LEAVE):
            agent.take(StandingEvent.LEAVE)
            users = count(self.slots.count_of(agent.id), "user")
            self.out.note("info", f"agent {agent.name} leaves: its {users} go to the others", agent)

    def lose(self, agent: FleetAgent, reason: str) -> None:
        """The agent's slots are free from now on; what it still delivers is merged all the same."""
        # Nothing waits for it in any case; but after its last batch an agent of a run that ends has nothing to lose.
        self._stop_waiting(agent)
        has_ended_with_the_run = self.life.is_collecting and self.intake.of(agent.id).is_last
        if has_ended_with_the_run or not agent.can(StandingEvent.LOSE):
            return
        is_early = self.life.is_preparing and agent.can(StandingEvent.LOSE_EARLY)
        agent.take(StandingEvent.LOSE_EARLY if is_early else StandingEvent.LOSE)
        agent.reason, agent.was_lost = reason, True
        self.fleet.commands.remove(agent.id, agent.hello)
        self.lost.append(agent)
        users = self.slots.count_of(agent.id)
        self.assigner.take_from(agent)
        self.out.commit(AgentLost(agent.id, reason))
        fate = f"; its {count(users, 'user')} go to the others" if users and not self.fleet.is_empty else ""
        self.out.note("warning", f"agent {agent.name} is lost: {reason}{fate}", agent, "lost", slots=users)

    def remove(self, agent: FleetAgent, reason: str) -> None:
        """The agent is gone: lost once slots are assigned; before that it leaves nothing behind."""
        if self.life.has_assigned:
            self.lose(agent, reason)
            return
        self.fleet.forget(agent)
        self.out.note("warning", f"agent {agent.name} is gone: {reason}", agent)

    def depart(self, agent: FleetAgent, reason: str) -> None:
        """The agent says goodbye: after a drain it has handed everything over, else it is lost."""
        if not (agent.can(StandingEvent.DEPART) and self.intake.of(agent.id).is_last):
            self.remove(agent, f"it ended ({reason})")
            return
        agent.take(StandingEvent.DEPART)
        self._stop_waiting(agent)
        self.assigner.take_from(agent)
        self.out.note("info", f"agent {agent.name} has left; everything that it measured is here", agent, "left")

    def drop(self, agent: FleetAgent, reason: str) -> None:
        """The agent cannot be understood: it is told why and not heard again.

        Its slots stay its own until its lease is over: only then does nobody run them.
        """
        said = f"dropped, for what it sent cannot be read: {reason}"
        self.fleet.bar(agent)
        stream = agent.stream
        if self.life.has_assigned and agent.can(StandingEvent.DROP):
            agent.take(StandingEvent.DROP)
            agent.reason = said
            self.intake.stop_waiting_for(agent.id)
            self.out.note("error", f"agent {agent.name} is {said}", agent)
        else:
            self.remove(agent, said)
        if stream is not None:
            self.out.refuse(stream, f"what this agent sent cannot be read: {reason}")
            self.fleet.leave(stream)

    def expire(self, agent: FleetAgent) -> None:
        """The agent's lease is over, by the master's count and so by its own."""
        self.out.send(agent, MasterMessage(expired=Expired("the lease is over")), ahead=True)
        unheard = f"it was not heard for {format_duration(self.fleet.lease)}"
        self.remove(agent, agent.reason if agent.standing is Standing.DROPPED else unheard)

    def _stop_waiting(self, agent: FleetAgent) -> None:
        agent.lease_end = None
        self.intake.stop_waiting_for(agent.id)
