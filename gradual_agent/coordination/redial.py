"""When to dial the master again, and when to give it up (DESIGN 4.10, 4.11). Instants on the agent's clock, ns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradual_common.clock import NS_PER_MS, NS_PER_S

MIN_DELAY_NS = 100 * NS_PER_MS
MAX_DELAY_NS = NS_PER_S
NOTICE_EVERY_NS = 10 * NS_PER_S
"""How often it is said that the agent still waits."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long the master has been waited for, and how long it will be; ns."""

    so_far: int
    left: int


class Redial:
    """`jitter()` gives numbers in [0, 1): a fleet does not come back in one instant."""

    def __init__(self, patience: int, jitter: Callable[[], float], now: int) -> None:
        self.patience = patience
        self.next_at = now
        self._jitter = jitter
        self._attempts = 0
        self._alone_since: int | None = now
        self._noticed_at: int | None = None

    @property
    def give_up_at(self) -> int | None:
        """When the patience is over; None while a master is there."""
        return None if self._alone_since is None else self._alone_since + self.patience

    def is_over(self, now: int) -> bool:
        """Whether the master has stayed away too long."""
        return self.give_up_at is not None and now >= self.give_up_at

    def notice(self, now: int) -> Waiting | None:
        """What is to be said of the waiting: when it begins, then every ten seconds; None in between."""
        if self._alone_since is None or (self._noticed_at is not None and now < self._noticed_at + NOTICE_EVERY_NS):
            return None
        self._noticed_at = now
        return Waiting(now - self._alone_since, max(0, self._alone_since + self.patience - now))

    def found(self) -> None:
        """The master has answered."""
        self._noticed_at = None
        self._attempts = 0
        self._alone_since = None

    def lost(self, now: int) -> None:
        """Dial again after 0.1 to 1 s: soon at first, so that a master that is just starting is found at once."""
        spread = min(MAX_DELAY_NS - MIN_DELAY_NS, MIN_DELAY_NS << min(self._attempts, 10))
        self.next_at = now + MIN_DELAY_NS + int(self._jitter() * spread)
        self._attempts += 1
        if self._alone_since is None:
            self._alone_since = now
