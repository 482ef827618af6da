"""The parameters of a run that the core needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradual_common.language.document import Once
from gradual_common.plan.data.supplies import Supply
from gradual_common.protocol.messages import Source


@dataclass(frozen=True, slots=True)
class Terms:
    """The parameters of one run; durations in ns."""

    run: str
    """The identifier of the run."""
    expect_agents: int
    """How many `gradual-agent` commands to wait for."""
    agents_wait: int
    """How long to wait for agents, before the load and after the last one was lost."""
    lease: int
    """How long an agent may run its slots without hearing from the master."""
    guard: int
    """What the master waits beyond the lease, for clocks that run at slightly different rates."""
    interval: int
    graceful_stop: int
    origin: int = 0
    """Run time 0 on the master's clock."""
    epoch: int = 1
    meetings: tuple[int, ...] = ()
    """How many users each place of a rendezvous waits for."""
    once: tuple[Once, ...] = ()
    """Which of set-up and teardown the plan has."""
    supplies: Mapping[Source, Supply] = field(default_factory=dict)
    """The rows of data sets with `per: iteration`."""
    is_closed: bool = False
    """Whether no further agent can connect: then the run does not wait for one after the last was lost."""
