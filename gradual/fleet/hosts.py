"""The hosts of `--hosts` and `--hosts-file`: what each entry says, and what is wrong with one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gradual.errors import HostsRefusedError
from gradual_common.secrecy.quoting import quoted

WANTED = "write [USER@]HOST[:PORT], an IPv6 address in brackets"

_ENTRY = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_][^\s@:/]*)@)?(?P<host>\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[A-Za-z0-9_][A-Za-z0-9._-]*)(?::(?P<port>\d{1,5}))?"
)
"""Neither user nor host begins with `-`, which ssh would take for an option."""


@dataclass(frozen=True, slots=True)
class RemoteHost:
    """A host on which agents are started."""

    host: str
    """A name that `ssh` knows, perhaps from its configuration, or an address."""
    user: str | None = None
    port: int | None = None
    """None: what the configuration of `ssh` says."""

    @property
    def label(self) -> str:
        """What it is called in messages, and its agents in reports."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def destination(self) -> str:
        """As `ssh` takes it, without the port."""
        return self.host if self.user is None else f"{self.user}@{self.host}"


def read_hosts(given: str | None, file: Path | None) -> tuple[RemoteHost, ...]:
    """The hosts of both options, in order; HostsRefusedError for a wrong entry, one given twice, or none at all."""
    sourced = [*entries_of(given or "", "--hosts"), *(entries_of_file(file) if file is not None else ())]
    hosts = tuple(parse_host_entry(entry, source) for source, entry in sourced)
    if not hosts:
        raise HostsRefusedError("no hosts given: name them with --hosts a,b,c or --hosts-file FILE")
    labels = Counter(host.label for host in hosts)
    if twice := [label for label, count in labels.items() if count > 1]:
        raise HostsRefusedError(
            f"given more than once: {', '.join(twice)}; name each host once, and use --processes for more agents on it"
        )
    return hosts


def entries_of(text: str, source: str) -> Iterator[tuple[str, str]]:
    """The entries of a list with commas, each with where it is from; empty ones too, if there is any text."""
    return ((source, entry.strip()) for entry in text.split(",")) if text else iter(())


def entries_of_file(file: Path) -> Iterator[tuple[str, str]]:
    """The entries of a file, one per line; `#` begins a comment."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise HostsRefusedError(f"--hosts-file {file}: it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise HostsRefusedError(f"--hosts-file {file}: it is not text in UTF-8; one host per line: {WANTED}") from None
    for number, line in enumerate(lines, 1):
        if entry := line.partition("#")[0].strip():
            yield f"--hosts-file {file}:{number}", entry


def parse_host_entry(entry: str, source: str) -> RemoteHost:
    """One entry; HostsRefusedError names where it is from."""
    match = _ENTRY.fullmatch(entry)
    if match is None:
        raise HostsRefusedError(f"{source}: {quoted(entry)} is not a host; {WANTED}")
    port = None if match["port"] is None else int(match["port"])
    if port is not None and not 1 <= port <= 65535:
        raise HostsRefusedError(f"{source}: {quoted(entry)}: {port} is not a port from 1 to 65535")
    return RemoteHost(match["host"].strip("[]"), match["user"], port)
