"""The decisions about one event: committed to the journal first, then returned to the shell, in order."""

from typing import Any, Literal

from gradual_common.protocol.messages import Finish, MasterMessage, Refused
from gradual_master.coordination.events import AgentState, Close, Instruction, Note, Send
from gradual_master.coordination.fleet.agent import FleetAgent
from gradual_master.coordination.journal import Entry, Journal


class Instructions:
    """Collects instructions, with a method for each that is common, and commits to the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._given: list[Instruction] = []

    def take(self) -> list[Instruction]:
        """The instructions since the last call."""
        given, self._given = self._given, []
        return given

    def commit(self, *entries: Entry) -> None:
        """Write decisions to the journal. Call this before adding the instructions that follow from them."""
        self._journal.commit(entries)

    def add(self, *instructions: Instruction) -> None:
        """Add instructions."""
        self._given += instructions

    def note(
        self,
        level: Literal["info", "warning", "error"],
        text: str,
        agent: FleetAgent | None = None,
        agent_state: AgentState | None = None,
        *,
        is_stop: bool = False,
        **about: Any,
    ) -> None:
        """Add a note for the log and the reporters; `is_stop`: it says that the run is being stopped."""
        if agent is not None:
            about = {"agent": agent.name, "host": agent.hello.host, "pid": agent.hello.pid, **about}
        self._given.append(Note(level, text, tuple(about.items()), agent_state, is_stop))

    def send(self, agent: FleetAgent, message: MasterMessage, *, ahead: bool = False) -> None:
        """Send a message to the agent. Without a stream nothing is sent: the agent gets it when it connects again."""
        if agent.stream is not None:
            self._given.append(Send(agent.stream, message, ahead))

    def refuse(self, stream: int, reason: str) -> None:
        """Send the reason of a refusal, and close the stream."""
        self.add(Send(stream, MasterMessage(refused=Refused(reason))), Close(stream))

    def finish(self, agent: FleetAgent, reason: str) -> None:
        """Tell the agent that the run is over, and close its stream."""
        if agent.stream is not None:
            agent.knows_end = True
            self.add(Send(agent.stream, MasterMessage(finish=Finish(reason))), Close(agent.stream))
