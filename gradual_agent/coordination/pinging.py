"""When the master is to be asked for a pong, and when its silence is too long (DESIGN 4.3, 4.11). Agent clock, ns.

A ping is due every lease/10; one rides on another message when half of that is over, and the first ones of a stream go
at once, for the offset. A silence counts from the first ping that was not answered, never from a time in which this
process itself stood still: then a pong may wait unread, and the next ping is the one that must be answered.
"""

from __future__ import annotations

BURST = 5
"""Round trips right after the welcome, one after the other: orders wait for the offset that they give."""


class Pinging:
    """The pings of one stream; `begin` starts anew on the next."""

    def __init__(self) -> None:
        self._lease = 0
        self._heard_at = 0
        self._pinged_at = 0
        self._asked_at: int | None = None
        self._burst_left = 0
        self._is_due_now = False

    def begin(self, lease: int, now: int) -> None:
        """The master has welcomed this agent."""
        self._lease = lease
        self._heard_at, self._asked_at = now, None
        self._burst_left, self._is_due_now = BURST, True

    @property
    def _interval(self) -> int:
        return self._lease // 10

    @property
    def is_bursting(self) -> bool:
        """Whether the first round trips are still under way."""
        return self._burst_left > 0

    @property
    def next_at(self) -> int:
        """When the next ping is due by itself."""
        return self._pinged_at + self._interval

    def is_due(self, now: int, riding: bool) -> bool:
        """Whether to ping now; `riding`: another message goes anyway."""
        since = now - self._pinged_at
        return self._is_due_now or since >= self._interval or (riding and 2 * since >= self._interval)

    def ping(self, now: int) -> None:
        """A ping goes out."""
        if self._asked_at is None or self._has_stalled(now):
            self._asked_at = now
        self._pinged_at, self._is_due_now = now, False

    def answer(self, now: int) -> None:
        """A pong came."""
        self._heard_at, self._asked_at = now, None
        self._burst_left = max(0, self._burst_left - 1)
        self._is_due_now = self._burst_left > 0

    @property
    def silence_deadline(self) -> int | None:
        """No pong for 0.3·lease, though the first ping since the last one has had time to be answered."""
        if self._asked_at is None:
            return None
        return max(self._heard_at + 3 * self._lease // 10, self._asked_at + 2 * self._interval)

    def is_silent(self, now: int) -> bool:
        """Whether the master has been silent for too long."""
        deadline = self.silence_deadline
        return deadline is not None and now >= deadline and not self._has_stalled(now)

    def _has_stalled(self, now: int) -> bool:
        return now - self._pinged_at > 2 * self._interval
