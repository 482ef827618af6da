"""Contact with the master, in four parts (docs/design/fleet.md, 4.2, 4.3, 4.10, 4.11).

- `Redial`: when to dial again, and when to give up.
- `Pinging`: when to ping, and when the master has been silent for too long.
- `OffsetEstimate`: the offset between the agent's clock and run time, from pings and pongs.
- `OffsetInUse`: the offset that the agent works with.

Instants are on the agent's clock, ns; `NEVER` where there is none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from gradual_common.clock import NEVER, NS_PER_MS, NS_PER_S

MIN_DELAY_NS = 100 * NS_PER_MS
MAX_DELAY_NS = NS_PER_S
NOTICE_EVERY_NS = 10 * NS_PER_S
"""How often the agent logs that it still waits for a master."""

BURST_PINGS = 5
"""Round trips right after the welcome, one after the other. Orders wait for the offset that these give."""

MAX_ROUND_TRIPS = 64
"""The offset comes from the best of this many latest round trips."""

OFFSET_SLACK_NS = NS_PER_MS
"""The offset in use follows the estimate only when they differ by more, so that intervals and levels do not jitter."""


class Redial:
    """Says when to dial. `jitter()` gives numbers in [0, 1), so that a fleet does not reconnect in one instant."""

    def __init__(self, patience: int, jitter: Callable[[], float], now: int) -> None:
        self.patience = patience
        self.next_at = now
        self._jitter = jitter
        self._attempts = 0
        self._alone_since = now
        """`NEVER` while a master is there."""
        self._notice_at = now

    @property
    def give_up_at(self) -> int:
        """When to give up; later than `NEVER` while a master is there."""
        return self._alone_since + self.patience

    def notice(self, now: int) -> tuple[int, int] | None:
        """(ns waited so far, ns left) when a log line is due: at the start of the wait, then every ten seconds. Else
        None.
        """
        if now < max(self._notice_at, self._alone_since):
            return None
        self._notice_at = now + NOTICE_EVERY_NS
        return now - self._alone_since, max(0, self.give_up_at - now)

    def found(self) -> None:
        """The master has answered."""
        self._notice_at = self._attempts = 0
        self._alone_since = NEVER

    def lost(self, now: int) -> None:
        """Dial again after 0.1 to 1 s: soon at first, so that a master that is just starting is reached at once."""
        # The range doubles with each attempt, and the delay is drawn from it: agents that lost the same master at the
        # same instant spread out, and a master that stays away is not flooded.
        spread = min(MAX_DELAY_NS - MIN_DELAY_NS, MIN_DELAY_NS << min(self._attempts, 10))
        self.next_at = now + MIN_DELAY_NS + int(self._jitter() * spread)
        self._attempts += 1
        self._alone_since = min(self._alone_since, now)


class Pinging:
    """The pings of one stream; `start` resets them for the next stream.

    A ping is due every lease/10. It joins another message when half of that time is over. The first pings of a stream
    are sent at once, as they measure the offset.
    """

    def __init__(self) -> None:
        self._lease = 0
        self._heard_at = 0
        self._pinged_at = 0
        self._asked_at = NEVER
        """When the first ping since the last pong was sent."""
        self._burst_left = 0
        self.next_at = 0
        """When the next ping is due by itself."""

    def start(self, lease: int, now: int) -> None:
        """The master has welcomed this agent."""
        self._lease, self._burst_left = lease, BURST_PINGS
        self._heard_at, self._asked_at, self.next_at = now, NEVER, now

    @property
    def _interval(self) -> int:
        return self._lease // 10

    @property
    def is_bursting(self) -> bool:
        """Whether some of the first round trips are still to come."""
        return self._burst_left > 0

    def is_due(self, now: int, riding: bool) -> bool:
        """Whether to ping now; `riding`: another message is sent anyway."""
        return now >= self.next_at or (riding and 2 * (now - self._pinged_at) >= self._interval)

    def ping(self, now: int) -> None:
        """A ping is sent."""
        # After a pause of this process a pong may wait unread, so silence counts from this ping on.
        if self._asked_at == NEVER or self._has_stalled(now):
            self._asked_at = now
        self._pinged_at, self.next_at = now, now + self._interval

    def answer(self, now: int) -> None:
        """A pong came."""
        self._heard_at, self._asked_at = now, NEVER
        self._burst_left = max(0, self._burst_left - 1)
        if self.is_bursting:
            self.next_at = now

    @property
    def silence_deadline(self) -> int:
        """When the master counts as silent."""
        # Both must have passed: 0.3 of the lease since the last pong, and two intervals since the first ping after it,
        # so that this ping had time to be answered. 0.7 of the lease is left to dial again before users are cut.
        return max(self._heard_at + 3 * self._lease // 10, self._asked_at + 2 * self._interval)

    def is_silent(self, now: int) -> bool:
        """Whether the master has been silent for too long."""
        return now >= self.silence_deadline and not self._has_stalled(now)

    def _has_stalled(self, now: int) -> bool:
        """Whether this process itself was paused: then the silence is not the master's."""
        return now - self._pinged_at > 2 * self._interval


class OffsetEstimate:
    """The offset between the agent's clock and run time: of the last 64 round trips, the one with the least delay.

    A ping leaves at `sent` and its pong arrives at `received` on the agent's clock; the master read run time `now` in
    between. So run time − agent clock lies in [now − received, now − sent], for any times of the two directions, and
    the midpoint is wrong by at most half the delay. Queues only add delay, so the round trip with the
    least delay says most, where a mean would include every delay (D. Mills, RFC 5905, section 10,
    the clock filter).

    Why only of the last 64: clocks drift against each other, some 50 ppm, which is 3 ms in a minute. A very good round
    trip of an hour ago would still win, and be wrong by more than any new one. 64 pings, one per
    second, cover about a minute: the drift in it is below the delays that are compared.

    Two round trips whose ranges do not meet contradict each other: no one offset fits both, so a clock has been set or
    has jumped, and the estimate starts again from the later one.
    """

    def __init__(self) -> None:
        self.value: int | None = None
        """Run time − agent clock, ns; None before the first round trip."""
        self._ranges: deque[tuple[int, int]] = deque(maxlen=MAX_ROUND_TRIPS)
        self._best = (-NEVER, NEVER)

    def observe(self, sent: int, received: int, now: int) -> bool:
        """Add a round trip; True when it contradicts the estimate, which then starts again from it."""
        low, high = now - received, now - sent
        contradicts = low > self._best[1] or high < self._best[0]
        if contradicts:
            self._ranges.clear()
        self._ranges.append((low, high))
        self._best = min(self._ranges, key=lambda bounds: bounds[1] - bounds[0])
        self.value = sum(self._best) // 2
        return contradicts


class OffsetInUse:
    """The offset that the agent works with; it follows the estimate in steps (`OFFSET_SLACK_NS`)."""

    def __init__(self) -> None:
        self.value: int | None = None
        """Run time − agent clock, ns; None before the first round trips."""
        self._estimate = OffsetEstimate()

    def follow(self, sent: int, received: int, now: int, *, bursting: bool) -> int | None:
        """Add a round trip, as in `OffsetEstimate`; the offset to use from here on, or None if it stays.

        The first offset waits until the first round trips are in (`bursting`: some are still to come).
        """
        starts_again = self._estimate.observe(sent, received, now)
        estimate = self._estimate.value
        assert estimate is not None, "a round trip was added"
        stays = bursting if self.value is None else not starts_again and abs(estimate - self.value) <= OFFSET_SLACK_NS
        if stays:
            return None
        self.value = estimate
        return estimate
