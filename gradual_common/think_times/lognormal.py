"""Waits around a mean with a long tail, as those of people are."""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import NormalDist
from typing import Literal

from pydantic import model_validator

from gradual_common.think_times.think_time import ThinkTime, Time, WaitAt


class LognormalTime(ThinkTime):
    """`mean` and `stddev` are those of the waits themselves, not of their logarithms.

    σ² = ln(1 + (stddev/mean)²), μ = ln(mean) − σ²/2.
    """

    distribution: Literal["lognormal"]
    """Around a mean with a long tail."""

    mean: Time
    """The mean of the waits themselves, not of their logarithms."""

    stddev: Time
    """Their standard deviation."""

    @model_validator(mode="after")
    def _check_mean(self) -> LognormalTime:
        if self.mean == 0:
            raise ValueError("the mean of a lognormal think time is above 0")
        return self

    def wait_at(self) -> WaitAt:
        mean = self.mean
        if self.stddev == 0:
            return lambda _: mean
        variance = log(1 + (self.stddev / mean) ** 2)
        quantile = NormalDist(log(mean) - variance / 2, sqrt(variance)).inv_cdf
        return lambda u: round(exp(quantile(u)))
