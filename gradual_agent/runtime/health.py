"""The health of the agent process: its share of a core, and how late its loop runs (docs/design/results.md)."""

from __future__ import annotations

import resource
from collections.abc import Callable

from gradual_agent.runtime.timeline import Timeline
from gradual_common.clock import NS_PER_MS, NS_PER_S

PROBE_NS = 50 * NS_PER_MS
MIN_WINDOW_NS = 100 * NS_PER_MS
"""The CPU share is never taken over a shorter time."""


def cpu_ns() -> int:
    """Processor time of this process so far, user and system, all threads, ns."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return round((usage.ru_utime + usage.ru_stime) * NS_PER_S)


class CpuMeter:
    """The share of one core between two readings; `spent` gives processor time so far, ns."""

    def __init__(self, now: int, spent: Callable[[], int] = cpu_ns) -> None:
        self._spent = spent
        self._last = self._before_last = (now, spent())

    def read(self, now: int) -> float:
        """The share since the last reading; above 1 when several threads worked; 0 when no time has passed."""
        # The last batch is sealed right after the one before. Over these few milliseconds, all of them work, the share
        # would be that of a busy core. So a reading that comes too soon is compared with the last but one.
        is_soon = now - self._last[0] < MIN_WINDOW_NS
        then, before = self._before_last if is_soon else self._last
        current = (now, self._spent())
        if not is_soon:
            self._before_last, self._last = self._last, current
        return (current[1] - before) / (now - then) if now > then else 0.0


class LoopLagProbe:
    """Reports, twenty times per second, how much later than intended an entry of the timeline ran, ns."""

    def __init__(self, timeline: Timeline, clock: Callable[[], int], report: Callable[[int], object]) -> None:
        self._timeline = timeline
        self._clock = clock
        self._report = report
        self._entry = timeline.at(clock() + PROBE_NS, self._probe, clock() + PROBE_NS)

    def stop(self) -> None:
        """Stop probing."""
        self._timeline.cancel(self._entry)

    def _probe(self, intended: int) -> None:
        now = self._clock()
        self._report(max(0, now - intended))
        self._entry = self._timeline.at(now + PROBE_NS, self._probe, now + PROBE_NS)
