"""Lets users in and out one at a time, so that no level keeps the loop busy for long.

A thousand users that join at one instant take 0.1 s of a core: sockets are opened, first requests written. Done in one
go, every response that came meanwhile would be read that much later, and the system would be charged for it. Here each
one is an entry of the timeline, which gives the loop its turn in between; what remains of the delay is counted where
it belongs, as late starts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from gradual_agent.coordination.pool import Slot
from gradual_agent.runtime.timeline import Entry, Timeline
from gradual_agent.users.runner import Crew, EndCallback
from gradual_common.clock import NS_PER_MS

LATE_NS = 50 * NS_PER_MS
"""A start counts as late beyond the clock error that the fleet is allowed (DESIGN 4.1)."""


@dataclass(frozen=True, slots=True)
class Start:
    """A user is to sit down, as it was since `due`."""

    tenure: int
    due: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A user is to end by `deadline`."""

    deadline: int
    hands_over: bool


class Usher:
    """Users in line before the door, in the order in which they came. Instants on the agent's clock, ns."""

    def __init__(
        self,
        crew: Crew,
        timeline: Timeline,
        clock: Callable[[], int],
        on_end: EndCallback,
        on_error: Callable[[BaseException], None],
    ) -> None:
        self._crew = crew
        self._timeline = timeline
        self._clock = clock
        self._on_end = on_end
        self._on_error = on_error
        self._line: OrderedDict[Slot, Start | Stop] = OrderedDict()
        self._turn: Entry | None = None
        self._late = 0

    def start(self, slot: Slot, tenure: int, due: int) -> None:
        """Have a user sit down in a free seat."""
        self._enqueue(slot, Start(tenure, due))

    def stop(self, slot: Slot, deadline: int, *, hands_over: bool) -> None:
        """Have a user end, or hand over; one that still stands in line has ended by that."""
        waiting = self._line.get(slot)
        if isinstance(waiting, Start):
            del self._line[slot]
            self._on_end(*slot, waiting.tenure, False)
        else:
            self._enqueue(slot, Stop(deadline, hands_over))

    def cut(self) -> None:
        """Nobody is in line any more, and nobody is told."""
        self._line.clear()

    def take_late_starts(self) -> int:
        """How many users sat down more than 50 ms after their time, since this was asked last."""
        late, self._late = self._late, 0
        return late

    def _enqueue(self, slot: Slot, what: Start | Stop) -> None:
        self._line[slot] = what
        if self._turn is None:
            self._turn = self._timeline.at(self._clock(), self._let_one_through)

    def _let_one_through(self, _: object) -> None:
        self._turn = None
        if not self._line:
            return
        slot, what = self._line.popitem(last=False)
        try:
            self._seat(slot, what)
        except Exception as error:
            self._on_error(error)
            return
        if self._line and self._turn is None:
            self._turn = self._timeline.at(self._clock(), self._let_one_through)

    def _seat(self, slot: Slot, what: Start | Stop) -> None:
        match what:
            case Start(tenure, due):
                self._late += self._clock() - due > LATE_NS
                self._crew.start(*slot, tenure)
            case Stop(deadline, hands_over):
                self._crew.stop(*slot, deadline, hands_over=hands_over)
