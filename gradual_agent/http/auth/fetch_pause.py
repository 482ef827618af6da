"""How often a token is asked for while it cannot be had: after each failed fetch comes a pause, longer than the last.

Users without think time would else ask a token endpoint that is in trouble at full rate, each request again. A request
that needs the token in the pause fails at once, so that the failures are seen, and no user is held up.
"""

from __future__ import annotations

from typing import Final

from gradual_agent.http.failures import Failure
from gradual_common.clock import NS_PER_MS, NS_PER_S

FIRST_PAUSE: Final = 100 * NS_PER_MS
LONGEST_PAUSE: Final = 5 * NS_PER_S

PAUSED: Final = "; it is not asked for again before a pause of at most 5 s"
"""What the cause of the last failure is followed by."""


class FetchPause:
    """The pause of one token; `now` is in ns."""

    __slots__ = ("_failure", "_length", "_until")

    def __init__(self) -> None:
        self._failure: Failure | None = None
        self._length = self._until = 0

    def begin(self, failure: Failure, now: int) -> None:
        """A fetch has failed: 100 ms after the first failure, twice as long after each further one, at most 5 s."""
        self._length = min(self._length * 2 or FIRST_PAUSE, LONGEST_PAUSE)
        self._until = now + self._length
        self._failure = Failure(failure.kind, failure.detail + PAUSED)

    def end(self) -> None:
        """A fetch gave a token: the next failure is a first one again."""
        self._failure = None
        self._length = self._until = 0

    def failure_at(self, now: int) -> Failure | None:
        """The outcome of a request that needs the token in the pause; None if it may be asked for."""
        return self._failure if now < self._until else None
