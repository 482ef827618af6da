"""The certificates and the token of one run: made in memory, for this run only, and never written to a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gradual.certs.issuing import CertifiedKey, issue_agent, issue_master, make_authority, make_token
from gradual_common.security.identity import TlsIdentity
from gradual_common.security.security import FleetSecurity

DAYS = 8
"""A run is shorter, and so are clocks' differences; nothing is left to use after it anyway."""


@dataclass(frozen=True, slots=True)
class FleetCredentials:
    """What the master shows, and what the agents of each host do."""

    master: FleetSecurity
    agents: tuple[FleetSecurity, ...]


def make_credentials(addresses: Iterable[str], hosts: int, now: datetime) -> FleetCredentials:
    """An authority, a token, a certificate for the master at `addresses` and one for each host."""
    authority = make_authority(now, DAYS)
    token = make_token().decode("ascii")

    def security_of(own: CertifiedKey) -> FleetSecurity:
        return FleetSecurity(token, TlsIdentity(authority.cert, own.cert, own.key))

    agents = (issue_agent(authority, f"agent-{number}", now, DAYS) for number in range(1, hosts + 1))
    return FleetCredentials(
        security_of(issue_master(authority, addresses, now, DAYS)), tuple(security_of(agent) for agent in agents)
    )
