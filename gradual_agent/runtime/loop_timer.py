"""One timer of the event loop drives the timeline.

libuv's timers count whole milliseconds, so delays are rounded up: an entry runs up to 1 ms late and never early. The
agent's clock runs on while the machine sleeps, and the loop's clock does not. So the timer is never set for more than
`MAX_SLEEP_NS`, and what is due is decided by the agent's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import clock_gettime_ns

from gradual_agent.runtime.timeline import Timeline
from gradual_common.clock import CLOCK_ID, NEVER, NS_PER_MS, NS_PER_S

MAX_SLEEP_NS = NS_PER_S

read_clock: Callable[[], int] = partial(clock_gettime_ns, CLOCK_ID)
"""The agent's clock, ns."""


class LoopTimer:
    """Has a timeline and runs what is due on it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], int] = read_clock) -> None:
        self.timeline = Timeline(clock, self._set)
        self._loop = loop
        self._clock = clock
        self._handle: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Drop all entries and stop the timer."""
        self.timeline.clear()
        self._unset()

    def _ring(self) -> None:
        self._handle = None
        try:
            self.timeline.run_due()
        finally:
            if self.timeline.next_at != NEVER:
                self._set(self.timeline.next_at)

    def _set(self, when: int) -> None:
        self._unset()
        # Rounded up to libuv's whole milliseconds: a timer that fires early would find nothing due and be set again.
        delay = min(max(0, when - self._clock()), MAX_SLEEP_NS)
        self._handle = self._loop.call_later(-(-delay // NS_PER_MS) / 1000, self._ring)

    def _unset(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
