"""What agents say, part by part (DESIGN 4.3, 4.5, 4.11, 5.2)."""

from __future__ import annotations

from dataclasses import replace

from gradual_common.clock import NS_PER_S
from gradual_common.errors import WireError
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import (
    AgentMessage,
    Confirm,
    Expired,
    Hello,
    MasterMessage,
    Ping,
    Pong,
    SlotRun,
    Welcome,
)
from gradual_common.units import count, format_duration
from gradual_master.coordination.command import Command
from gradual_master.coordination.events import Close, Merge, Send
from gradual_master.coordination.fleet.fleet import Agent
from gradual_master.coordination.intake import Receipt
from gradual_master.coordination.journal import BatchMerged, SlotsReleased
from gradual_master.coordination.slots.dealing import Dealing
from gradual_master.results.facts import SlotsFinished


def spread(number: int) -> float:
    """The `number`-th of points that lie evenly in [0, 1), however many there will be: 0, ½, ¼, ¾, ⅛, …

    The binary digits mirrored at the point (J. G. van der Corput, "Verteilungsfunktionen", 1935).
    """
    point, weight = 0.0, 0.5
    while number:
        point += weight * (number & 1)
        number, weight = number >> 1, weight / 2
    return point


class Reception:
    """Deals with one message at a time."""

    def __init__(self, command: Command, dealing: Dealing) -> None:
        self._command = command
        self._dealing = dealing

    def receive(self, stream: int, message: AgentMessage, now: int) -> None:
        """A message came on `stream`; an agent whose message makes no sense is dropped."""
        if message.hello is not None and not self._greet(stream, message.hello, now):
            return
        agent = self._command.fleet.speaker(stream)
        if agent is None:
            # A superseded stream, or one that never said Hello: DESIGN 4.5 drops what comes on it.
            self._command.out.append(Close(stream))
            return
        try:
            self._hear(agent, message, now)
        except WireError as error:
            self._command.drop(agent, str(error))

    def reject(self, stream: int, reason: str, peer: str) -> None:
        """Something came that cannot be read; its sender is dropped, the master lives."""
        agent = self._command.fleet.speaker(stream)
        if agent is not None:
            self._command.drop(agent, reason)
        else:
            self._command.note("error", f"a stream is closed that said no Hello: {reason}", peer=peer)
            self._command.refuse(stream, f"this cannot be read: {reason}")

    def end_stream(self, stream: int, now: int) -> None:
        """A stream is over. Its agent may be back with the next; only its lease says when it is gone."""
        command = self._command
        agent = command.fleet.leave(stream)
        if agent is None or command.life.is_finished or not agent.is_working:
            return
        command.intake.part_from(agent.id, now)
        if not command.life.has_dealt:
            here = f"{command.fleet.gathering.complete} of {command.terms.expect_agents}"
            command.note("warning", f"agent {agent.name} is not connected any more: {here}", agent)
        elif not command.intake.has_delivered_last(agent.id):
            users = sum(run.count for run in command.seats.held_by(agent.id))
            wait = format_duration(command.leases.length)
            text = f"; if it is not back within {wait}, its {count(users, 'user')} go to the others" if users else ""
            command.note("warning", f"the connection to agent {agent.name} is broken{text}", agent, "silent")

    def acknowledge(self, agent: Agent, batch: Batch) -> None:
        """A batch is merged: that is committed, then acknowledged."""
        intake = self._command.intake
        intake.merged(agent.id, batch)
        self._command.journal.commit([BatchMerged(agent.id, batch.number, batch.interval)])
        self._command.send(agent, MasterMessage(ack=intake.merged_number(agent.id)))

    # ── Hello ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _greet(self, stream: int, hello: Hello, now: int) -> bool:
        """Whether the agent is taken in, or back."""
        command = self._command
        known = command.fleet.find(hello)
        refusal = command.fleet.refusal(hello, is_ending=command.life.is_collecting or command.life.is_finished)
        if refusal is not None:
            command.note("warning", f"agent {hello.name} is refused: {refusal}", host=hello.host, pid=hello.pid)
            command.refuse(stream, refusal)
            return False
        if known is not None and hello.stream <= known.hello.stream:
            command.out.append(Close(stream))
            return False
        if known is not None and not self._may_return(known, hello, stream):
            return False
        agent = self._admit(hello, stream) if known is None else self._adopt(known, hello, stream)
        command.leases.renew(agent.id, now)
        command.intake.meet(agent.id)
        agent.heard_at, agent.is_silent = now, False
        self._welcome(agent)
        return True

    def _may_return(self, agent: Agent, hello: Hello, stream: int) -> bool:
        """An agent that was lost comes back without users; it and every other names only what it holds."""
        command = self._command
        if agent.lost is not None and hello.held:
            expired = Expired("its slots were given to others: end their users, and say Hello without them")
            command.out += [Send(stream, MasterMessage(expired=expired), ahead=True), Close(stream)]
            agent.hello = replace(agent.hello, stream=hello.stream)
            return False
        if command.seats.knows(agent.id, hello.held):
            return True
        command.refuse(stream, "its Hello names slots that it was never given")
        command.drop(agent, "its Hello names slots that it was never given")
        return False

    def _admit(self, hello: Hello, stream: int) -> Agent:
        agent = self._command.fleet.admit(hello, stream)
        self._command.note("info", f"agent {agent.name} {self._arrival(hello)}", agent)
        return agent

    def _arrival(self, hello: Hello) -> str:
        if self._command.life.has_dealt:
            return f"joins; it can hold {count(hello.max_users, 'user')}"
        complete = self._command.fleet.gathering.complete
        which = f", process {hello.part.number} of {hello.part.of}" if hello.part else ""
        return f"is here{which}: {complete} of {self._command.terms.expect_agents}"

    def _adopt(self, agent: Agent, hello: Hello, stream: int) -> Agent:
        """Take an agent back: with its slots while its lease is alive; one that was lost is given new ones."""
        former = self._command.fleet.supersede(agent, hello, stream)
        if former is not None:
            self._command.out.append(Close(former))
        self._command.note("info", f"agent {agent.name} is back", agent, "back", stream=hello.stream)
        if agent.is_silent:
            self._command.reconsider(agent)
        if agent.lost is not None and not agent.has_left:
            agent.lost = None
            self._command.intake.enrol(agent.id)
        return agent

    def _welcome(self, agent: Agent) -> None:
        command, terms = self._command, self._command.terms
        # Batches of all agents are spread over half an interval, so that the master's loop sees no pile of them.
        offset = int(spread(agent.number) * terms.interval) // 2
        merged = command.intake.merged_number(agent.id)
        welcome = Welcome(terms.run, terms.epoch, terms.lease, terms.guard, terms.interval, offset, merged, agent.name)
        command.send(agent, MasterMessage(welcome=welcome), ahead=True)
        if command.life.is_finished:
            command.say_finish(agent, "the run is over")

    # ── The parts of a message ─────────────────────────────────────────────────────────────────────────────────────

    def _hear(self, agent: Agent, message: AgentMessage, now: int) -> None:
        if message.ping is not None:
            self._answer(agent, message.ping, now)
        if message.confirm is not None:
            self._confirm(agent, message.confirm, now)
        if message.released:
            self._give_back(agent, message.released, now, for_good=False)
        if message.finished:
            self._give_back(agent, message.finished, now, for_good=True)
        if agent.is_back and message.ping is not None:
            self._dealing.welcome_back(agent, now)
        if message.leaving:
            self._let_leave(agent)
        for batch in message.batches:
            self._take_batch(agent, batch, now)
        if message.goodbye is not None:
            self._command.part(agent, message.goodbye.reason)

    def _answer(self, agent: Agent, ping: Ping, now: int) -> None:
        agent.begun = max(agent.begun, ping.begun)
        agent.offset = ping.offset
        self._note_return(agent, now)
        if self._command.leases.is_held(agent.id, now):
            self._command.leases.renew(agent.id, now)
            self._command.send(agent, MasterMessage(pong=Pong(ping.stamp, now)), ahead=True)
        else:
            self._command.send(agent, MasterMessage(expired=Expired("the lease is over: say Hello anew")), ahead=True)

    def _note_return(self, agent: Agent, now: int) -> None:
        if agent.is_silent:
            silence = (now - agent.heard_at) / NS_PER_S
            self._command.note("info", f"agent {agent.name} is heard again after {silence:.1f} s", agent, "back")
            self._command.reconsider(agent)
        agent.heard_at, agent.is_silent = now, False

    def _let_leave(self, agent: Agent) -> None:
        """It ends its users one by one and gives their slots back; until then it holds them."""
        if not agent.is_leaving:
            agent.is_leaving = True
            users = sum(run.count for run in self._command.seats.held_by(agent.id))
            text = f"agent {agent.name} leaves: its {count(users, 'user')} go to the others"
            self._command.note("info", text, agent)

    def _confirm(self, agent: Agent, confirm: Confirm, now: int) -> None:
        if confirm.provisioned > agent.provisioned and self._command.life.is_preparing:
            # Rows are on their way: the wait is for the next sign of progress, not for all of them.
            self._command.deadline = now + self._command.terms.agents_wait
        self._note_provisions(agent, confirm.provisioned)
        if (confirm.epoch, confirm.version) > agent.confirmed:
            agent.confirmed = (confirm.epoch, confirm.version)
            if self._command.is_short:
                self._command.unsettle(joined=True)

    def _note_provisions(self, agent: Agent, provisioned: int) -> None:
        """With the plan an agent can be given slots, with their rows it can be ordered to run them."""
        if provisioned <= agent.provisioned:
            return
        is_first = not agent.has_job
        agent.provisioned = provisioned
        if is_first and not agent.is_enlisted:
            self._command.unsettle(joined=True)
        elif self._command.life.is_running and agent.is_enlisted:
            self._command.order_anew(agent)

    def _give_back(self, agent: Agent, slots: tuple[SlotRun, ...], now: int, *, for_good: bool) -> None:
        if agent.lost is not None:
            return
        command = self._command
        if not for_good:
            command.seats.release(agent.id, slots)
            command.journal.commit([SlotsReleased(agent.id, slots, for_good)])
            command.unsettle()
            return
        for run in slots:
            ended = command.seats.end(agent.id, (run,)).items()
            command.finished += [SlotsFinished(min(run.at, now), group, count) for group, count in ended]
        command.journal.commit([SlotsReleased(agent.id, slots, for_good)])
        command.unsettle()

    def _take_batch(self, agent: Agent, batch: Batch, now: int) -> None:
        command = self._command
        agent.sealed = max(agent.sealed, batch.number)
        match command.intake.receive(agent.id, batch, now):
            case Receipt.MERGE:
                command.out.append(Merge(agent.id, batch))
            case Receipt.AGAIN:
                command.intake.resent_batches += 1
                command.send(agent, MasterMessage(ack=command.intake.merged_number(agent.id)))
            case Receipt.GAP:
                self._break_off(agent, batch, now)

    def _break_off(self, agent: Agent, batch: Batch, now: int) -> None:
        """A batch is missing in between: the agent dials again and sends from the last acknowledged one on."""
        if agent.stream is not None:
            self._command.note("warning", f"batch {batch.number} leaves a gap: its stream is closed", agent)
            self._command.out.append(Close(agent.stream))
            self._command.fleet.leave(agent.stream)
            self._command.intake.part_from(agent.id, now)
