"""The places where users wait for each other, over the whole fleet (`rendezvous`).

An agent knows only its own users. It reports how many of them wait at each place, and the master counts those of all
agents. When enough wait, the master opens the place: its round goes up by one, and the users that wait at any agent go
on. A report names the round that it is about. So users who went on with the last round are not counted for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from gradual_common.protocol.messages import Waiting


class Waiter(Protocol):
    """A user that waits at a place."""

    def come(self) -> None:
        """Let it go on, in a turn of its own."""


class Place:
    """One place: who waits there in this agent, and how often it was opened."""

    def __init__(self, number: int, note_change: Callable[[], None]) -> None:
        self.number = number
        self.round = 0
        self._note_change = note_change
        self._waiting: dict[Waiter, None] = {}

    def enter(self, user: Waiter) -> None:
        """A user begins to wait."""
        self._waiting[user] = None
        self._note_change()

    def leave(self, user: Waiter) -> bool:
        """A user goes on; whether the place was opened for it."""
        if user not in self._waiting:
            return True
        del self._waiting[user]
        self._note_change()
        return False

    def open(self, round_: int) -> None:
        """The fleet has opened the place for the `round_`-th time: all who wait go on, in the order of their coming."""
        if round_ <= self.round:
            return
        self.round = round_
        waiting, self._waiting = self._waiting, {}
        self._note_change()
        for user in waiting:
            user.come()

    @property
    def report(self) -> Waiting:
        """How many wait for the next round."""
        return Waiting(self.number, self.round, len(self._waiting))


class Places:
    """The places of a plan, in the order of `SeriesIndex.places`; `on_change` is called when another number waits."""

    def __init__(self, count: int, on_change: Callable[[], None] = lambda: None) -> None:
        self._all = tuple(Place(number, on_change) for number in range(count))

    def __getitem__(self, number: int) -> Place:
        return self._all[number]

    def open(self, rounds: Sequence[int]) -> None:
        """How often each place was opened so far."""
        for place, round_ in zip(self._all, rounds, strict=False):
            place.open(round_)

    def reports(self) -> tuple[Waiting, ...]:
        """The state of every place."""
        return tuple(place.report for place in self._all)
