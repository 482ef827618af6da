"""A ramp that multiplies the users after each interval."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from gradual_common.language.model import BareDuration, PositiveCount, read_whole, scalar
from gradual_common.schedule.ramps.ramp import Curve, Ramp, climb, draw_curve, needed

PRECISION_DIGITS = 60
"""Decimal digits of the powers."""

Multiplier = Annotated[
    float, Field(gt=1), BeforeValidator(read_whole), scalar({"type": "number", "exclusiveMinimum": 1})
]


class MultiplicativeRamp(Ramp):
    """min(max, round_half_up(initial·multiplier^k)), k = ⌊t/interval⌋."""

    strategy: Literal["multiplicative"]
    """min(max, initial·multiplier^k)"""

    initial: PositiveCount | None = None
    """Users at the start; default: 1, in a later phase the users at the end of the last one."""

    multiplier: Multiplier
    """The factor after each interval: above 1, fractions are allowed."""

    interval: BareDuration
    """The time between two steps; a bare number is seconds."""

    max_concurrency: PositiveCount | None = None
    """The largest number of users; default: the sum of all groups' concurrency."""

    @classmethod
    def alone(cls) -> Ramp:
        return MultiplicativeAlone(strategy="multiplicative")

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        highest = users if self.max_concurrency is None else self.max_concurrency
        initial = (before or 1) if self.initial is None else self.initial
        with localcontext(prec=PRECISION_DIGITS):
            return climb(self._powers(initial), self.interval, duration, highest)

    def _powers(self, initial: int) -> Iterator[int]:
        # The multiplier is the decimal that the plan's author wrote: 1.1 as a binary float is a little more than 1.1,
        # and a power of it may round to another number of users. Decimals of a fixed precision also give the same curve
        # on every machine, with any C library.
        grown, multiplier = Decimal(initial), Decimal(repr(self.multiplier))
        while True:
            yield int(grown.to_integral_value(ROUND_HALF_UP))
            grown *= multiplier


class MultiplicativeAlone(Ramp):
    """`"multiplicative"` alone: doublings from a 64th of the users over the first half of the phase.

    min(N, i·2^k), i = max(1, ⌈N/64⌉), interval = duration/(2K), K = ⌈log₂(N/i)⌉.
    """

    HEIGHTS: ClassVar[dict[str, int]] = {}
    strategy: Literal["multiplicative"]

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        # The ramp takes the first half of the phase and doubles K times, so an interval is duration/(2K). From a 64th
        # of the users it takes six doublings; with fewer than 64 users it starts at one user and takes fewer.
        length = needed(duration, 'ramp_up: "multiplicative" alone')
        initial = max(1, -(-users // 64))
        doublings = max(0, -(-users // initial) - 1).bit_length()
        steps = [(length * k // max(1, 2 * doublings), min(users, initial << k)) for k in range(doublings + 1)]
        return draw_curve(steps, duration, users)
