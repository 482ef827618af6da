"""The agent processes of `gradual run`: they start together and end together, and none outlives the run."""

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

from gradual.agents.environment import environment_of_agents
from gradual.errors import AgentsFailedError
from gradual_agent.process.cores import cores_to_load

END_TIMEOUT_S = 5.0
"""For all agents together to end by themselves."""

RELAY_TIMEOUT_S = 2.0
"""For the last lines of agents' standard error."""

MAX_FOLDER = 80
"""Characters. The path of a Unix socket has at most 104 bytes (macOS; 108 on Linux), and the rest is ours."""

ROOT = str(Path(__file__).resolve().parents[1])
ENTRY = "import sys; sys.path.append(sys.argv.pop(1)); from gradual.agents.child import main; main()"
"""Not `-m`, which needs the package in the module path: `-P` keeps the working folder out of it, where a user may have
a `yaml.py`, and the package's own folder is appended last."""


def default_agents() -> int:
    """One agent per core, less one core for the master and the rest of the machine; at least one."""
    return max(1, cores_to_load() - 1)


class AgentProcesses:
    """The running agents. Each has a pipe from this process as its standard input: its end means that this process
    ended."""

    def __init__(
        self, socket: Path, log_level: str, log_format: str, errors: int | None = None, code: Path | None = None
    ) -> None:
        """`socket`: the master's; `errors`: the descriptor of the agents' standard error, None to use ours; `code`: the
        folder of the plan, whose Python code it may run.
        """
        self._processes: list[subprocess.Popen[bytes]] = []
        self._arguments = (str(socket), log_level, log_format, "" if code is None else str(code))
        self._errors = errors

    def start(self, number: int) -> None:
        """Start `number` agents; AgentsFailedError if one cannot be started."""
        for index in range(1, number + 1):
            try:
                self._processes.append(start_agent(f"agent-{index}", self._arguments, self._errors))
            except OSError as error:
                reason = error.strerror or error
                raise AgentsFailedError(f"cannot start agent {index} of {number}: {reason}") from error

    def check(self) -> None:
        """Raise AgentsFailedError if an agent has ended; called only before the run starts, when none should end."""
        for number, process in enumerate(self._processes, 1):
            if (code := process.poll()) is not None:
                count = len(self._processes)
                raise AgentsFailedError(f"agent {number} of {count} ended with exit code {code} before the run began")

    def end(self) -> None:
        """Wait for the agents to end by themselves, then close their pipes, then kill them."""
        deadline = time.monotonic() + END_TIMEOUT_S
        # After a run the master has asked every agent to stop. They stop at the same time, so there is one deadline for
        # all. If an agent did not get that message, it ends when its pipe is closed; if it hangs, it is killed.
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
        """Kill all agents."""
        for process in self._processes:
            process.kill()


def wait_until(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Wait for the process until `deadline`; return whether it has ended."""
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


@contextmanager
def running_agents(agents: AgentProcesses, number: int) -> Iterator[None]:
    """Run `number` agents within the block; after it all of them have ended."""
    try:
        agents.start(number)
        yield
    except BaseException:
        agents.kill()
        raise
    finally:
        agents.end()


def start_agent(name: str, arguments: Sequence[str], errors: int | None) -> subprocess.Popen[bytes]:
    """Start one agent process in its own session: else Ctrl-C would reach it too, and not only the master."""
    command = [sys.executable, "-P", "-c", ENTRY, ROOT, name, *arguments]
    environment = environment_of_agents(os.environ)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, start_new_session=True, env=environment)  # noqa: S603 - our own module


@contextmanager
def private_folder() -> Iterator[Path]:
    """A temporary folder that only this user can read, with a path short enough for a socket in it.

    AgentsFailedError if no folder can be made: a container may have a read-only root file system and no `/tmp`.
    """
    try:
        parent = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise AgentsFailedError(
            "no folder for temporary files can be written: set TMPDIR to one; in a container mount one (--tmpfs /tmp)"
        ) from error
    with tempfile.TemporaryDirectory(prefix="gradual-", dir=parent if len(parent) <= MAX_FOLDER else "/tmp") as name:  # noqa: S108 - the folder is made with mode 0700 and a random name
        yield Path(name)


@contextmanager
def relayed_errors(wanted: bool) -> Iterator[int | None]:
    """A descriptor for the standard error of agents, within the block; None when it is not wanted.

    Normally agents write to the terminal itself. While the monitor owns the screen, such a line would damage the
    picture and be lost. So this process reads the lines from a pipe and writes them to `sys.stderr`, which the monitor
    captures.
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
        # The thread ends when no process has the pipe open any more. A child of an agent may still have it: so with a
        # timeout.
        reader.join(RELAY_TIMEOUT_S)


def _relay(source: int) -> None:
    """Copy line by line: parts of two agents' lines must not be mixed."""
    with open(source, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            sys.stderr.write(line)
            sys.stderr.flush()
