"""The command lines of `ssh`, and of the agents on the hosts. Nothing in them is secret.

The caller's configuration applies: keys, jump hosts, known hosts. What a run needs is set on the command line, where it
goes before any configuration.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from gradual.fleet.hosts import RemoteHost

ENFORCED = (
    "BatchMode=yes",  # never ask: nobody could answer for several hosts at once
    "StrictHostKeyChecking=yes",  # an unknown host gets neither token nor key
    "ControlMaster=no",  # a connection of its own, which ends with the agents
    "ControlPath=none",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "RequestTTY=no",  # the line with the token goes to a pipe; a terminal would echo it
    "StdinNull=no",
    "ForkAfterAuthentication=no",
    "SessionType=default",
    "RemoteCommand=none",
    "PermitLocalCommand=no",
    "LogLevel=ERROR",
    "ConnectTimeout=10",
    "ConnectionAttempts=1",
    "ServerAliveInterval=10",  # a broken connection is noticed in half a minute
    "ServerAliveCountMax=3",
)

MASTER_WAIT = "30s"
"""As long as `ssh` goes on without an answer: after a crash of the master's host no agent is left."""


@dataclass(frozen=True, slots=True)
class AgentStart:
    """How agents are started on every host."""

    program: str = "gradual-agent"
    """As the shell of the host reads it: `~/venv/bin/gradual-agent` too."""
    processes: str = "auto"
    log_format: str = "console"
    verbose: bool = False
    allow_code: tuple[str, ...] = ()
    """As the agents of the host read it."""

    def line(self, master: str, name: str) -> str:
        """The command for the shell of a host."""
        words = ["--master", master, "--name", name, "--processes", self.processes, "--log-format", self.log_format]
        words += ["--master-wait", MASTER_WAIT, *["--verbose"] * self.verbose]
        words += [f"--allow-code={entry}" for entry in self.allow_code]
        # `exec`: the shell makes place for the agent, which is then what ends with the connection.
        return f"exec {self.program} {shlex.join(words)} --security-on-stdin"


def ssh_words(ssh: Sequence[str], host: RemoteHost, command: str) -> list[str]:
    """The command line that runs `command` on a host."""
    options = [word for setting in ENFORCED for word in ("-o", setting)]
    return [*ssh, *options, *_port(host), "--", host.destination, command]


def settings_words(ssh: Sequence[str], host: RemoteHost) -> list[str]:
    """The command line that prints the settings of `ssh` for a host, without connecting."""
    return [*ssh, "-G", *_port(host), "--", host.destination]


def accepting_command(ssh: Sequence[str], host: RemoteHost) -> str:
    """The command that shows a host's key, asks, and adds it to the known hosts."""
    return shlex.join([*ssh, "-o", "StrictHostKeyChecking=ask", *_port(host), host.destination, "true"])


def _port(host: RemoteHost) -> list[str]:
    return [] if host.port is None else ["-p", str(host.port)]
