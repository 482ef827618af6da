"""What all connections of one agent process share: loop, timers, lease, clock, known heads, and their number.

Connections and dials import this module and nothing above it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradual_agent.http.reading.quick_head import KnownHeads
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.loop_timer import read_clock
from gradual_agent.runtime.timeline import Timeline


@dataclass(slots=True, eq=False)
class HttpContext:
    """Plain attributes, as each request reads them (docs/design/style.md, 16)."""

    loop: asyncio.AbstractEventLoop
    timeline: Timeline
    lease: Lease
    clock: Callable[[], int] = read_clock
    """The agent's clock, ns."""
    wall_clock: Callable[[], float] = time.time
    """Seconds since 1970, for the Expires of cookies."""
    heads: KnownHeads = field(default_factory=KnownHeads)
    """What was learned of the heads of responses."""
    tokens: dict[Any, Any] = field(default_factory=dict)
    """The tokens that all users share (`http.auth.tokens.TokenSource`), by their logins."""
    record: Callable[[str, Any], bool] = lambda name, value: True
    """Records a value of a custom metric (`kinds.metrics.Record`)."""
    connections: int = 0
    """How many are open."""
