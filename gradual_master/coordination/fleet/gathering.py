"""Who has come before the load. `--expect-agents` counts `gradual-agent` commands, each with all of its processes.

A command that has lost a process stays incomplete: it was asked for as a whole, and what its user started is not made
smaller behind their back. Started again it is another command, and counts once all of its processes are here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradual_master.coordination.fleet.fleet import Agent

MOST_NAMED = 3


@dataclass(slots=True)
class Crowd:
    """The processes of one command that are here, by incarnation, and how many it has."""

    size: int = 1
    here: dict[str, Agent] = field(default_factory=dict)

    @property
    def numbers(self) -> set[int]:
        """Which of its processes those are."""
        return {agent.hello.part.number if agent.hello.part else 1 for agent in self.here.values()}

    @property
    def is_complete(self) -> bool:
        """Whether all of them are here."""
        return len(self.numbers) >= self.size


class Gathering:
    """The commands of which at least one process is connected; `complete`: how many are here as a whole."""

    def __init__(self) -> None:
        self.complete = 0
        self._crowds: dict[bytes, Crowd] = {}

    def add(self, agent: Agent) -> None:
        """The agent is connected."""
        part = agent.hello.part
        crowd = self._crowds.setdefault(_command_of(agent), Crowd())
        self.complete -= crowd.is_complete
        crowd.size = max(crowd.size, part.of if part else 1)
        crowd.here[agent.id] = agent
        self.complete += crowd.is_complete

    def remove(self, agent: Agent) -> None:
        """The agent is not connected any more, or has lost its slots; it may have been so before."""
        crowd = self._crowds.get(_command_of(agent))
        if crowd is None or agent.id not in crowd.here:
            return
        self.complete -= crowd.is_complete
        del crowd.here[agent.id]
        self.complete += crowd.is_complete
        if not crowd.here:
            del self._crowds[_command_of(agent)]

    def lacking(self) -> str:
        """Of which commands processes are missing, in words; "" if of none."""
        return "; ".join(_lacking(crowd) for crowd in self._crowds.values() if not crowd.is_complete)


def _command_of(agent: Agent) -> bytes:
    return agent.hello.part.command if agent.hello.part else agent.hello.incarnation


def _lacking(crowd: Crowd) -> str:
    names = sorted(agent.name for agent in crowd.here.values())
    shown = ", ".join(names) if len(names) <= MOST_NAMED else f"{names[0]} … {names[-1]}"
    return f"only {len(crowd.numbers)} of {crowd.size} processes of one came ({shown})"
