"""Which interval is to be sealed next, and when. Instants in run time, ns."""

from __future__ import annotations


class Intervals:
    """Interval k covers [start + k·length, start + (k+1)·length)."""

    def __init__(self, start: int, length: int, now: int) -> None:
        self.start = start
        self.length = length
        self.next = max(0, (now - start) // length)

    def end_of(self, interval: int) -> int:
        """The first instant after `interval`."""
        return self.start + (interval + 1) * self.length

    def take_ended(self, now: int) -> bool:
        """Whether the next interval has ended; it counts as sealed from here on."""
        ended = self.end_of(self.next) <= now
        self.next += ended
        return ended

    @property
    def next_deadline(self) -> int:
        """When the next interval ends."""
        return self.end_of(self.next)
