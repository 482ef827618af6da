"""Who has come before the load. `--expect-agents` counts `gradual-agent` commands, each with all of its processes.

A command that has lost a process stays incomplete: it was asked for as a whole, and what its user started is not made
smaller behind their back. Started again it is another command, and counts once all of its processes are here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gradual_master.coordination.fleet import Agent


@dataclass(slots=True)
class Crowd:
    """The processes of one command that are here, and how many it has."""

    size: int = 1
    here: dict[int, Agent] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether all of them are here."""
        return len(self.here) >= self.size


@dataclass(frozen=True, slots=True)
class Gathering:
    """The commands of which at least one process is here."""

    crowds: tuple[Crowd, ...]

    @classmethod
    def of(cls, agents: Iterable[Agent]) -> Gathering:
        """The commands that these agents are of."""
        crowds: dict[bytes, Crowd] = {}
        for agent in agents:
            part = agent.hello.part
            crowd = crowds.setdefault(part.command if part else agent.hello.incarnation, Crowd())
            crowd.size = max(crowd.size, part.of if part else 1)
            crowd.here[part.number if part else 1] = agent
        return cls(tuple(crowds.values()))

    @property
    def complete(self) -> int:
        """How many commands are here with all of their processes."""
        return sum(crowd.is_complete for crowd in self.crowds)

    def lacking(self) -> str:
        """Of which commands processes are missing, in words; "" if of none."""
        return "; ".join(_lacking(crowd) for crowd in self.crowds if not crowd.is_complete)


def _lacking(crowd: Crowd) -> str:
    names = sorted(agent.name for agent in crowd.here.values())
    shown = ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"
    return f"only {len(names)} of {crowd.size} processes of one came ({shown})"
