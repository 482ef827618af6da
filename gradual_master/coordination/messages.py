"""Processes the messages of agents, part by part (docs/design/fleet.md, 4.3, 4.5, 4.11, 5.2)."""

from dataclasses import dataclass

from gradual_common.clock import NS_PER_S
from gradual_common.errors import WireError
from gradual_common.protocol.batch import Batch
from gradual_common.protocol.messages import AgentMessage, Confirm, Expired, MasterMessage, Ping, Pong
from gradual_master.coordination.events import Close, Merge
from gradual_master.coordination.fleet.agent import QUIET, FleetAgent, LinkEvent, LinkState
from gradual_master.coordination.fleet.fleet import Fleet
from gradual_master.coordination.fleet.membership import Membership
from gradual_master.coordination.instructions import Instructions
from gradual_master.coordination.intake import Intake, Receipt
from gradual_master.coordination.journal import BatchMerged
from gradual_master.coordination.rendezvous import MeetingPoints
from gradual_master.coordination.slots.assigning import Assigner
from gradual_master.coordination.stages.once import OncePerRun
from gradual_master.coordination.stages.stages import RunStages
from gradual_master.coordination.supply.dealing import Dealing


@dataclass(eq=False, slots=True)
class MessageHandler:
    """Processes one message at a time."""

    fleet: Fleet
    intake: Intake
    membership: Membership
    stages: RunStages
    assigner: Assigner
    once: OncePerRun
    meetings: MeetingPoints
    dealing: Dealing
    out: Instructions

    def receive(self, stream: int, message: AgentMessage, now: int) -> None:
        """Process a message of `stream`; an agent is dropped if its message contradicts the protocol."""
        if message.hello is not None and not self.membership.greet(stream, message.hello, now):
            return
        agent = self.fleet.speaker(stream)
        if agent is None:
            # A superseded stream, or one that sent no Hello: what comes on it is ignored (docs/design/fleet.md, 4.5).
            self.out.add(Close(stream))
            return
        try:
            self._process(agent, message, now)
        except WireError as error:
            self.membership.drop(agent, str(error))

    def reject(self, stream: int, reason: str, peer: str) -> None:
        """Drop the sender of a message that cannot be decoded; other agents are not affected."""
        agent = self.fleet.speaker(stream)
        if agent is not None:
            self.membership.drop(agent, reason)
        else:
            self.out.note("error", f"closing a stream that sent no Hello: {reason}", peer=peer)
            self.out.refuse(stream, f"this cannot be read: {reason}")

    def acknowledge(self, agent: FleetAgent, batch: Batch) -> None:
        """A batch is merged: commit that, then acknowledge it."""
        self.intake.merged(agent.id, batch)
        self.out.commit(BatchMerged(agent.id, batch.number, batch.interval))
        self.out.send(agent, MasterMessage(ack=self.intake.of(agent.id).merged))

    def _process(self, agent: FleetAgent, message: AgentMessage, now: int) -> None:
        """Process the parts of a message, in an order that matters."""
        # 1. The ping renews the lease and ends a silence: the rest is processed for an agent that is heard.
        # 2. The confirmation: decisions about slots depend on which orders the agent has applied.
        # 3. Released and finished slots. Only after these does the master know which slots an agent that is back still
        #    has; so `take_back`, which assigns the missing ones again, comes after them.
        # 4. An abort comes before the batches: the last batch may end the run.
        # 5. Who waits at a place only matters for agents that stay.
        # 6. Rows are handed out to an agent that is heard and does not leave; what it used counts even so.
        # 7. The goodbye is last: nothing of an agent is processed after it has left.
        if message.ping is not None:
            self._answer(agent, message.ping, now)
        if message.confirm is not None:
            self._confirm(agent, message.confirm, now)
        self.assigner.release(agent, message.released, now, for_good=False)
        self.assigner.release(agent, message.finished, now, for_good=True)
        if message.ping is not None and agent.link is LinkState.RETURNING:
            self.assigner.take_back(agent, now)
            self.once.repeat(agent)
        if message.leaving:
            self.membership.note_leaving(agent)
        if message.abort:
            self.stages.abort(f"stopped early: {message.abort} (agent {agent.name})", now)
        for request in message.wanted:
            self.dealing.hand_out(agent, request, now)
        for use in message.used:
            self.dealing.note_used(agent, use)
        for batch in message.batches:
            self._take_batch(agent, batch, now)
        if message.once is not None:
            self.once.receive(agent, message.once)
        if message.waiting:
            self.meetings.receive(agent, message.waiting)
        if message.goodbye is not None:
            self.membership.depart(agent, message.goodbye.reason)

    def _answer(self, agent: FleetAgent, ping: Ping, now: int) -> None:
        agent.begun = max(agent.begun, ping.begun)
        agent.offset = ping.offset
        if agent.link in QUIET:
            agent.take(LinkEvent.SPEAK)
            silence = (now - agent.heard_at) / NS_PER_S
            self.out.note("info", f"agent {agent.name} is heard again after {silence:.1f} s", agent, "back")
            self.assigner.reconsider(agent)
        agent.heard_at = now
        # After its lease its slots may be with others, and a pong would let it go on with them. It has to send a Hello,
        # whose slots are checked against the slot table.
        if agent.has_lease(now):
            self.fleet.renew(agent, now)
            self.out.send(agent, MasterMessage(pong=Pong(ping.stamp, now)), ahead=True)
        else:
            self.out.send(agent, MasterMessage(expired=Expired("the lease is over: send a new Hello")), ahead=True)

    def _confirm(self, agent: FleetAgent, confirm: Confirm, now: int) -> None:
        if confirm.provisioned > agent.provisioned:
            self.stages.note_progress(now)
            self.assigner.note_stored(agent, confirm.provisioned)
        if (confirm.epoch, confirm.version) > agent.confirmed:
            agent.confirmed = (confirm.epoch, confirm.version)
            self.assigner.note_change_if_short()

    def _take_batch(self, agent: FleetAgent, batch: Batch, now: int) -> None:
        agent.sealed = max(agent.sealed, batch.number)
        match self.intake.receive(agent.id, batch, now):
            case Receipt.MERGE:
                self.out.add(Merge(agent.id, batch))
            case Receipt.AGAIN:
                self.intake.resent_batches += 1
                self.out.send(agent, MasterMessage(ack=self.intake.of(agent.id).merged))
            case Receipt.GAP if agent.stream is not None:
                # A batch is missing. The agent dials again, and sends all batches after the last acknowledged one.
                expected = self.intake.of(agent.id).received + 1
                self.out.note(
                    "warning", f"batch {batch.number} is out of order (expected {expected}): closing the stream", agent
                )
                self.out.add(Close(agent.stream))
                self.fleet.leave(agent.stream)
                self.intake.cut_off(agent.id, now)
