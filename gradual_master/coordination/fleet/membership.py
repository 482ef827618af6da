"""Membership: agents join, return, are refused, lost or dropped, and leave (docs/design/fleet.md, 4.3, 4.5, 4.8)."""

from dataclasses import dataclass, field, replace

from gradual_common.protocol.messages import Expired, Hello, MasterMessage, Welcome
from gradual_common.units import count, format_duration
from gradual_master.coordination.events import Close, Send
from gradual_master.coordination.fleet.agent import FleetAgent, MemberEvent, MemberState
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.spread import even_point
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake
from gradual_master.coordination.journal import AgentLost
from gradual_master.coordination.lifecycle import LifeCycle
from gradual_master.coordination.slots.assigning import Assigner
from gradual_master.coordination.slots.table import SlotTable
from gradual_master.coordination.terms import Terms


@dataclass(eq=False, slots=True)
class Membership:
    """Accepts agents, and frees the slots of those that go."""

    terms: Terms
    life: LifeCycle
    fleet: Fleet
    slots: SlotTable
    intake: Intake
    assigner: Assigner
    out: Instructions
    lost: list[FleetAgent] = field(init=False, default_factory=list)
    """The agents that were lost, in the order of their loss."""

    def greet(self, stream: int, hello: Hello, now: int) -> bool:
        """Process a Hello; whether the agent is accepted."""
        # The order of the checks, from no consequence to the most severe one:
        # 1. A refusal changes nothing: the sender is not known, or is not wanted.
        # 2. A stream whose number is not higher is late, not wrong: the agent is already connected by a newer one. So
        #    it is closed without a message.
        # 3. Only then is checked which slots the agent claims to have, since a false claim drops it.
        known = self.fleet.find(hello)
        refusal = self.fleet.refusal(hello, is_ending=self.life.is_ending)
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
        """Whether an agent may come back: a lost one without slots, another only with slots that it has."""
        if agent.is_lost and hello.held:
            expired = Expired("its slots were given to others: end their users, and send a Hello without them")
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
        """Accept an agent again. It keeps its slots while its lease lasts; a lost agent gets new ones."""
        former = self.fleet.supersede(agent, hello, stream)
        if former is not None:
            self.out.add(Close(former))
        self.out.note("info", f"agent {agent.name} is back", agent, "back", stream=hello.stream)
        if agent.is_lost:
            agent.take(MemberEvent.RETURN)
            if agent.is_enlisted:
                self.intake.wait_for(agent.id)
        return agent

    def _welcome(self, agent: FleetAgent) -> None:
        terms = self.terms
        # Each agent sends its batch at its own point of the first half of an interval, so that they do not all arrive
        # at once and delay pongs. Agents join at any time, so the points must be even for any number of agents.
        offset = int(even_point(agent.number) * terms.interval) // 2
        merged = self.intake.of(agent.id).merged
        welcome = Welcome(terms.run, terms.epoch, terms.lease, terms.guard, terms.interval, offset, merged, agent.name)
        self.out.send(agent, MasterMessage(welcome=welcome), ahead=True)
        if self.life.is_finished:
            self.out.finish(agent, "the run is over")

    def end_stream(self, stream: int, now: int) -> None:
        """A stream has ended. Its agent may connect again; it is lost only when its lease is over."""
        agent = self.fleet.leave(stream)
        if agent is None or self.life.is_finished or not agent.is_working:
            return
        self.intake.cut_off(agent.id, now)
        if not self.life.has_assigned:
            here = f"{self.fleet.commands.complete} of {self.terms.expect_agents}"
            self.out.note("warning", f"agent {agent.name} is not connected any more: {here}", agent)
        elif not self.intake.of(agent.id).is_last:
            users = self.slots.count_of(agent.id)
            wait = format_duration(self.fleet.lease_with_guard)
            text = f"; if it is not back within {wait}, its {count(users, 'user')} go to the others" if users else ""
            self.out.note("warning", f"the connection to agent {agent.name} is broken{text}", agent, "silent")

    def note_leaving(self, agent: FleetAgent) -> None:
        """The agent was asked to end on its machine: it ends its users one by one, and keeps each slot until then."""
        if agent.can(MemberEvent.LEAVE):
            agent.take(MemberEvent.LEAVE)
            users = count(self.slots.count_of(agent.id), "user")
            self.out.note("info", f"agent {agent.name} leaves: its {users} go to the others", agent)

    def lose(self, agent: FleetAgent, reason: str) -> None:
        """Free the agent's slots. Batches that it still delivers are merged."""
        # It is not waited for in any case. But an agent whose last batch is here at the end of a run has done all its
        # work: it does not count as lost.
        self._stop_waiting(agent)
        has_ended_with_the_run = self.life.is_ending and self.intake.of(agent.id).is_last
        if has_ended_with_the_run or not agent.can(MemberEvent.LOSE):
            return
        is_early = self.life.is_preparing and agent.can(MemberEvent.LOSE_EARLY)
        agent.take(MemberEvent.LOSE_EARLY if is_early else MemberEvent.LOSE)
        agent.reason, agent.was_lost = reason, True
        self.fleet.commands.remove(agent.id, agent.hello)
        self.lost.append(agent)
        users = self.slots.count_of(agent.id)
        self.assigner.take_from(agent)
        self.out.commit(AgentLost(agent.id, reason))
        moved = f"; its {count(users, 'user')} go to the others" if users and not self.fleet.is_empty else ""
        self.out.note("warning", f"agent {agent.name} is lost: {reason}{moved}", agent, "lost", slots=users)

    def remove(self, agent: FleetAgent, reason: str) -> None:
        """The agent is gone. After the slots are assigned it is lost; before that it is only forgotten."""
        if self.life.has_assigned:
            self.lose(agent, reason)
            return
        self.fleet.forget(agent)
        self.out.note("warning", f"agent {agent.name} is gone: {reason}", agent)

    def depart(self, agent: FleetAgent, reason: str) -> None:
        """The agent says goodbye: it has left if its last batch is merged, else it is gone with work undone."""
        if not (agent.can(MemberEvent.DEPART) and self.intake.of(agent.id).is_last):
            self.remove(agent, f"it ended ({reason})")
            return
        agent.take(MemberEvent.DEPART)
        self._stop_waiting(agent)
        self.assigner.take_from(agent)
        self.out.note("info", f"agent {agent.name} has left; everything that it measured is here", agent, "left")

    def drop(self, agent: FleetAgent, reason: str) -> None:
        """Send the agent why it is dropped, and ignore it from now on.

        It keeps its slots until its lease is over: before that it may still be running them.
        """
        text = f"dropped because its message cannot be read: {reason}"
        self.fleet.bar(agent)
        stream = agent.stream
        if self.life.has_assigned and agent.can(MemberEvent.DROP):
            agent.take(MemberEvent.DROP)
            agent.reason = text
            self.intake.stop_waiting_for(agent.id)
            self.out.note("error", f"agent {agent.name} is {text}", agent)
        else:
            self.remove(agent, text)
        if stream is not None:
            self.out.refuse(stream, f"the message of this agent cannot be read: {reason}")
            self.fleet.leave(stream)

    def expire(self, agent: FleetAgent) -> None:
        """The agent's lease is over by the master's count, which is later than by its own."""
        self.out.send(agent, MasterMessage(expired=Expired("the lease is over")), ahead=True)
        unheard = f"it was not heard for {format_duration(self.fleet.lease_with_guard)}"
        self.remove(agent, agent.reason if agent.state is MemberState.DROPPED else unheard)

    def _stop_waiting(self, agent: FleetAgent) -> None:
        agent.lease_end = None
        self.intake.stop_waiting_for(agent.id)
