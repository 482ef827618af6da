"""The agent processes of `gradual run`: started together, ended together, and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gradual.errors import AgentsFailedError
from gradual_agent.process.children import usable_cores

END_TIMEOUT_S = 5.0
RELAY_TIMEOUT_S = 2.0
MAX_FOLDER_LENGTH = 80
"""A socket's path has at most 104 bytes (macOS; 108 on Linux)."""

ROOT = str(Path(__file__).resolve().parents[1])
ENTRY = "import sys; sys.path.append(sys.argv.pop(1)); from gradual.agents.child import main; main()"
"""Not `-m`: with `-P` the working folder, where a plan's user may keep a `yaml.py`, stays out of the module path."""


def default_agents() -> int:
    """One agent per core but one, which the master and the rest of the machine keep; at least one."""
    return max(1, usable_cores() - 1)


class AgentProcesses:
    """The running agents. Each has a pipe from here, whose end shows it that this process is gone."""

    def __init__(self, socket: Path, log_level: str, log_format: str, errors: int | None = None) -> None:
        """Agents that connect to `socket` once it is there; `errors`: the descriptor they write to, None for ours."""
        self._processes: list[subprocess.Popen[bytes]] = []
        self._arguments = (str(socket), log_level, log_format)
        self._errors = errors

    def start(self, number: int) -> None:
        """Start so many; AgentsFailedError if one cannot be."""
        for index in range(1, number + 1):
            try:
                self._processes.append(start_agent(f"agent-{index}", self._arguments, self._errors))
            except OSError as error:
                reason = error.strerror or error
                raise AgentsFailedError(f"cannot start agent {index} of {number}: {reason}") from error

    def check(self) -> None:
        """AgentsFailedError if one has ended, which none does before the run has."""
        for number, process in enumerate(self._processes, 1):
            if (code := process.poll()) is not None:
                count = len(self._processes)
                raise AgentsFailedError(f"agent {number} of {count} ended with exit code {code} before the run began")

    def end(self) -> None:
        """Let the agents end by themselves for a moment, then close their pipes, then kill them."""
        deadline = time.monotonic() + END_TIMEOUT_S
        # After a run the master has told every agent to end, and they do so side by side: one deadline for all. If the
        # master cannot reach one, closing its pipe is the second way to end it, and a kill the last.
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
def running_agents(agents: AgentProcesses, number: int) -> Iterator[None]:
    """`number` of them; none is left after the block."""
    try:
        agents.start(number)
        yield
    except BaseException:
        agents.kill()
        raise
    finally:
        agents.end()


def start_agent(name: str, arguments: Sequence[str], errors: int | None) -> subprocess.Popen[bytes]:
    """One agent process, in a session of its own: Ctrl-C is for the master, which drains it."""
    command = [sys.executable, "-P", "-c", ENTRY, ROOT, name, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, start_new_session=True)  # noqa: S603 - our own module


@contextmanager
def private_folder() -> Iterator[Path]:
    """A temporary folder of this user alone, with a path short enough for a socket in it."""
    parent = tempfile.gettempdir()
    if len(parent) > MAX_FOLDER_LENGTH:
        parent = "/tmp"  # noqa: S108 - the folder is made with mode 0700 and a random name
    with tempfile.TemporaryDirectory(prefix="gradual-", dir=parent) as name:
        yield Path(name)


@contextmanager
def relayed_errors(wanted: bool) -> Iterator[int | None]:
    """A file descriptor for the standard error of agents, until the block ends; None when it is not wanted.

    An agent has the terminal itself as its standard error. While the monitor has the screen that tears it, and the
    line is lost with it; written by this process to `sys.stderr` it is kept until the screen is left.
    """
    if not wanted:
        yield None
        return
    source, sink = os.pipe()
    reader = threading.Thread(target=_relay, args=(source,), name="agents' errors", daemon=True)
    reader.start()
    try:
        yield sink
    finally:
        os.close(sink)
        # The thread ends with the last process that has the pipe open; one that an agent left behind is not waited for.
        reader.join(RELAY_TIMEOUT_S)


def _relay(source: int) -> None:
    """Line by line: pieces of two agents' lines must not be mixed."""
    with open(source, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            sys.stderr.write(line)
            sys.stderr.flush()
