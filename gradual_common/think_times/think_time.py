"""The base class of the distributions of think times. Times are nanoseconds.

A wait is a function of one number u, uniform in (0, 1), so that each draw takes one word of the slot's stream: what a
user draws later does not depend on the distribution of its former waits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import WithJsonSchema

from gradual_common.language.model import Model

WaitAt = Callable[[float], int]
"""The wait in ns at u."""

Time = Annotated[int, WithJsonSchema({"type": ["string", "number"], "minimum": 0})]
"""Nanoseconds; in a plan with a unit, or a bare number of seconds."""


class ThinkTime(Model, ABC):
    """The wait after a step."""

    distribution: str
    """How the waits are spread."""

    max: Time | None = None
    """The longest wait; a longer one is cut to it."""

    @classmethod
    def read_short(cls, value: str | float) -> dict[str, Any] | None:
        """The fields, in ns, where the value is this distribution's short form; ValueError for one that is wrong."""
        return None

    @property
    def fixed(self) -> int | None:
        """The wait, where it is always the same: users need no random stream then, and are smaller."""
        return None

    @abstractmethod
    def wait_at(self) -> WaitAt:
        """The wait as a function of u, `max` left out; made once for all draws."""

    def compile(self) -> WaitAt:
        """The wait as a function of u."""
        wait_at, most = self.wait_at(), self.max
        return wait_at if most is None else lambda u: min(wait_at(u), most)
