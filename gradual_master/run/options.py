"""How a run is to be conducted: what the command line and the Python API ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.units import format_duration
from gradual_master.errors import OptionError

LEAST_LEASE = 3 * NS_PER_S
LEAST_INTERVAL = 100 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What was asked for; durations in ns. OptionError when something is out of range."""

    listen: str = "127.0.0.1:7700"
    expect_agents: int = 1
    """How many `gradual-agent` commands to wait for."""
    agents_wait: int = 60 * NS_PER_S
    lease: int = 10 * NS_PER_S
    guard: int = NS_PER_S
    interval: int = NS_PER_S
    is_closed: bool = False
    """No agents can come but those that are started with the run: it waits for none after the last."""
    takes_signals: bool = True
    """Ctrl-C and SIGTERM are for the run, if it has the main thread."""
    insecure: bool = False
    allow_missing: float = 0.01
    """A share of the scheduled user-seconds."""
    allow_saturated: bool = False
    command: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    on_listening: Callable[[str], None] | None = None
    """Gets the address."""
    on_begin: Callable[[], None] | None = None
    """Called when the schedule begins."""

    def __post_init__(self) -> None:
        if self.expect_agents < 1:
            raise OptionError(f"--expect-agents {self.expect_agents}: at least 1 agent is needed")
        if not 0 <= self.allow_missing <= 1:
            raise OptionError(f"--allow-missing {self.allow_missing:.0%}: a share from 0% to 100% is wanted")
        for name, value, least in (
            ("--agents-wait", self.agents_wait, 1),
            ("--lease", self.lease, LEAST_LEASE),
            ("--interval", self.interval, LEAST_INTERVAL),
            ("the guard", self.guard, 0),
        ):
            if value < least:
                raise OptionError(f"{name} {format_duration(value)}: at least {format_duration(least)} is needed")
