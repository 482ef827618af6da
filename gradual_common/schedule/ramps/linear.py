"""A straight line from the first users to the last, changing at most once a second."""

from __future__ import annotations

from typing import ClassVar, Literal

from gradual_common.clock import NS_PER_S
from gradual_common.language.model import BareDuration, Count
from gradual_common.schedule.ramps.curve import MOST_STEPS, Curve, draw_curve, needed, round_half_up
from gradual_common.schedule.ramps.ramp import Ramp


class LinearRamp(Ramp):
    """initial + round_half_up((max − initial)·min(1, t/over)), changing at most once a second."""

    HEIGHTS: ClassVar[dict[str, int]] = {"max_concurrency": 1, "initial": 0}

    strategy: Literal["linear"]
    """From initial to the maximum."""

    initial: Count | None = None
    """Users at the begin; 0 unless said."""

    over: BareDuration | None = None
    """How long it takes; half the phase unless said."""

    max_concurrency: Count | None = None
    """All users unless said."""

    @classmethod
    def alone(cls) -> Ramp:
        return cls(strategy="linear")

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        """Looked at ⌊over/1 s⌋ times in equal distances, so at most once a second, and exactly at `over`."""
        highest = users if self.max_concurrency is None else self.max_concurrency
        initial = before if self.initial is None else self.initial
        over = needed(duration, "`linear` without `over`") // 2 if self.over is None else self.over
        looks = max(1, over // NS_PER_S)
        if looks > MOST_STEPS:
            raise ValueError(f"the ramp has more than {MOST_STEPS:,} steps; give a shorter `over`")
        steps = ((over * n // looks, initial + round_half_up((highest - initial) * n, looks)) for n in range(looks + 1))
        ramping = 0 if initial == highest else over if duration is None else min(over, duration)
        return draw_curve(steps, duration, highest, ramping)
