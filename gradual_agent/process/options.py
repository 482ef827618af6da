"""The options of an agent process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gradual_common.security.security import FleetSecurity

if TYPE_CHECKING:
    from gradual_agent.runtime.allowed_code import AllowedPath  # As below.
    from gradual_agent.runtime.allowed_hosts import AllowedHost  # Not needed for --help.
    from gradual_common.protocol.messages import Part  # Heavy: it needs numpy.

PROGRESS = "gradual_agent.progress"
"""A logger whose lines are shown without a terminal too: that the agent waits for its master, and why it ends."""


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """The options of one agent process."""

    master: str
    """Its address as gRPC dials it."""
    name: str
    max_users: int | None
    """None: what the file descriptors allow."""
    master_wait: int
    """How long it waits for a master before it gives up, ns."""
    log_format: Literal["console", "json"] = "console"
    verbose: bool = False
    part: Part | None = None
    """Which process of which command this is, of one that runs several."""
    security: FleetSecurity = field(default_factory=FleetSecurity)
    """The join token and the certificates."""
    allow_hosts: tuple[AllowedHost, ...] = ()
    """Where it may send; empty: anywhere."""
    allow_code: tuple[AllowedPath, ...] = ()
    """Which Python code of a plan it may run; empty: only what is installed."""
