"""A deadline that moves with each request, and costs a request that is answered in time no work on timers.

There is one deadline and at most one timer, however many requests are sent. The timer is not moved when a request ends.
When it fires, it compares the clock with the current deadline: either the deadline has passed, or the timer is set
again.

Hot path: a base class with plain attributes, not an object of its own. A request writes `_deadline` and compares it
with `_timer_at`; only a deadline that is earlier than the timer sets it. An object for it would cost each request one
look-up more, and each user some 100 bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from gradual_agent.runtime.timeline import Entry, Timeline
from gradual_common.clock import NEVER


class HasTimeline(Protocol):
    """What a deadline needs of its surroundings."""

    @property
    def timeline(self) -> Timeline:
        """Where timers are set."""

    @property
    def clock(self) -> Callable[[], int]:
        """The agent's clock, ns."""


class MovingDeadline(ABC):
    """Something that waits until a deadline at most. Instants are ns on the agent's clock."""

    __slots__ = ("_context", "_deadline", "_timer", "_timer_at")

    _context: HasTimeline
    _deadline: int
    """The current one, or the last one while nothing waits."""
    _timer_at: int
    """When the timer fires. Whoever sets an earlier deadline calls `_set_timer` with it."""

    def __init__(self, context: HasTimeline) -> None:
        self._context = context
        self._deadline = NEVER
        self._timer: Entry | None = None
        self._timer_at = NEVER

    @property
    @abstractmethod
    def _is_waiting(self) -> bool:
        """Whether something waits for which the deadline holds."""

    @abstractmethod
    def _run_out_of_time(self) -> None:
        """The deadline has passed, and something still waits."""

    def _set_timer(self, when: int) -> None:
        self._clear_timer()
        self._timer_at = when
        self._timer = self._context.timeline.at(when, self._on_timer)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._context.timeline.cancel(self._timer)
        self._timer = None
        self._timer_at = NEVER

    def _on_timer(self, _: object) -> None:
        """End the wait if its deadline has passed; set the timer again if the deadline has moved since."""
        self._timer = None
        self._timer_at = NEVER
        if not self._is_waiting:
            return
        if self._context.clock() < self._deadline:
            self._set_timer(self._deadline)
        else:
            self._run_out_of_time()
