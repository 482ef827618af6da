"""The deliberate waits of a virtual user: think times, back-off, pauses of Python actions, waits for other users.

A user that waits is suspended, and thinking. The timeline calls `resume` when the wait is over; a stop ends it early.
"""

from __future__ import annotations

from operator import methodcaller
from typing import Any, Protocol

from gradual_agent.runtime.suspension import suspend
from gradual_agent.users.user_state import BACKING_OFF, PAUSING, REQUESTING, RUNNING, THINKING, UserState

RESUME = methodcaller("resume")
"""One for all users: a bound method would take 64 bytes per thinking user."""


class WaitingRoom(Protocol):
    """Where users wait for others (`shared.places`, `shared.pools`)."""

    def enter(self, user: Any) -> None:
        """A user begins to wait."""

    def leave(self, user: Any) -> bool:
        """A user goes on; whether what it waited for has come."""
        ...


class WaitingUser(UserState):
    """The waits of a user."""

    __slots__ = ()

    async def rest(self) -> bool:
        """Do the wait that is due, or give the loop a turn; False if the user must end."""
        if not self.must_end:
            await self._sleep(self._context.clock() + self.wait)
            self.wait = 0
        return not self.must_end

    async def back_off(self, length: int) -> bool:
        """Wait in the middle of a sample; False if the user must end. The user counts as thinking meanwhile."""
        if self.must_end:
            return False
        context = self._context
        self._meter.end_request(context.clock())
        slept = self.slept
        until = context.clock() + length
        self._begin_sleep(until)
        self._doing = BACKING_OFF
        await suspend()
        self._end_sleep(until)
        # The system makes the user wait, so it is a part of the transaction's time.
        self.slept = slept
        self._meter.begin_request(context.clock())
        self._doing = REQUESTING
        return not self.must_end

    async def wait_at(self, place: WaitingRoom, until: int) -> bool | None:
        """Wait for other users at a place; whether it was opened before `until`. None: the user must end."""
        self._begin_sleep(until)
        place.enter(self)
        try:
            await suspend()
        finally:
            is_met = place.leave(self)
        self._end_sleep(until)
        return None if self.must_end else is_met

    def come(self) -> None:
        """Go on from a place. Each user in a turn of its own: thousands may be there."""
        context = self._context
        if self._timer is not None:
            context.timeline.cancel(self._timer)
            self._timer = context.timeline.at(context.clock(), RESUME, self)

    def begin_pause(self) -> bool:
        """The action waits on purpose: its user counts as thinking until `end_pause`. False: a stop allows no wait."""
        now = self._context.clock()
        self._meter.end_request(now)
        self._meter.begin_thinking(now)
        self.slept -= now
        self._doing = PAUSING
        self._has_acted = True
        return not self.must_end

    def end_pause(self) -> None:
        """The action goes on."""
        now = self._context.clock()
        self._meter.end_thinking(now)
        self._meter.begin_request(now)
        self.slept += now
        self._doing = REQUESTING

    def note_wait(self) -> None:
        """The action waited for something that is no message: an iteration with it is not empty."""
        self._has_acted = True

    async def _sleep(self, until: int) -> None:
        """Wait until `until`, or until a stop wakes the user."""
        self._begin_sleep(until)
        await suspend()
        self._end_sleep(until)

    # `run_steps` and `_iterate` call these two themselves: a coroutine more would take 0.3 KB per thinking user.

    def _begin_sleep(self, until: int) -> None:
        context = self._context
        now = context.clock()
        self._meter.begin_thinking(now)
        self.slept -= now
        self._doing = THINKING
        self._has_acted = True
        self._timer = context.timeline.at(until, RESUME, self)

    def _end_sleep(self, until: int) -> None:
        context = self._context
        self._doing = RUNNING
        now = context.clock()
        self._meter.end_thinking(now)
        self.slept += now
        if self._timer is not None:  # A stop clears the timer: then the user was woken early, not late.
            self._timer = None
            context.recorder.start_late(now - until)

    def _wake(self) -> None:
        if self._doing in {THINKING, BACKING_OFF}:
            self._clear_timer()
            self.resume()
        elif self._doing == PAUSING:
            self.client.interrupt()

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._context.timeline.cancel(self._timer)
            self._timer = None
