"""The rows of the session's table: what is done at an event, and the state after it (after h11's `_state.py`).

mypy sees that each callable takes the event beside which it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

M = TypeVar("M")
E = TypeVar("E")


class SessionState(Enum):
    """Where the session stands."""

    DISCONNECTED = "disconnected"
    GREETING = "greeting"
    LIVE = "live"
    ENDED = "ended"


def always(*_: object) -> bool:
    """The condition of a reaction without one."""
    return True


@dataclass(frozen=True, slots=True)
class Reaction(Generic[M, E]):
    """What the session M does at an event E, at an instant."""

    act: Callable[[M, E, int], list[Any]]
    """Gives the instructions that follow."""
    to: SessionState
    """The state after it."""
    when: Callable[[M, E, int], bool] = always
    """Of several reactions to one event the first counts whose condition holds; if none does, nothing follows."""


Row: TypeAlias = tuple[type[Any], tuple[Reaction[Any, Any], ...]]


def on(event: type[E], *reactions: Reaction[M, E]) -> Row:
    """A row of a table."""
    return event, reactions
