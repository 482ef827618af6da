"""A straight line from the first number of users to the last; it changes at most once per second."""

from __future__ import annotations

from typing import ClassVar, Literal

from gradual_common.clock import NS_PER_S
from gradual_common.language.model import BareDuration, Count
from gradual_common.schedule.ramps.ramp import MAX_RAMP_STEPS, Curve, Ramp, draw_curve, needed, round_half_up


class LinearRamp(Ramp):
    """initial + round_half_up((max − initial)·min(1, t/over)); it changes at most once per second."""

    HEIGHTS: ClassVar[dict[str, int]] = {"max_concurrency": 1, "initial": 0}

    strategy: Literal["linear"]
    """A straight line from initial to max_concurrency."""

    initial: Count | None = None
    """Users at the start; default: 0, in a later phase the users at the end of the last one."""

    over: BareDuration | None = None
    """How long the line takes; default: half the phase."""

    max_concurrency: Count | None = None
    """The largest number of users; default: the sum of all groups' concurrency."""

    @classmethod
    def alone(cls) -> Ramp:
        return cls(strategy="linear")

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        # The line is sampled ⌊over/1 s⌋ times, at equal distances: one target per second is smooth enough, and
        # each one is a level in the orders of every agent. The last sample is exactly at `over`, when the goal is
        # reached.
        highest = users if self.max_concurrency is None else self.max_concurrency
        initial = before if self.initial is None else self.initial
        over = needed(duration, "`linear` without `over`") // 2 if self.over is None else self.over
        looks = max(1, over // NS_PER_S)
        if looks > MAX_RAMP_STEPS:
            raise ValueError(f"the ramp has more than {MAX_RAMP_STEPS:,} steps; give a shorter `over`")
        steps = ((over * n // looks, initial + round_half_up((highest - initial) * n, looks)) for n in range(looks + 1))
        ramping = 0 if initial == highest else over if duration is None else min(over, duration)
        return draw_curve(steps, duration, highest, ramping)
