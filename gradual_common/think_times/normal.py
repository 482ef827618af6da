"""Waits around a mean, equally far to both sides."""

from __future__ import annotations

from statistics import NormalDist
from typing import Literal

from gradual_common.think_times.think_time import ThinkTime, Time, WaitAt


class NormalTime(ThinkTime):
    """The normal distribution of `mean` and `stddev`; a wait below 0 becomes 0."""

    distribution: Literal["normal"]
    """Around a mean; a wait below 0 becomes 0."""

    mean: Time
    """The mean of the waits."""

    stddev: Time
    """Their standard deviation."""

    def wait_at(self) -> WaitAt:
        mean = self.mean
        if self.stddev == 0:
            return lambda _: mean
        quantile = NormalDist(mean, self.stddev).inv_cdf
        return lambda u: max(0, round(quantile(u)))
