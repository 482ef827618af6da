"""What a part of a behaviour is, and what it may ask of the user that performs it.

Measured on one busy core, besides the steps and expressions inside (`bench flow`): a pass of a loop takes 0.2 µs, a
branch or a choice by weight 0.4 to 0.9 µs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from gradual_agent.recording.step_record import StepRecord
from gradual_agent.users.behaviour import CompiledStep
from gradual_common.randomness import RandomStream


class Performer(Protocol):
    """The user, or a lane of it, as nodes see it."""

    ordinal: int
    must_end: bool
    """No further step is begun."""
    wait: int
    """The deliberate wait before the next step, ns."""
    slept: int
    """ns in deliberate waits so far; only differences mean something, and only between two waits."""
    first_failure: int
    """The kind of the first failure since a node set it to 0."""

    @property
    def scope(self) -> dict[str, Any]:
        """The variables of this iteration."""

    @property
    def random(self) -> RandomStream:
        """The slot's stream."""

    def now(self) -> int:
        """The agent's clock, ns."""

    def run_steps(self, steps: tuple[CompiledStep, ...]) -> Awaitable[bool]:
        """Perform actions in order; whether the next step may follow."""

    async def rest(self) -> bool:
        """Do the wait that is due; False if the user must end."""

    def fail(self, record: StepRecord, error: Exception) -> bool:
        """Count an expression that failed, as a sample of its step; whether the next step may follow."""

    def goes_on_after(self, on_failure: int, reason: str) -> bool:
        """Act on a failure as the step says; whether the next step may follow."""

    def passes_of(self, node: object) -> int:
        """How often the user has passed a node before; counts one more."""


class Node(ABC):
    """A part of a behaviour."""

    __slots__ = ()

    @abstractmethod
    def run(self, user: Any) -> Awaitable[bool]:
        """Perform it; whether the next part may follow."""

    def bind(self, user: Any) -> tuple[Callable[[Any], Awaitable[bool]], Any]:
        """A function and its argument that perform it, for a user that does so many times."""
        return self.run, user


class Straight(Node):
    """Actions, one after another."""

    __slots__ = ("steps",)

    def __init__(self, steps: tuple[CompiledStep, ...]) -> None:
        self.steps = steps

    def run(self, user: Performer) -> Awaitable[bool]:
        """Perform them."""
        return user.run_steps(self.steps)

    def bind(self, user: Performer) -> tuple[Callable[[Any], Awaitable[bool]], Any]:
        """The user's own method: one call less in each iteration."""
        return user.run_steps, self.steps


class Sequence(Node):
    """Parts in order; may be empty."""

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[Node, ...]) -> None:
        self._parts = parts

    async def run(self, user: Performer) -> bool:
        """Perform them until one of them says that nothing may follow."""
        for part in self._parts:
            if not await part.run(user):
                return False
        return True


async def ended(goes_on: bool) -> bool:
    """A part that has ended already."""
    return goes_on


def in_order(parts: list[Node]) -> Node:
    """The parts as one node."""
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))
