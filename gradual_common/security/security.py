"""Who may talk to whom: what a command line gives, and what it must give for an address.

The rule of docs/design/architecture.md, 7: off this machine a connection is encrypted and needs the join token.
`--insecure` accepts that others on the network see and disturb a run. It never lets a secret pass that network in
plaintext: neither the token, nor a plan with credentials, nor such a plan for whoever connects.
"""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Self

from gradual_common.errors import SecurityError
from gradual_common.net.addresses import EndpointAddress
from gradual_common.security.identity import NO_IDENTITY, TlsFlags, TlsIdentity, read_identity
from gradual_common.security.token import read_token

Side = Literal["master", "agent"]

TLS_OPTIONS: dict[Side, str] = {"master": "--tls-cert FILE --tls-key FILE", "agent": "--tls-ca FILE"}
"""What each side needs at least for TLS. With --tls-ca too, the master asks for certificates of agents."""


@dataclass(frozen=True, slots=True)
class FleetSecurity:
    """The join token and the certificates of one side; empty without any."""

    token: str = field(default="", repr=False)
    identity: TlsIdentity = NO_IDENTITY
    server_name: str | None = None
    """An agent's: the name in the master's certificate, where it is not that of the address."""

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The metadata of an agent's calls."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def is_encrypted(self, side: Side) -> bool:
        """Whether connections are encrypted."""
        return (self.identity.cert if side == "master" else self.identity.ca) is not None

    def authenticates_agents(self) -> bool:
        """Whether the master knows that an agent may join: by the token, or by a certificate of its authority."""
        return bool(self.token) or (self.identity.cert is not None and self.identity.ca is not None)

    def to_json(self) -> str:
        """One line for the standard input of another process of this user; it holds secrets."""
        identity = self.identity
        pem = {name: None if (value := getattr(identity, name)) is None else value.decode("ascii")
               for name in ("ca", "cert", "key")}  # fmt: skip
        return json.dumps({"token": self.token, "server_name": self.server_name, **pem})

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what `to_json` has written; SecurityError for anything else."""
        try:
            values = json.loads(line)
            pem = {
                name: None if values[name] is None else values[name].encode("ascii") for name in ("ca", "cert", "key")
            }
            return cls(values["token"], TlsIdentity(**pem), values["server_name"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SecurityError("the line on standard input holds no token and certificates") from None


def read_security(
    flags: TlsFlags,
    token_file: str | None,
    now: datetime,
    server_name: str | None = None,
    environment: MutableMapping[str, str] = os.environ,
) -> tuple[FleetSecurity, list[str]]:
    """Read token and certificates, and warnings; SecurityError for what cannot be used at `now`."""
    token, warnings = read_token(token_file, environment)
    return FleetSecurity(token, read_identity(flags, now), server_name), warnings


def check_address(address: EndpointAddress, security: FleetSecurity, side: Side, *, insecure: bool) -> None:
    """SecurityError, with the options to add, for a connection that may not leave this machine like this."""
    encrypted = security.is_encrypted(side)
    if security.identity != NO_IDENTITY and not encrypted:
        raise SecurityError(f"the certificates are of no use alone; add {TLS_OPTIONS[side]}")
    if address.is_local:
        return
    if security.token and not encrypted:
        raise SecurityError(
            f"{address.target} is not on this machine, and the token would pass the network in plaintext;"
            f" add {TLS_OPTIONS[side]}"
        )
    missing = [TLS_OPTIONS[side]] * (not encrypted) + ["--token-file FILE"] * (not security.token)
    if missing and not insecure:
        state = (
            "neither encrypted nor authenticated"
            if len(missing) == 2
            else ("not encrypted" if not encrypted else "not authenticated: whoever reaches it could join")
        )
        raise SecurityError(
            f"{address.target} is not on this machine, and the connection is {state}; add {' '.join(missing)}"
            " (make them with: gradual certs init), or --insecure on both sides if the network between is trusted"
        )
