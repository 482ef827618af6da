"""What an agent process is told on its command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from gradual_common.protocol.messages import Part


PROGRESS = "gradual_agent.progress"
"""The logger of what `gradual-agent` says also off a terminal: that it waits for its master, and why it ends."""


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """`max_users` None: what the file descriptors allow; `master_wait` in ns.

    `part`: which process of which command this is, of one that runs several.
    """

    master: str
    """Its address as gRPC dials it."""
    name: str
    max_users: int | None
    master_wait: int
    log_format: Literal["console", "json"] = "console"
    verbose: bool = False
    part: Part | None = None
