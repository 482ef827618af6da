"""Which `gradual-agent` commands are here: `--expect-agents` counts commands, each with all of its processes.

A command that has lost a process stays incomplete: it was asked for as a whole, and what its user started is not made
smaller behind their back. Started again it is another command, and counts once all of its processes are here.
"""

from __future__ import annotations

from gradual_common.protocol.messages import Hello, Part

MOST_NAMED = 3


class AgentCommand(dict[str, tuple[str, Part]]):
    """One command of which at least one process is connected: by incarnation, the processes' names and places."""

    @property
    def count(self) -> int:
        """How many of its processes are here; two may say the same of themselves."""
        return len({part.number for _, part in self.values()})

    @property
    def size(self) -> int:
        """How many processes it has."""
        return max((part.of for _, part in self.values()), default=1)

    @property
    def is_complete(self) -> bool:
        """Whether all of them are here."""
        return self.count >= self.size

    @property
    def lack(self) -> str:
        """How many of its processes are here, and which, in words."""
        names = sorted(name for name, _ in self.values())
        some = ", ".join(names) if len(names) <= MOST_NAMED else f"{names[0]} … {names[-1]}"
        return f"only {self.count} of {self.size} processes of one came ({some})"


class AgentCommands:
    """The commands that are here, by what their processes say of themselves."""

    def __init__(self) -> None:
        self.complete = 0
        """How many commands are here as a whole. It is counted along: this is asked after every message."""
        self._commands: dict[bytes, AgentCommand] = {}

    def add(self, agent: str, name: str, hello: Hello) -> None:
        """A process is connected."""
        part = hello.part or Part(hello.incarnation, 1, 1)
        command = self._commands.setdefault(part.command, AgentCommand())
        self.complete -= command.is_complete
        command[agent] = (name, part)
        self.complete += command.is_complete

    def remove(self, agent: str, hello: Hello) -> None:
        """A process is not connected any more, or has lost its slots; it may have been removed before."""
        key = hello.part.command if hello.part else hello.incarnation
        command = self._commands.get(key, AgentCommand())
        if agent not in command:
            return
        self.complete -= command.is_complete
        del command[agent]
        self.complete += command.is_complete
        if not command:
            del self._commands[key]

    def lack(self) -> str:
        """Of which commands processes are missing, in words; "" if of none."""
        return "; ".join(command.lack for command in self._commands.values() if not command.is_complete)
