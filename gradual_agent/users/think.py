"""Think times: how long a user waits after an action, drawn from its slot's stream. Nanoseconds.

============ ====================================================================================================
constant     `mean`
uniform      `low` … `high`
exponential  −mean·ln(1 − u)
normal       `mean`, `stddev`; what would lie below 0 is 0
lognormal    `mean` and `stddev` are those of the times themselves, not of their logarithms:
             σ² = ln(1 + (stddev/mean)²), μ = ln(mean) − σ²/2
============ ====================================================================================================

`max` caps any of them. Each draw takes one word of the stream, so a user's later values do not depend on the
distribution of its former waits.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt
from statistics import NormalDist

from gradual_common.plan.model.think_time import ThinkTime
from gradual_common.randomness import RandomStream

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
    cap = think.max
    if think.distribution == "constant":
        return Thinking(think.mean if cap is None else min(think.mean, cap))
    if think.distribution == "uniform" and think.low == think.high:
        return Thinking(think.low if cap is None else min(think.low, cap))
    draw = _DRAWS[think.distribution](think)
    return Thinking(None, draw if cap is None else _capped(draw, cap))


def _capped(draw: Draw, cap: int) -> Draw:
    return lambda stream: min(draw(stream), cap)


def _uniform(think: ThinkTime) -> Draw:
    low, span = think.low, think.high - think.low
    return lambda stream: low + round(span * stream.unit())


def _exponential(think: ThinkTime) -> Draw:
    mean = think.mean
    return lambda stream: round(-mean * log(stream.unit()))


def _normal(think: ThinkTime) -> Draw:
    if think.stddev == 0:
        return _always(think.mean)
    quantile = NormalDist(think.mean, think.stddev).inv_cdf
    return lambda stream: max(0, round(quantile(stream.unit())))


def _lognormal(think: ThinkTime) -> Draw:
    if think.stddev == 0:
        return _always(think.mean)
    variance = log(1 + (think.stddev / think.mean) ** 2)
    quantile = NormalDist(log(think.mean) - variance / 2, sqrt(variance)).inv_cdf
    return lambda stream: round(exp(quantile(stream.unit())))


def _always(wait: int) -> Draw:
    """Without a deviation there is nothing to draw; the word is taken all the same."""

    def draw(stream: RandomStream) -> int:
        stream.word()
        return wait

    return draw


_DRAWS: dict[str, Callable[[ThinkTime], Draw]] = {
    "uniform": _uniform,
    "exponential": _exponential,
    "normal": _normal,
    "lognormal": _lognormal,
}
