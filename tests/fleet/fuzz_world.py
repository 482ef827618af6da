"""Simulated time: one heap of what is to happen, clocks that begin anywhere and drift, and timelines on them.

Nothing ticks: the world jumps from one instant to the next at which something happens, so that a minute of a fleet
costs milliseconds. Instants are nanoseconds of true time; the master's clock shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

S = 1_000_000_000
MS = 1_000_000
MILLION = 1_000_000

CALLED = "b"
"""Every agent, by people: as those without a name on one host. `AgentProcess.name` is how a failure tells of one."""

MOST_EVENTS = 30_000
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
            if self.happened > MOST_EVENTS:
                raise AssertionError(f"{MOST_EVENTS} events, and no end")
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


class SimTimeline:
    """A `Timeline` on a process's clock. While the process is paused it stands still; what was due then runs late."""

    def __init__(self, world: World, clock: Clock, on_ran: Callable[[], object]) -> None:
        self._world = world
        self._clock = clock
        self._on_ran = on_ran
        self._heap: list[list[Any]] = []
        self._serial = 0
        self._armed_for: int | None = None
        self._is_running = False
        self.is_paused = False

    def at(self, when: int, callback: Callable[[Any], object], argument: Any = None) -> list[Any]:
        """Have `callback(argument)` run when the clock shows `when`."""
        self._serial += 1
        entry = [when, self._serial, callback, argument]
        heappush(self._heap, entry)
        if not self._is_running and (self._armed_for is None or when < self._armed_for):
            self.arm()
        return entry

    def cancel(self, entry: list[Any]) -> None:
        """Drop an entry."""
        entry[2] = None

    def close(self) -> None:
        """Forget everything."""
        self._heap.clear()
        self.is_paused = True

    def arm(self) -> None:
        """Wake when the first entry is due: anew after the clock's rate has changed."""
        heap = self._heap
        while heap and heap[0][2] is None:
            heappop(heap)
        self._armed_for = heap[0][0] if heap else None
        if heap and not self.is_paused:
            self._world.at(self._clock.when(heap[0][0]), self._wake, heap[0][0])

    def _wake(self, armed_for: int) -> None:
        """One entry at a time: what else happens at the same instant gets its turn in between."""
        if armed_for == self._armed_for and not self.is_paused:
            self._run(most=1)

    def run_due(self) -> None:
        """Run everything that is due, in the order of its instants: a process that was paused does so."""
        self._run(most=MILLION)

    def _run(self, most: int) -> None:
        heap, now = self._heap, self._clock()
        self._is_running = True
        while heap and heap[0][0] <= now and most:
            _, _, callback, argument = heappop(heap)
            if callback is not None:
                most -= 1
                callback(argument)
        self._on_ran()
        self._is_running = False
        self.arm()
