"""Which `gradual-agent` commands are here: `--expect-agents` counts commands, each with all of its processes.

A command that has lost a process stays incomplete: it was asked for as a whole, and what its user started is not made
smaller behind their back. Started again it is another command, and counts once all of its processes are here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gradual_common.protocol.messages import Hello

MOST_NAMED = 3


@dataclass(slots=True)
class AgentCommand:
    """One command of which at least one process is connected."""

    size: int = 1
    """How many processes it has."""
    names: dict[str, str] = field(default_factory=dict)
    """The names of those that are here, by incarnation."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Which of its processes those are; two may say the same of themselves."""

    @property
    def count(self) -> int:
        """How many of its processes are here."""
        return len(set(self.numbers.values()))

    @property
    def is_complete(self) -> bool:
        """Whether all of them are here."""
        return self.count >= self.size

    @property
    def lack(self) -> str:
        """How many of its processes are here, and which, in words."""
        names = sorted(self.names.values())
        shown = ", ".join(names) if len(names) <= MOST_NAMED else f"{names[0]} … {names[-1]}"
        return f"only {self.count} of {self.size} processes of one came ({shown})"


class AgentCommands:
    """The commands that are here, by what their processes say of themselves."""

    def __init__(self) -> None:
        self.complete = 0
        """How many commands are here as a whole. It is counted along: this is asked after every message."""
        self._commands: dict[bytes, AgentCommand] = {}

    def __contains__(self, agent: str) -> bool:
        return any(agent in command.names for command in self._commands.values())

    def add(self, agent: str, name: str, hello: Hello) -> None:
        """A process is connected."""
        part = hello.part
        command = self._commands.setdefault(_key_of(hello), AgentCommand())
        self.complete -= command.is_complete
        command.size = max(command.size, part.of if part else 1)
        command.names[agent] = name
        command.numbers[agent] = part.number if part else 1
        self.complete += command.is_complete

    def remove(self, agent: str, hello: Hello) -> None:
        """A process is not connected any more, or has lost its slots; it may have been removed before."""
        command = self._commands.get(_key_of(hello))
        if command is None or agent not in command.names:
            return
        self.complete -= command.is_complete
        del command.names[agent], command.numbers[agent]
        self.complete += command.is_complete
        if not command.names:
            del self._commands[_key_of(hello)]

    def lack(self) -> str:
        """Of which commands processes are missing, in words; "" if of none."""
        return "; ".join(command.lack for command in self._commands.values() if not command.is_complete)

    def validate(self) -> None:
        """AssertionError unless `complete` is what it counts."""
        complete = sum(command.is_complete for command in self._commands.values())
        assert self.complete == complete, f"{self.complete} commands are counted as complete, {complete} are"


def _key_of(hello: Hello) -> bytes:
    return hello.part.command if hello.part else hello.incarnation
