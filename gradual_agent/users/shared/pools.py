"""Pools: values that users of one agent pass to each other (`push`, `pop`), in the order of their coming."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any

from gradual_agent.users.shared.places import Waiter
from gradual_common.errors import PoolError

MAX_VALUES = 100_000
"""Of one pool: without a bound, users that only push would fill the memory."""


class Pool:
    """One pool. A user that waits is given the next value at once, so that nobody who comes later takes it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._values: deque[Any] = deque()
        self._waiting: dict[Waiter, None] = {}
        self._given: dict[Waiter, Any] = {}

    def push(self, value: Any, *, first: bool = False) -> None:
        """Put a value in; raises PoolError if the pool is full."""
        if self._waiting:
            user = next(iter(self._waiting))
            del self._waiting[user]
            self._given[user] = value
            user.come()
        elif first:
            self._values.appendleft(value)
        elif len(self._values) >= MAX_VALUES:
            raise PoolError(f"the pool {self._name!r} is full: {MAX_VALUES:,} values")
        else:
            self._values.append(value)

    def pop(self) -> Any:
        """The oldest value; raises PoolError if the pool is empty."""
        if not self._values:
            raise PoolError(f"the pool {self._name!r} is empty")
        return self._values.popleft()

    def __bool__(self) -> bool:
        return bool(self._values)

    def enter(self, user: Waiter) -> None:
        """A user begins to wait."""
        self._waiting[user] = None

    def leave(self, user: Waiter) -> bool:
        """A user goes on; whether a value was given to it."""
        return self._waiting.pop(user, self) is self

    def take_given(self, user: Waiter) -> Any:
        """What was given to a user that waited."""
        return self._given.pop(user)

    def give_back(self, user: Waiter) -> None:
        """A user that was given a value ends without taking it: it is the next one again."""
        if user in self._given:
            self.push(self._given.pop(user), first=True)


class Pools(defaultdict[str, Pool]):
    """The pools of an agent by name."""

    def __missing__(self, name: str) -> Pool:
        return self.setdefault(name, Pool(name))
