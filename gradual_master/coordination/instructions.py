"""What is decided about one event: committed to the journal first, then given to the shell, in order."""

from __future__ import annotations

from typing import Any, Literal

from gradual_common.protocol.messages import Finish, MasterMessage, Refused
from gradual_master.coordination.events import Close, Instruction, Note, Send
from gradual_master.coordination.fleet.agent import FleetAgent
from gradual_master.coordination.journal import Entry, Journal
from gradual_master.results.summary.history import Fate


class Instructions:
    """A list of instructions, with words for those that are given often, and the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._given: list[Instruction] = []

    def take(self) -> list[Instruction]:
        """Everything that was added since this was asked last."""
        given, self._given = self._given, []
        return given

    def commit(self, *entries: Entry) -> None:
        """Write decisions to the journal, before anything that follows from them is added here."""
        self._journal.commit(entries)

    def add(self, *instructions: Instruction) -> None:
        """Have the shell do this."""
        self._given += instructions

    def note(
        self,
        level: Literal["info", "warning", "error"],
        text: str,
        agent: FleetAgent | None = None,
        fate: Fate | None = None,
        *,
        is_stop: bool = False,
        **about: Any,
    ) -> None:
        """Say something to whoever watches; `fate`: what has become of the agent; `is_stop`: the run is stopping."""
        if agent is not None:
            about = {"agent": agent.name, "host": agent.hello.host, "pid": agent.hello.pid, **about}
        self._given.append(Note(level, text, tuple(about.items()), fate, is_stop))

    def send(self, agent: FleetAgent, message: MasterMessage, *, ahead: bool = False) -> None:
        """Put a message on the agent's stream; without one it hears nothing, and asks again when it is back."""
        if agent.stream is not None:
            self._given.append(Send(agent.stream, message, ahead))

    def refuse(self, stream: int, reason: str) -> None:
        """Say why, and close the stream."""
        self.add(Send(stream, MasterMessage(refused=Refused(reason))), Close(stream))

    def finish(self, agent: FleetAgent, reason: str) -> None:
        """The run is over for this agent."""
        if agent.stream is not None:
            agent.knows_end = True
            self.add(Send(agent.stream, MasterMessage(finish=Finish(reason))), Close(agent.stream))
