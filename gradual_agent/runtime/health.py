"""How the agent process itself is doing: its share of a core, and how late its loop runs (docs/design/results.md)."""

from __future__ import annotations

import resource
from collections.abc import Callable

from gradual_agent.runtime.timeline import Timeline
from gradual_common.clock import NS_PER_MS, NS_PER_S

PROBE_NS = 50 * NS_PER_MS
MIN_WINDOW_NS = 100 * NS_PER_MS


def cpu_ns() -> int:
    """Processor time of this process so far, user and system, all threads, ns."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return round((usage.ru_utime + usage.ru_stime) * NS_PER_S)


class CpuMeter:
    """The share of one core between two readings; `spent` gives processor time so far, ns.

    A reading too soon after the last one (the last batch is sealed right after its predecessor) reaches back to the
    one before: over a few milliseconds of work, the share would always be that of a busy core.
    """

    def __init__(self, now: int, spent: Callable[[], int] = cpu_ns) -> None:
        self._spent = spent
        self._last = self._before_last = (now, spent())

    def read(self, now: int) -> float:
        """The share since the last reading; above 1 when several threads worked; 0 when no time has passed."""
        is_soon = now - self._last[0] < MIN_WINDOW_NS
        then, before = self._before_last if is_soon else self._last
        current = (now, self._spent())
        if not is_soon:
            self._before_last, self._last = self._last, current
        return (current[1] - before) / (now - then) if now > then else 0.0


class LoopLagProbe:
    """Twenty times a second an entry of the timeline says how much later than intended it ran, ns."""

    def __init__(self, timeline: Timeline, clock: Callable[[], int], report: Callable[[int], object]) -> None:
        self._timeline = timeline
        self._clock = clock
        self._report = report
        self._entry = timeline.at(clock() + PROBE_NS, self._probe, clock() + PROBE_NS)

    def stop(self) -> None:
        """Probe no more."""
        self._timeline.cancel(self._entry)

    def _probe(self, intended: int) -> None:
        now = self._clock()
        self._report(max(0, now - intended))
        self._entry = self._timeline.at(now + PROBE_NS, self._probe, now + PROBE_NS)
