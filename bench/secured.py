"""Token and certificates for the measurements, made as `gradual certs` makes them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gradual.certs.issuing import issue_agent, issue_master, make_authority, make_token
from gradual_common.security.identity import TlsIdentity
from gradual_common.security.security import FleetSecurity


@dataclass(frozen=True)
class Secured:
    """The options of each side, and files with the same."""

    master: tuple[str, ...]
    agent: tuple[str, ...]
    ca: str
    passed_on: str
    """A file with what an agent passes to its children."""


@contextmanager
def secured(*hosts: str, mutual: bool = True) -> Iterator[Secured]:
    """Files for a master at `hosts` and its agents; `mutual`: the master asks agents for certificates."""
    now = datetime.now(UTC)
    authority = make_authority(now)
    master, agent, token = issue_master(authority, hosts, now), issue_agent(authority, "agent", now), make_token()
    files = {
        "ca.pem": authority.cert,
        "master.pem": master.cert,
        "master-key.pem": master.key,
        "agent.pem": agent.cert,
        "agent-key.pem": agent.key,
        "token": token,
    }
    with tempfile.TemporaryDirectory(prefix="gradual-bench-") as name:
        for file, content in files.items():
            write(Path(name, file), content)
        identity = TlsIdentity(authority.cert, agent.cert, agent.key)
        write(Path(name, "passed-on"), FleetSecurity(token.decode(), identity).to_json().encode())
        ca, token_file = ("--tls-ca", f"{name}/ca.pem"), ("--token-file", f"{name}/token")
        yield Secured(
            master=(*options_of(name, "master"), *(ca if mutual else ()), *token_file),
            agent=(*options_of(name, "agent"), *ca, *token_file),
            ca=ca[1],
            passed_on=f"{name}/passed-on",
        )


def write(path: Path, content: bytes) -> None:
    """A file that only its owner can read."""
    path.write_bytes(content)
    path.chmod(0o600)


def options_of(folder: str, side: str) -> tuple[str, ...]:
    """The options for its certificate."""
    return ("--tls-cert", f"{folder}/{side}.pem", "--tls-key", f"{folder}/{side}-key.pem")
