"""The lanes of one user: each performs a part of the user's steps at the same time as the others.

A browser loads a page over several connections: the person before it is still one user. So lanes have no slot, no state
of their own in the counts of users, and share rows, cookies and variables; but each has its own connections, its own
sample, and what it sets is seen by the others only after all of them have ended.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from gradual_agent.kinds.kind import Client, Engine
from gradual_agent.users.behaviour import CONTINUE, BehaviourPart
from gradual_agent.users.knowledge import Knowledge
from gradual_agent.users.step_runner import StepRunner
from gradual_agent.users.user_state import RUNNING


class Lane(StepRunner):
    """Performs one part after another."""

    __slots__ = ("_on_end", "_user", "goes_on")

    def __init__(self, user: StepRunner, on_end: Callable[[Lane], None]) -> None:
        super().__init__(user.context, user.behaviour, user.ordinal, user.knowledge)
        self._user = user
        self._on_end = on_end
        self._meter = user.context.recorder.unread_meter
        self.goes_on = True
        """Whether the last part ended without a reason to end more."""

    def begin(self, part: BehaviourPart, knowledge: Knowledge, section: int) -> None:
        """Perform a part, with a memory of its own; returns at its first wait."""
        self.knowledge = knowledge
        self._part = section
        self._doing = RUNNING
        self.must_end = False
        self.ending = CONTINUE
        self.first_failure = self.wait = 0
        self._coroutine = self._perform(part)
        self.resume()

    async def _perform(self, part: BehaviourPart) -> bool:
        goes_on = await part.run(self)
        # Elsewhere a wait is done before the next step; here none follows.
        return goes_on and (not self.wait or await self.rest())

    def resume(self, value: Any = None) -> None:
        """Continue until the next wait, or to the end of the part."""
        try:
            self._coroutine.send(value)
        except StopIteration as finished:
            self.goes_on = finished.value
            self._on_end(self)
        except Exception as error:
            self._record_bug(error)
            self.goes_on = False
            self._on_end(self)

    def _make_client(self, engine: Engine) -> Client:
        """A client beside that of the user: it has the user's cookies, and connections of its own."""
        return self._user.client_of(engine).beside(self)


class LaneSet:
    """The lanes of one user, and the parts that wait for one."""

    def __init__(self, user: StepRunner) -> None:
        self._user = user
        self._free: list[Lane] = []
        self._busy: dict[Lane, None] = {}
        self._waiting: deque[tuple[BehaviourPart, Knowledge]] = deque()
        self._limit = 0
        self._section = 0
        self._is_beginning = False
        self._rounds = 0
        self._outcome = (True, CONTINUE, 0)

    @property
    def are_busy(self) -> bool:
        """Whether any lane is at work."""
        return bool(self._busy)

    @property
    def clients(self) -> Iterable[Client]:
        """All clients of the lanes."""
        return [client for lane in (*self._free, *self._busy) for client in lane.own_clients()]

    def start(self, parts: Iterable[tuple[BehaviourPart, Knowledge]], limit: int, section: int) -> None:
        """Perform parts, at most `limit` at a time; the user is resumed after the last, unless all end at once."""
        self._waiting.extend(parts)
        self._limit = limit
        self._section = section
        self._rounds += 1
        self._outcome = (True, CONTINUE, 0)
        self._begin_next()

    def take_outcome(self) -> tuple[bool, int, int]:
        """Of the parts: whether the next step may follow, what must end, and the first failure."""
        return self._outcome

    def _begin_next(self) -> None:
        """Begin parts while lanes are free. A part may end before it waits, which frees its lane again."""
        self._is_beginning = True
        while self._waiting and len(self._busy) < self._limit:
            lane = self._free.pop() if self._free else Lane(self._user, self._end)
            self._busy[lane] = None
            part, knowledge = self._waiting.popleft()
            lane.begin(part, knowledge, self._section)
        self._is_beginning = False

    def _end(self, lane: Lane) -> None:
        del self._busy[lane]
        self._free.append(lane)
        goes_on, ending, failure = self._outcome
        self._outcome = (goes_on and lane.goes_on, max(ending, lane.ending), failure or lane.first_failure)
        if self._is_beginning:
            return
        self._begin_next()
        if not self._busy:
            self._user.resume()

    def end_soon(self) -> None:
        """Begin nothing more, and end what waits."""
        self._end_each(Lane.end_soon)

    def end_now(self) -> None:
        """End what waits and what is in flight."""
        self._end_each(Lane.end_now)

    def _end_each(self, end: Callable[[Lane], None]) -> None:
        # The end of the last part resumes the user, which may use the lanes again, for the steps of `on_stop`.
        self._waiting.clear()
        present = self._rounds
        for lane in list(self._busy):
            if self._rounds == present and lane in self._busy:
                end(lane)

    def cut(self, now: int) -> None:
        """End all at once, without resuming the user."""
        self._waiting.clear()
        for lane in self._busy:
            lane.end_at_once(now)
        self._free.extend(self._busy)
        self._busy.clear()
