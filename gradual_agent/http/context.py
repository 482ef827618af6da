"""What all connections of one agent process share: loop, timers, lease, clock, known heads, and their number.

Apart from the engine, which makes clients: connections and dials know this module and nothing above it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from gradual_agent.http.reading.head import HeadMemory
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.loop_timer import read_clock
from gradual_agent.runtime.timeline import Timeline


class HttpContext:
    """Plain attributes, as each request reads them (STYLE 16)."""

    __slots__ = ("clock", "connections", "heads", "lease", "loop", "timeline", "wall_clock")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timeline: Timeline,
        lease: Lease,
        clock: Callable[[], int] = read_clock,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.loop = loop
        self.timeline = timeline
        self.lease = lease
        self.clock = clock
        """The agent's clock, ns."""
        self.wall_clock = wall_clock
        """Seconds since 1970; understands the Expires of cookies."""
        self.heads = HeadMemory()
        self.connections = 0
        """How many are open."""
