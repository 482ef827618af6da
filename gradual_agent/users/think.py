"""Think times, compiled: how long a user waits after an action, drawn from its slot's stream. Nanoseconds."""

from __future__ import annotations

from collections.abc import Callable

from gradual_common.randomness import RandomStream
from gradual_common.think_times.think_time import ThinkTime

Draw = Callable[[RandomStream], int]


class Thinking:
    """A compiled think time. `fixed`: the wait when it is always the same (0: none), else None and `draw` gives it.

    A constant wait is told apart because it needs no random stream: a user without one is smaller.
    """

    __slots__ = ("draw", "fixed")

    def __init__(self, fixed: int | None, draw: Draw | None = None) -> None:
        self.fixed = fixed
        self.draw: Draw = draw or (lambda _: fixed or 0)


NO_THINKING = Thinking(0)


def compile_think_time(think: ThinkTime | None) -> Thinking:
    """What a step's think time means; none is no wait."""
    if think is None:
        return NO_THINKING
    if think.fixed is not None:
        return Thinking(think.fixed)
    wait_at = think.compile()
    return Thinking(None, lambda stream: wait_at(stream.unit()))
