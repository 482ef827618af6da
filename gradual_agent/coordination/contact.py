"""Contact with the master: when it is dialled and given up, when it is pinged and too long silent, and run time, which
its pongs tell (DESIGN 4.2, 4.3, 4.10, 4.11). Instants on the agent's clock, ns; `NEVER` where there is none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from gradual_common.clock import NEVER, NS_PER_MS, NS_PER_S

MIN_DELAY_NS = 100 * NS_PER_MS
MAX_DELAY_NS = NS_PER_S
NOTICE_EVERY_NS = 10 * NS_PER_S
"""How often it is said that the agent still waits."""

BURST = 5
"""Round trips right after the welcome, one after the other: orders wait for the offset that they give."""

WINDOW = 64
"""Round trips of which the best counts."""


class Redial:
    """`jitter()` gives numbers in [0, 1): a fleet does not come back in one instant."""

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
        """When the patience is over; beyond `NEVER` while a master is there."""
        return self._alone_since + self.patience

    def notice(self, now: int) -> tuple[int, int] | None:
        """What is to be said of the waiting, when it begins and then every ten seconds: how long it has been, and will
        be at most; None in between.
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
        """Dial again after 0.1 to 1 s: soon at first, so that a master that is just starting is found at once."""
        spread = min(MAX_DELAY_NS - MIN_DELAY_NS, MIN_DELAY_NS << min(self._attempts, 10))
        self.next_at = now + MIN_DELAY_NS + int(self._jitter() * spread)
        self._attempts += 1
        self._alone_since = min(self._alone_since, now)


class Pinging:
    """The pings of one stream; `begin` starts anew on the next.

    A ping is due every lease/10; one rides on another message when half of that is over, and the first ones of a stream
    go at once, for the offset. A silence counts from the first ping that was not answered, never from a time in which
    this process itself stood still: then a pong may wait unread, and the next ping is the one that must be answered.
    """

    def __init__(self) -> None:
        self._lease = 0
        self._heard_at = 0
        self._pinged_at = 0
        self._asked_at = NEVER
        """The first ping since the last pong."""
        self._burst_left = 0
        self.next_at = 0
        """When the next ping is due by itself."""

    def begin(self, lease: int, now: int) -> None:
        """The master has welcomed this agent."""
        self._lease, self._burst_left = lease, BURST
        self._heard_at, self._asked_at, self.next_at = now, NEVER, now

    @property
    def _interval(self) -> int:
        return self._lease // 10

    @property
    def is_bursting(self) -> bool:
        """Whether the first round trips are still under way."""
        return self._burst_left > 0

    def is_due(self, now: int, riding: bool) -> bool:
        """Whether to ping now; `riding`: another message goes anyway."""
        return now >= self.next_at or (riding and 2 * (now - self._pinged_at) >= self._interval)

    def ping(self, now: int) -> None:
        """A ping goes out."""
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
        """No pong for 0.3·lease, though the first ping since the last one has had time to be answered."""
        return max(self._heard_at + 3 * self._lease // 10, self._asked_at + 2 * self._interval)

    def is_silent(self, now: int) -> bool:
        """Whether the master has been silent for too long."""
        return now >= self.silence_deadline and not self._has_stalled(now)

    def _has_stalled(self, now: int) -> bool:
        return now - self._pinged_at > 2 * self._interval


class OffsetEstimate:
    """The offset between the agent's clock and run time: of the last 64 round trips, the one with the least delay.

    A ping leaves at `sent` and its pong arrives at `received` on the agent's clock; the master read run time `now` in
    between. So run time − agent clock lies in [now − received, now − sent], whatever the two directions took, and the
    midpoint is wrong by at most half the delay. A delay comes from queues, and those only add: the round trip with the
    least delay was hindered least and says most, where a mean would take all delays in (D. Mills, RFC 5905, section 10,
    the clock filter).

    Why only of the last 64: clocks drift against each other, some 50 ppm, which is 3 ms in a minute. A very good round
    trip of an hour ago would still win, and be wrong by more than any new one. 64 pings of a second's distance are
    about a minute: what they drift is below the delays that they compare.

    Two round trips whose ranges do not meet contradict each other: no one offset fits both, so a clock has been set or
    has jumped, and the estimate begins anew with the later one.
    """

    def __init__(self) -> None:
        self.value: int | None = None
        """Run time − agent clock, ns; None before the first round trip."""
        self._ranges: deque[tuple[int, int]] = deque(maxlen=WINDOW)
        self._best = (-NEVER, NEVER)

    def observe(self, sent: int, received: int, now: int) -> bool:
        """Take in a round trip; whether it contradicted the estimate, which has then begun anew."""
        low, high = now - received, now - sent
        anew = low > self._best[1] or high < self._best[0]
        if anew:
            self._ranges.clear()
        self._ranges.append((low, high))
        self._best = min(self._ranges, key=lambda one: one[1] - one[0])
        self.value = sum(self._best) // 2
        return anew
