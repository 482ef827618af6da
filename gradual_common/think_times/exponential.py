"""Waits without memory, as between independent events."""

from __future__ import annotations

from math import log
from typing import Literal

from gradual_common.think_times.think_time import ThinkTime, Time, WaitAt


class ExponentialTime(ThinkTime):
    """−mean·ln(u)."""

    distribution: Literal["exponential"]
    """Without memory: short waits are frequent, long ones rare."""

    mean: Time
    """The mean of the waits."""

    def wait_at(self) -> WaitAt:
        mean = self.mean
        return lambda u: round(-mean * log(u))
