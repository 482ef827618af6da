"""The timeline: one heap for the timers of all users, independent of the event loop.

A think time, a timeout or a pacing wait is an entry in the heap. The driver (`loop_timer`, or a test) gets only the
instant of the first entry, and calls `run_due` at that instant.

Why not a timer of the loop each: a `call_later` and its cancellation cost 4.7 µs on uvloop, an entry and its
cancellation here 0.5 µs (best of five runs on one core).

Hot path: an entry is a plain list, cancelled in place. Instants are nanoseconds on the agent's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

from gradual_common.clock import NEVER, NS_PER_MS

SLICE_NS = NS_PER_MS // 2
"""How long `run_due` works before the loop gets its turn."""

RUNNING = -1
"""`next_at` while entries run: before every instant, so `at` does not call `wake_at`."""

Entry = list[Any]
"""[instant, serial number, callback or None when cancelled, argument]."""


class Timeline:
    """Runs `callback(argument)` at given instants, in order; equal instants in the order in which they were added."""

    next_at: int
    """The instant of the first entry; it may be a cancelled one, as waking early does no harm. `NEVER` without one."""

    def __init__(self, clock: Callable[[], int], wake_at: Callable[[int], object]) -> None:
        self.next_at = NEVER
        self._clock = clock
        self._wake_at = wake_at
        self._heap: list[Entry] = []
        self._serial = count().__next__
        self._cancelled = 0

    def __len__(self) -> int:
        """How many entries are to come."""
        return len(self._heap) - self._cancelled

    def at(self, when: int, callback: Callable[[Any], object], argument: Any = None) -> Entry:
        """Have `callback(argument)` run at `when`, or as soon as possible after it."""
        entry = [when, self._serial(), callback, argument]
        heappush(self._heap, entry)
        if when < self.next_at:
            self.next_at = when
            self._wake_at(when)
        return entry

    def cancel(self, entry: Entry) -> None:
        """Drop an entry; one that has run or was cancelled before is left alone.

        To remove it from the heap, it would have to be searched for, which is linear. So it stays without a callback,
        and is dropped when its instant comes. But most entries are timeouts, far ahead and nearly always cancelled:
        they would soon be most of the heap. So the heap is rebuilt when more than half of it is cancelled. That cost is
        spread over as many cancellations: each pays for two entries at most.
        """
        if entry[2] is None:
            return
        entry[2] = entry[3] = None
        self._cancelled += 1
        if self._cancelled > 64 and self._cancelled * 2 > len(self._heap):
            # In place: `_run_until` may hold the list.
            self._heap[:] = [entry for entry in self._heap if entry[2] is not None]
            heapify(self._heap)
            self._cancelled = 0

    def clear(self) -> None:
        """Drop all entries."""
        self._heap.clear()
        self._cancelled = 0
        self.next_at = NEVER

    def run_due(self, slice_ns: int = SLICE_NS) -> None:
        """Run what is due by the clock, for `slice_ns` at a time; `next_at` says when to come again.

        A thousand users that wake at one instant and send take some 20 ms, most of it in the kernel. Run without a
        break, they would keep the loop from responses that arrive in this time. Those would be read and stamped that
        much later, and the system under test would look slow because of the agent. So the loop gets its turn
        after each slice: the users start late, which is counted (start lag), and response times stay true.

        An entry that a callback adds for an instant that is due runs in this call, in its order.
        """
        self.next_at = RUNNING
        try:
            self._run_until(self._clock(), slice_ns)
        finally:
            self.next_at = self._heap[0][0] if self._heap else NEVER

    def _run_until(self, now: int, slice_ns: int) -> None:
        heap, clock, slice_end = self._heap, self._clock, now + slice_ns
        while heap and heap[0][0] <= now:
            entry = heappop(heap)
            callback, argument = entry[2], entry[3]
            if callback is None:
                self._cancelled -= 1
                continue
            entry[2] = entry[3] = None
            callback(argument)
            if clock() >= slice_end:
                return
