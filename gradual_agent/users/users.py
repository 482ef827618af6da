"""The users of one agent, by slot: started and stopped one at a time, so that no level keeps the loop busy for long.

A thousand users that start at one instant take 0.1 s of a core: sockets are opened, first requests written. Without a
break in between, every response that came meanwhile would be read that much later, and the system under test would be
charged for it. So the pool's instructions wait in a queue, and each of them is an entry of
the timeline, which gives the loop its turn in between. What remains of the delay is counted where it belongs: a start
that came more than 50 ms after its time is a late start.

A slot stands in the queue once. A stop that finds the start of its user there takes it out: the user has ended without
having begun, and the pool learns it as of any other. A second stop replaces the first, whose time it may shorten. The
start of a slot's next user comes only after the end of its former one, so a stop that still waits then is for a user
that has ended by itself: the start takes its place.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from gradual_agent.coordination.pool import Slot, UserEnded
from gradual_agent.runtime.timeline import Entry, Timeline
from gradual_agent.users.user import VirtualUser
from gradual_common.clock import NS_PER_MS

LATE_NS = 50 * NS_PER_MS
"""A start counts as late beyond the clock error that the fleet is allowed (docs/design/fleet.md, 4.1)."""


@dataclass(frozen=True, slots=True)
class PendingStart:
    """A user is to start, and was to since `due`."""

    tenure: int
    due: int


@dataclass(frozen=True, slots=True)
class PendingStop:
    """A user is to end by `deadline`."""

    deadline: int
    hands_over: bool


class Users:
    """Users in their slots, and the queue of those to start and to stop. Instants on the agent's clock, ns."""

    def __init__(
        self,
        make_user: Callable[[Slot, int], VirtualUser],
        timeline: Timeline,
        clock: Callable[[], int],
        on_end: Callable[[UserEnded], object],
        on_error: Callable[[Exception], object],
    ) -> None:
        self._make_user = make_user
        self._timeline = timeline
        self._clock = clock
        self._on_end = on_end
        self._on_error = on_error
        self._users: dict[Slot, VirtualUser] = {}
        self._queue: OrderedDict[Slot, PendingStart | PendingStop] = OrderedDict()
        self._next: Entry | None = None
        self._late_starts = 0

    def __len__(self) -> int:
        """How many users there are, stopping ones included."""
        return len(self._users)

    def start(self, slot: Slot, tenure: int, due: int) -> None:
        """Start a user in a free slot."""
        self._enqueue(slot, PendingStart(tenure, due))

    def stop(self, slot: Slot, deadline: int, *, hands_over: bool) -> None:
        """Have a user end by `deadline`; one that `hands_over` finishes its iteration first, and is active until then.

        Told again, the earlier deadline holds. A slot without a user is left alone.
        """
        waiting = self._queue.get(slot)
        if isinstance(waiting, PendingStart):
            del self._queue[slot]
            self._on_end(UserEnded(*slot, waiting.tenure, finished=False))
        else:
            self._enqueue(slot, PendingStop(deadline, hands_over))

    def cut(self) -> None:
        """End every user at once and start none; `on_end` is not called."""
        self._queue.clear()
        leaving = list(self._users.values())
        self._users.clear()
        for user in leaving:
            user.cut()

    def take_late_starts(self) -> int:
        """How many users started more than 50 ms after their time, since this was asked last."""
        late, self._late_starts = self._late_starts, 0
        return late

    def note_end(self, ended: UserEnded) -> None:
        """A user has ended; its slot is free before `on_end` is called."""
        del self._users[ended.group, ended.ordinal]
        self._on_end(ended)

    def _enqueue(self, slot: Slot, what: PendingStart | PendingStop) -> None:
        self._queue[slot] = what
        if self._next is None:
            self._next = self._timeline.at(self._clock(), self._do_next)

    def _do_next(self, _: object) -> None:
        self._next = None
        if not self._queue:
            return
        slot, what = self._queue.popitem(last=False)
        user = self._users.get(slot)
        try:
            match what:
                case PendingStart(tenure, due):
                    assert user is None, f"the slot {slot} is taken"
                    self._late_starts += self._clock() - due > LATE_NS
                    self._users[slot] = user = self._make_user(slot, tenure)
                    user.start()
                case PendingStop(deadline, hands_over) if user is not None:
                    user.stop(deadline, hands_over=hands_over)
        except Exception as error:
            self._on_error(error)
            return
        if self._queue and self._next is None:
            self._next = self._timeline.at(self._clock(), self._do_next)
