"""The options of a run, from the command line or the Python API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.security.security import FleetSecurity
from gradual_common.units import format_duration
from gradual_master.errors import OptionError
from gradual_master.store.location import StoreLocation

if TYPE_CHECKING:  # heavy: the agents of `gradual run` start before it is loaded
    from gradual_master.comparing.against import Baseline

MIN_LEASE_NS = 3 * NS_PER_S
"""A shorter lease would end through the delays of a busy machine or network, without any fault."""
MIN_INTERVAL_NS = 100 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of one run; durations in ns. OptionError if a value is out of range."""

    listen: str = "127.0.0.1:7700"
    expect_agents: int = 1
    """How many `gradual-agent` commands to wait for."""
    agents_wait: int = 60 * NS_PER_S
    """How long to wait for agents before the run fails."""
    lease: int = 10 * NS_PER_S
    """How long an agent runs its users without hearing from the master."""
    guard: int = NS_PER_S
    """What the master waits beyond the lease before it gives an agent's slots to others."""
    interval: int = NS_PER_S
    """The length of the intervals in which measurements are sent and reported."""
    is_closed: bool = False
    """Whether only the agents that are started with the run can connect: it does not wait for others."""
    takes_signals: bool = True
    """Whether Ctrl-C and SIGTERM stop the run; only in the main thread."""
    insecure: bool = False
    """Whether connections from other machines may be without encryption or without a token."""
    security: FleetSecurity = field(default_factory=FleetSecurity)
    """The join token and the certificates."""
    allow_missing: float = 0.01
    """The share of the scheduled user-seconds that may be missing in a valid run."""
    allow_saturated: bool = False
    command: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    exit_codes: Mapping[int, int] = field(default_factory=dict)
    """Usual exit code → the one that the command ends with instead (`--exit-code`)."""
    store: StoreLocation | None = None
    """Where the run is kept; None: nowhere."""
    baseline: Baseline | None = None
    """What the run is compared with at its end."""
    on_listening: Callable[[str], None] | None = None
    """Called with the bound address."""
    on_begin: Callable[[], None] | None = None
    """Called when the start of the schedule is fixed."""

    def __post_init__(self) -> None:
        if self.expect_agents < 1:
            raise OptionError(f"--expect-agents {self.expect_agents}: at least 1 agent is needed")
        if not 0 <= self.allow_missing <= 1:
            raise OptionError(f"--allow-missing {self.allow_missing:.0%}: a share from 0% to 100% is wanted")
        for name, value, minimum in (
            ("--agents-wait", self.agents_wait, 1),
            ("--lease", self.lease, MIN_LEASE_NS),
            ("--interval", self.interval, MIN_INTERVAL_NS),
            ("the guard", self.guard, 0),
        ):
            if value < minimum:
                raise OptionError(f"{name} {format_duration(value)}: at least {format_duration(minimum)} is needed")
