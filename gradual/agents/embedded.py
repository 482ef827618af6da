"""The agent processes of `gradual run`: started together, ended together, and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gradual.errors import AgentsFailedError

FAREWELL_S = 5.0
LONGEST_FOLDER = 80
"""A socket's path has at most 104 bytes (macOS; 108 on Linux)."""

HOUSE = str(Path(__file__).resolve().parents[1])
ENTRY = "import sys; sys.path.append(sys.argv.pop(1)); from gradual.agents.child import main; main()"
"""Not `-m`: with `-P` the working folder, where a plan's user may keep a `yaml.py`, stays out of the module path."""


def default_agents() -> int:
    """One agent per core but one, which the master and the rest of the machine keep; at least one."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable - 1)


class AgentProcesses:
    """Handles of the running agents. Each holds a pipe whose end tells the agent that this process is gone."""

    def __init__(self, errors: int | None = None) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._errors = errors

    def start(self, socket: Path, number: int, options: Sequence[str]) -> None:
        """Start agents until there are `number`."""
        while len(self._processes) < number:
            self._processes.append(start_agent(socket, len(self._processes) + 1, number, options, self._errors))

    def check(self) -> None:
        """AgentsFailedError if one has ended, which none does before the run has."""
        for number, process in enumerate(self._processes, 1):
            if (code := process.poll()) is not None:
                count = len(self._processes)
                raise AgentsFailedError(f"agent {number} of {count} ended with exit code {code} before the run began")

    def end(self) -> None:
        """Let the agents end by themselves for a moment, then close their pipes, then kill them."""
        deadline = time.monotonic() + FAREWELL_S
        for process in self._processes:
            wait_until(process, deadline)
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        for process in self._processes:
            if not wait_until(process, time.monotonic() + 1):
                process.kill()
                process.wait()

    def kill(self) -> None:
        """End them now."""
        for process in self._processes:
            process.kill()


def wait_until(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Whether the process has ended by `deadline`."""
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


@contextmanager
def running_agents(
    number: int, socket: Path, options: Sequence[str], errors: int | None = None
) -> Iterator[AgentProcesses]:
    """`number` agents that connect to `socket` once it is there; none is left after the block.

    `options`: log level and log format; `errors`: the file descriptor of their standard error, None for ours.
    """
    agents = AgentProcesses(errors)
    try:
        agents.start(socket, number, options)
        yield agents
    except BaseException:
        agents.kill()
        raise
    finally:
        agents.end()


def start_agent(
    socket: Path, index: int, number: int, options: Sequence[str], errors: int | None = None
) -> subprocess.Popen[bytes]:
    """One agent process, in a session of its own: Ctrl-C is for the master, which drains it."""
    command = [sys.executable, "-P", "-c", ENTRY, HOUSE, str(socket), f"agent-{index}", *options]
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, start_new_session=True)  # noqa: S603 - our own module
    except OSError as error:
        raise AgentsFailedError(f"cannot start agent {index} of {number}: {error.strerror or error}") from error


@contextmanager
def private_folder() -> Iterator[Path]:
    """A temporary folder of this user alone, with a path short enough for a socket in it."""
    place = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(prefix="gradual-", dir=place if len(place) <= LONGEST_FOLDER else "/tmp") as name:  # noqa: S108 - the folder is made with mode 0700 and a random name
        yield Path(name)
