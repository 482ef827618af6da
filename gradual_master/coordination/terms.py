"""What the core is given about the run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one run; durations in ns."""

    run: str
    expect_agents: int
    """How many `gradual-agent` commands to wait for."""
    agents_wait: int
    lease: int
    guard: int
    interval: int
    graceful_stop: int
    origin: int = 0
    """Run time 0 on the master's clock."""
    epoch: int = 1
    is_closed: bool = False
    """No agent can come that is not here, so that none is waited for after the last one is lost."""
