"""The running `ssh` processes, one per host: they end with the run, and with them the agents.

Each has a pipe from this process as its standard input. The first line is what the agents need to join, and is secret.
The end of the pipe, when this process ends for any reason, passes through `ssh` to the agents, which then leave.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from gradual.agents.processes import wait_until
from gradual.errors import AgentsFailedError
from gradual.fleet.command_lines import AgentStart, ssh_words
from gradual.fleet.endings import Ending
from gradual.fleet.hosts import RemoteHost
from gradual_common.secrecy.quoting import shorten
from gradual_common.security.security import FleetSecurity
from gradual_common.security.token import VARIABLE

KEPT_LINES = 30
"""Of each host: what `ssh` says of a changed key has 15."""
MAX_LINE = 8192
"""Bytes of a line that are shown: a host does not fill the memory of this one."""

END_TIMEOUT_S = 10.0
"""For all agents together to end by themselves after the run."""
CLOSE_TIMEOUT_S = 10.0
"""For them to end once their standard input is closed."""
RELAY_TIMEOUT_S = 2.0
"""For the last lines of an `ssh` that has ended."""


class SshConnection:
    """The `ssh` of one host.

    Its own thread calls `hear` with each line of `ssh` and of the agents, and `note_end` when it has ended.
    """

    def __init__(
        self,
        words: Sequence[str],
        security: FleetSecurity,
        hear: Callable[[str], object],
        note_end: Callable[[int], object],
    ) -> None:
        # In its own session: Ctrl-C reaches only the master, which then tells the agents, and nothing can be asked at
        # the terminal. The join token of another fleet is not for this one.
        environment = {**os.environ, "SSH_ASKPASS_REQUIRE": "never"}
        environment.pop(VARIABLE, None)
        self.process = subprocess.Popen(  # noqa: S603 - the caller's own program
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
        )
        self._hear = hear
        self._note_end = note_end
        self._reader = threading.Thread(target=self._read, name=f"lines of {words[-2]}", daemon=True)
        self._reader.start()
        assert self.process.stdin is not None
        # Not through Python's buffer, which would be written again at `close`. A pipe takes 64 KiB at once.
        with suppress(BrokenPipeError):
            os.write(self.process.stdin.fileno(), f"{security.to_json()}\n".encode())

    def close_input(self) -> None:
        """Let the agents leave."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def ended(self) -> int | None:
        """The exit code, once it has ended and its last lines are heard."""
        if (code := self.process.poll()) is not None:
            self._reader.join(RELAY_TIMEOUT_S)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            while line := output.readline(MAX_LINE):
                self._hear(line.decode("utf-8", "replace").rstrip("\r\n"))
        self._note_end(self.process.wait())


class SshConnections:
    """All connections of a run, and what was heard over them. `security`: of the agents of each host."""

    def __init__(self, ssh: Sequence[str], command: AgentStart, security: Mapping[RemoteHost, FleetSecurity]) -> None:
        self._ssh = tuple(ssh)
        self._command = command
        self._security = security
        self._connections: dict[RemoteHost, SshConnection] = {}
        self._lines = {host: deque[str](maxlen=KEPT_LINES) for host in security}
        self._lock = threading.Lock()
        self._lost: dict[RemoteHost, int] = {}
        """Ended, and not yet reported: the exit codes."""
        self._is_running = False
        """The run has begun and is not over: an ending is reported at once."""

    def start(self, masters: Mapping[RemoteHost, str]) -> None:
        """Start the agents of every host, each with its address of the master."""
        for host, master in masters.items():
            words = ssh_words(self._ssh, host, self._command.line(master, host.label))
            hear, note_end = partial(self._hear, host), partial(self._note_end, host)
            try:
                self._connections[host] = SshConnection(words, self._security[host], hear, note_end)
            except OSError as error:
                reason = f"{self._ssh[0]} cannot be started: {error.strerror or error}"
                raise AgentsFailedError(f"{host.label}: {reason}; install OpenSSH's client") from error

    def check(self) -> None:
        """Raise AgentsFailedError if agents have ended; called only before the run starts, when none should end."""
        ended = {host: code for host, each in self._connections.items() if (code := each.ended()) is not None}
        if ended:
            raise AgentsFailedError("\n".join(self._ending(host, code).explain() for host, code in ended.items()))

    def begin(self) -> None:
        """The run begins: from now on it goes on without agents that end."""
        with self._lock:
            self._is_running = True
            self._report()

    def end(self, patience_s: float) -> None:
        """Wait for the agents to end by themselves, then close their pipes, then end `ssh`."""
        with self._lock:
            self._is_running = False
        self._wait(patience_s)
        for connection in self._connections.values():
            connection.close_input()
        self._wait(CLOSE_TIMEOUT_S)
        for host, connection in self._connections.items():
            if connection.ended() is None:
                say(f"{host.label}: its agents did not end in time; they end by themselves when they miss the master")
                connection.process.kill()
                connection.process.wait()

    def _wait(self, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        for connection in self._connections.values():
            wait_until(connection.process, deadline)
            connection.ended()

    def _ending(self, host: RemoteHost, code: int) -> Ending:
        return Ending(host, code, tuple(self._lines[host]), self._ssh, self._command.program)

    def _note_end(self, host: RemoteHost, code: int) -> None:
        with self._lock:
            self._lost[host] = code
            if self._is_running:
                self._report()

    def _report(self) -> None:
        """Agents that have ended with 0 were done, or asked to leave on their host."""
        for host, code in self._lost.items():
            if code:
                say(f"{self._ending(host, code).explain()}; the run goes on without its agents")
        self._lost.clear()

    def _hear(self, host: RemoteHost, line: str) -> None:
        shown = printable(line)
        self._lines[host].append(shown)
        # JSON stays JSON: these lines name their agent themselves.
        say(shown if self._command.log_format == "json" and shown.startswith("{") else f"{host.label} | {shown}")


@contextmanager
def ended_connections(connections: SshConnections) -> Iterator[None]:
    """After the block the agents of all hosts have ended, however it ended."""
    try:
        yield
    except BaseException:
        connections.end(0.0)
        raise
    connections.end(END_TIMEOUT_S)


def printable(line: str) -> str:
    """A line of another host without what would change this terminal, or fill it."""
    return shorten("".join(char if char.isprintable() or char == "\t" else "?" for char in line), MAX_LINE)


def say(line: str) -> None:
    """Show a line at once; one write, so that lines of several hosts are not mixed."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
