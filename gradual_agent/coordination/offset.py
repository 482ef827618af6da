"""The offset between the agent's clock and run time, estimated from round trips (DESIGN 4.2).

A ping leaves at `sent` and its pong arrives at `received` on the agent's clock; the master read run time `now` in
between. So run time − agent clock lies in [now − received, now − sent], whatever the two directions took, and the
midpoint is wrong by at most half the delay. A delay comes from queues, and those only add: the round trip with the
least delay was hindered least and says most, where a mean would take all delays in (D. Mills, RFC 5905, section 10, the
clock filter).

Why only of the last 64: clocks drift against each other, some 50 ppm, which is 3 ms in a minute. A very good round trip
of an hour ago would still win, and be wrong by more than any new one. 64 pings of a second's distance are about a
minute: what they drift is below the delays that they compare.

Two round trips whose ranges do not meet contradict each other: no one offset fits both, so a clock has been set or has
jumped, and the estimate begins anew with the later one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW = 64


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """`low ≤ run time − agent clock ≤ high`, ns."""

    low: int
    high: int

    @property
    def delay(self) -> int:
        """How long ping and pong were on their way, ns."""
        return self.high - self.low

    @property
    def offset(self) -> int:
        """The midpoint, wrong by at most half the delay."""
        return (self.low + self.high) // 2

    def contradicts(self, other: RoundTrip) -> bool:
        """No offset fits both."""
        return self.low > other.high or other.low > self.high


class OffsetEstimate:
    """The minimum-delay round trip of the last 64."""

    def __init__(self) -> None:
        self._round_trips: deque[RoundTrip] = deque(maxlen=WINDOW)
        self._best: RoundTrip | None = None

    def observe(self, sent: int, received: int, now: int) -> bool:
        """Take in a round trip; whether it contradicted the estimate, which has then begun anew."""
        trip = RoundTrip(now - received, now - sent)
        anew = self._best is not None and trip.contradicts(self._best)
        if anew:
            self._round_trips.clear()
        self._round_trips.append(trip)
        self._best = min(self._round_trips, key=lambda one: one.delay)
        return anew

    @property
    def value(self) -> int | None:
        """Run time − agent clock, ns; None before the first round trip."""
        return None if self._best is None else self._best.offset
