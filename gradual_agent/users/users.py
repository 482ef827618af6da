"""The users of one agent, by slot: started and stopped one at a time, so that no level keeps the loop busy for long.

A thousand users that start at one instant take 0.1 s of a core: sockets are opened, first requests written. Without a
break, every response that arrives in this time would be read that much later, and would count as slow. So the pool's
instructions wait in a queue, and each of them is an entry of the timeline, which gives the loop its turn in between.
The remaining delay is counted: a start that comes more than 50 ms after its time is a late start.

A slot is in the queue at most once:

- A stop that finds the start of its user removes it; the pool gets the end of that user, as of any other.
- A second stop replaces the first, as it may have a shorter deadline.
- A start replaces a stop. The pool starts a slot's next user only after the former one has ended, so this stop is for a
  user that has ended by itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from gradual_agent.coordination.pool import Slot, StartUser, StopUser, UserEnded
from gradual_agent.runtime.timeline import Entry, Timeline
from gradual_agent.users.user import VirtualUser
from gradual_common.clock import NS_PER_MS

LATE_NS = 50 * NS_PER_MS
"""A start counts as late beyond the clock error that the fleet is allowed (docs/design/fleet.md, 4.1)."""


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
        self._queue: OrderedDict[Slot, StartUser | StopUser] = OrderedDict()
        """The pool's instructions, with their instants on the agent's clock."""
        self._next: Entry | None = None
        self._late_starts = 0

    def __len__(self) -> int:
        """The number of users, with the stopping ones."""
        return len(self._users)

    def start(self, slot: Slot, tenure: int, due: int) -> None:
        """Start a user in a free slot."""
        self._enqueue(StartUser(slot, tenure, due))

    def stop(self, slot: Slot, deadline: int, *, hands_over: bool) -> None:
        """Stop a user by `deadline`; with `hands_over` it finishes its iteration first, and is active until then.

        A second call can only shorten the deadline. A slot without a user is ignored.
        """
        waiting = self._queue.get(slot)
        if isinstance(waiting, StartUser):
            del self._queue[slot]
            self._on_end(UserEnded(slot, waiting.tenure, finished=False))
        else:
            self._enqueue(StopUser(slot, deadline, hands_over))

    def cut(self) -> None:
        """End every user at once and start none; `on_end` is not called."""
        self._queue.clear()
        leaving = list(self._users.values())
        self._users.clear()
        for user in leaving:
            user.cut()

    def take_late_starts(self) -> int:
        """How many users started more than 50 ms after their time, since the last call."""
        late, self._late_starts = self._late_starts, 0
        return late

    def note_end(self, ended: UserEnded) -> None:
        """A user has ended; its slot is free before `on_end` is called."""
        del self._users[ended.slot]
        self._on_end(ended)

    def _enqueue(self, instruction: StartUser | StopUser) -> None:
        self._queue[instruction.slot] = instruction
        if self._next is None:
            self._next = self._timeline.at(self._clock(), self._do_next)

    def _do_next(self, _: object) -> None:
        self._next = None
        if not self._queue:
            return
        slot, instruction = self._queue.popitem(last=False)
        user = self._users.get(slot)
        try:
            match instruction:
                case StartUser(_, tenure, due):
                    assert user is None, f"the slot {slot} is taken"
                    self._late_starts += self._clock() - due > LATE_NS
                    self._users[slot] = user = self._make_user(slot, tenure)
                    user.start()
                case StopUser(_, deadline, hands_over) if user is not None:  # Else it has ended by itself.
                    user.stop(deadline, hands_over=hands_over)
        except Exception as error:
            self._on_error(error)
            return
        if self._queue and self._next is None:
            self._next = self._timeline.at(self._clock(), self._do_next)
