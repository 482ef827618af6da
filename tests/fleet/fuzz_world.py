"""Simulated time: one heap of future events, clocks that start anywhere and drift, and timelines on them.

Nothing ticks: the world jumps from one instant to the next at which something happens, so that a minute of a fleet
costs milliseconds. Instants are nanoseconds of true time; the master's clock shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from gradual_agent.runtime.timeline import NEVER, Timeline

S = 1_000_000_000
MS = 1_000_000
MILLION = 1_000_000

CALLED = "b"
"""Every agent, by people: as those without a name on one host. `AgentProcess.name` is how a failure tells of one."""

MAX_EVENTS = 30_000
"""A sequence has some thousands."""


class World:
    """What is to happen when; equal instants in the order in which they were given."""

    def __init__(self) -> None:
        self.now = 0
        self.happened = 0
        self._heap: list[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = []
        self._serial = 0

    def at(self, when: int, call: Callable[..., object], *arguments: Any) -> None:
        """Have `call(*arguments)` happen at `when`, or now if that is past."""
        self._serial += 1
        heappush(self._heap, (max(when, self.now), self._serial, call, arguments))

    def after(self, delay: int, call: Callable[..., object], *arguments: Any) -> None:
        """Have `call(*arguments)` happen `delay` from now."""
        self.at(self.now + delay, call, *arguments)

    def run_until(self, until: int, is_over: Callable[[], bool] = lambda: False) -> None:
        """Let everything happen up to `until`, or until it is over."""
        heap = self._heap
        while heap and heap[0][0] <= until and not is_over():
            self.now, _, call, arguments = heappop(heap)
            self.happened += 1
            if self.happened > MAX_EVENTS:
                raise AssertionError(f"{MAX_EVENTS} events, and no end")
            call(*arguments)
        if not is_over():
            self.now = max(self.now, until)


class Clock:
    """A process's clock: it shows `begin` at first, and gains `drift` ns in every million."""

    def __init__(self, world: World, begin: int) -> None:
        self._world = world
        self._shown = begin
        self._since = world.now
        self.drift = 0

    def __call__(self) -> int:
        passed = self._world.now - self._since
        return self._shown + passed + passed * self.drift // MILLION

    def set_drift(self, drift: int) -> None:
        """From now on it gains `drift` in a million; what it shows does not jump."""
        self._shown, self._since, self.drift = self(), self._world.now, drift

    def when(self, reading: int) -> int:
        """The first instant at which the clock shows `reading`, or now."""
        missing = reading - self()
        if missing <= 0:
            return self._world.now
        instant = self._world.now + missing * MILLION // (MILLION + self.drift)
        while self._read_at(instant) < reading:
            instant += 1
        return instant

    def _read_at(self, instant: int) -> int:
        passed = instant - self._since
        return self._shown + passed + passed * self.drift // MILLION


class SimTimeline(Timeline):
    """A process's timeline, driven by the world. While the process is paused nothing runs: what is due runs late."""

    def __init__(self, world: World, clock: Clock, on_ran: Callable[[], object]) -> None:
        super().__init__(clock, self._note_earlier)
        self._world = world
        self._when = clock.when
        self._on_ran = on_ran
        self._is_running = False
        self.is_paused = False

    def close(self) -> None:
        """Forget everything."""
        self.clear()
        self.is_paused = True

    def arm(self) -> None:
        """Wake when the first entry is due: again after the clock's rate has changed."""
        if self.next_at != NEVER and not self.is_paused:
            self._world.at(self._when(self.next_at), self._wake, self.next_at)

    def _note_earlier(self, _: int) -> None:
        if not self._is_running:
            self.arm()

    def _wake(self, armed_for: int) -> None:
        """One entry at a time: what else happens at the same instant gets its turn in between."""
        if armed_for == self.next_at and not self.is_paused:
            self.run(slice_ns=0)

    def run(self, slice_ns: int = S) -> None:
        """Run everything that is due, in the order of its instants: a process that was paused does so."""
        self._is_running = True
        self.run_due(slice_ns)
        self._on_ran()
        self._is_running = False
        self.arm()
