"""What the end of an `ssh` means: its exit code, and its last lines, for a message that says what to do.

`ssh` ends with 255 if the connection failed, else with the exit code of the command on the host.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradual.fleet.command_lines import accepting_command
from gradual.fleet.hosts import RemoteHost
from gradual_common import __version__
from gradual_common.process.exit_codes import WRONG_INPUT

SSH_FAILED = 255
NOT_FOUND, NOT_RUN = 127, 126
"""Of shells: there is no such command; it is there and cannot be run."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the `ssh` of one host ended."""

    host: RemoteHost
    code: int
    """Negative: the signal that ended it."""
    lines: tuple[str, ...]
    """Its last lines, the newest last."""
    ssh: tuple[str, ...]
    program: str
    """The agent's command."""

    @property
    def accepting(self) -> str:
        """The command that adds the host's key after it was compared."""
        return accepting_command(self.ssh, self.host)

    def explain(self) -> str:
        """What happened and what to do, after the host's name."""
        if self.code < 0:
            return f"{self.host.label}: ssh was ended by signal {-self.code}"
        reason = self._of_connection() if self.code == SSH_FAILED else self._of_command()
        return f"{self.host.label}: {reason}"

    def _of_connection(self) -> str:
        text = "\n".join(self.lines)
        for pattern, explain in _CONNECTION:
            if (match := pattern.search(text)) is not None:
                return explain(self, match[match.lastindex or 0])
        # Else the last line may be an agent's.
        return next(
            (f"the SSH connection ended: {line.rstrip('.')}" for line in reversed(self.lines) if _OF_SSH.match(line)),
            "the SSH connection was lost",
        )

    def _of_command(self) -> str:
        if self.code == NOT_FOUND:
            return (
                f"there is no {self.program} (exit code 127): install Gradual {__version__} there, or say where it is: "
                "--agent-command /opt/gradual/bin/gradual-agent"
            )
        if self.code == NOT_RUN:
            return f"{self.program} cannot be run there (exit code 126): give its user the right to, or reinstall it"
        if self.code == WRONG_INPUT:
            return (
                f"{self.program} does not take this command line (exit code 2): "
                f"is it of version {__version__}? See `{self.program} --version` there"
            )
        return f"its agents ended with exit code {self.code}"


def _unknown_key(ending: Ending, _: str) -> str:
    return (
        "its host key is not known, so it got no token. To add it after comparing its fingerprint with the host's own "
        f"(`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there): {ending.accepting}"
    )


def _changed_key(ending: Ending, _: str) -> str:
    removal = next((line.strip() for line in ending.lines if line.strip().startswith("ssh-keygen -f ")), "")
    commands = " and then ".join(command for command in (removal, ending.accepting) if command)
    return (
        f"its host key has changed: it was installed anew, or somebody is in between. Only if you know why: {commands}"
    )


def _refused_keys(ending: Ending, found: str) -> str:
    return (
        f"the login failed: {found}. Nothing is asked here, so a key is needed: {shlex.join(_copying_words(ending))}, "
        "or load one with ssh-add"
    )


def _copying_words(ending: Ending) -> list[str]:
    port = [] if ending.host.port is None else ["-p", str(ending.host.port)]
    return ["ssh-copy-id", *port, ending.host.destination]


def _unreachable(_: Ending, found: str) -> str:
    return f"it cannot be reached: {found}"


_REASONS = (
    "Connection refused|Connection timed out|Operation timed out|Connection timed out during banner exchange"
    "|No route to host|Network is unreachable"
)

_CONNECTION: Sequence[tuple[re.Pattern[str], Callable[[Ending, str], str]]] = tuple(
    (re.compile(pattern, re.MULTILINE), explain)
    for pattern, explain in (
        (r"REMOTE HOST IDENTIFICATION HAS CHANGED", _changed_key),
        (r"^No \S+ host key is known|^Host key verification failed", _unknown_key),
        (r"(Permission denied \([^)]*\))\.$|(Too many authentication failures)$", _refused_keys),
        (rf"^(?:ssh|channel \d+): .*({_REASONS})", _unreachable),
        (r"^(Connection timed out during banner exchange)", _unreachable),
        (r"^ssh: (Could not resolve hostname .*)$", _unreachable),
    )
)
"""What `ssh` says, the most particular first: a changed key is also one whose verification failed."""

_OF_SSH = re.compile(
    r"ssh: |ssh_\w+: |kex_\w+: |client_loop: |Connection |Received disconnect|Disconnected |Timeout, |/"
)
"""How other last lines of `ssh` begin; `/`: a mistake in a file of its configuration."""
