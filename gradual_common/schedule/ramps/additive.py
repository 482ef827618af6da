"""A ramp that adds the same number of users after each interval."""

from __future__ import annotations

from itertools import count
from typing import ClassVar, Literal

from gradual_common.language.model import BareDuration, Count, PositiveCount
from gradual_common.schedule.ramps.ramp import Curve, Ramp, climb, draw_curve, needed, round_half_up


class AdditiveRamp(Ramp):
    """min(max, initial + increment·k), k = ⌊t/interval⌋."""

    strategy: Literal["additive"]
    """min(max, initial + increment·k)"""

    initial: Count | None = None
    """Users at the start; default: the increment, in a later phase the users at the end of the last one."""

    increment: PositiveCount
    """How many users are added after each interval."""

    interval: BareDuration
    """The time between two steps; a bare number is seconds."""

    max_concurrency: PositiveCount | None = None
    """The largest number of users; default: the sum of all groups' concurrency."""

    @classmethod
    def alone(cls) -> Ramp:
        return AdditiveAlone(strategy="additive")

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        highest = users if self.max_concurrency is None else self.max_concurrency
        initial = (before or self.increment) if self.initial is None else self.initial
        return climb(count(initial, self.increment), self.interval, duration, highest)


class AdditiveAlone(Ramp):
    """`"additive"` alone: ten equal steps over the first half of the phase.

    max(1, round_half_up(N·min(10, k + 1)/10)), interval = duration/20.
    """

    HEIGHTS: ClassVar[dict[str, int]] = {}
    strategy: Literal["additive"]

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        length = needed(duration, 'ramp_up: "additive" alone')
        steps = [(length * k // 20, min(users, max(1, round_half_up(users * (k + 1), 10)))) for k in range(10)]
        return draw_curve(steps, duration, users)
