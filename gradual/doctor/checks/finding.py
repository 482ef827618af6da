"""What a check found, and the load that it is judged against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "limit", "unknown"]


MOST_USERS = 20_000
"""Of one agent process. `gradual_agent.process.process` has it too, and needs uvloop, which may be what is missing."""

RESERVED_FILES = 200
"""Open files of an agent process that are not connections of users; from there too."""


@dataclass(frozen=True, slots=True)
class IntendedLoad:
    """The users of this host, and the agent processes that hold them."""

    users: int
    processes: int

    @property
    def users_per_process(self) -> int:
        """Of the process with the most users."""
        return -(-self.users // self.processes)

    @property
    def described(self) -> str:
        """`1 agent process`, `2 agent processes`."""
        return f"{self.processes:,} agent process{'' if self.processes == 1 else 'es'}"


def intended_load(users: int, default_processes: int) -> IntendedLoad:
    """The load of `users`: as many processes as `gradual run` starts, more if these cannot hold so many."""
    return IntendedLoad(users, max(default_processes, -(-users // MOST_USERS)))


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    state: State
    """`limit`: it would limit or falsify a run; `warn`: it can, in some runs; `unknown`: this host does not tell."""

    seen: str
    """What was found, in a few words."""

    why: str = ""
    """What it does to measurements; empty if all is well."""

    change: str = ""
    """The command that changes it, or what to do where no command can; empty if all is well."""


def unknown(check: str, seen: str = "not known here") -> Finding:
    """The finding of a check whose facts this host does not tell."""
    return Finding(check, "unknown", seen)
