"""Values with intervals, and whether the peak was reached.

The intervals come from the unbounded fit, the values from the bounded one. They differ where a parameter is at a limit:
an interval is cut to what the parameter may be, and holds its value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradual_master.analysis.scalability.intervals.bootstrap import Limits
from gradual_master.analysis.scalability.intervals.quantities import (
    ALPHA,
    BETA,
    INVERSE_SQUARE_PEAK,
    LOG_GAMMA,
    LOG_X_PEAK,
)
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import Floats
from gradual_master.analysis.scalability.result import BandPoint, Estimate, Peak


@dataclass(frozen=True, slots=True)
class Estimator:
    """Turns a fitted law and the limits of the bootstrap into values with intervals."""

    law: Usl
    limits: Limits | None
    """None: no interval could be found."""
    scale: float
    """1/s: the unit of throughput in `limits`."""

    def gamma(self) -> Estimate:
        """In 1/s."""
        low, high = self._limits(LOG_GAMMA)
        return around(self.law.gamma, _exp(low, self.scale), _exp(high, self.scale))

    def alpha(self) -> Estimate:
        """In [0, 1]."""
        return _share(self.law.alpha, *self._limits(ALPHA))

    def beta(self) -> Estimate:
        """In [0, 1]."""
        return _share(self.law.beta, *self._limits(BETA))

    def n_peak(self) -> Estimate | None:
        """In users; without an upper limit if there may be no peak at all; None if the fitted law has none."""
        peak = self.law.peak()
        if peak is None:
            return None
        low, high = self._limits(INVERSE_SQUARE_PEAK)
        return around(peak, _users(high), _users(low))

    def x_peak(self) -> Estimate | None:
        """In 1/s; without limits if the peak has no upper limit."""
        peak = self.n_peak()
        if peak is None:
            return None
        value = float(self.law.throughput(np.array([peak.value]))[0])
        if peak.high is None:
            return Estimate(value, None, None)
        low, high = self._limits(LOG_X_PEAK)
        return around(value, _exp(low, self.scale), _exp(high, self.scale))

    def band(self, grid: Floats) -> tuple[BandPoint, ...]:
        """The curve at each point of the grid of the limits."""
        curve = self.law.throughput(grid).tolist()
        if self.limits is None:
            return tuple(BandPoint(n, x, None, None) for n, x in zip(grid.tolist(), curve, strict=True))
        lows, highs = (row.tolist() for row in self.limits.curve)
        return tuple(
            BandPoint(n, estimate.value, estimate.low, estimate.high)
            for n, x, low, high in zip(grid.tolist(), curve, lows, highs, strict=True)
            for estimate in [around(x, _exp(_number(low), self.scale), _exp(_number(high), self.scale))]
        )

    def _limits(self, column: int) -> tuple[float | None, float | None]:
        if self.limits is None:
            return None, None
        low, high = self.limits.parameters[:, column].tolist()
        return _number(low), _number(high)


def around(value: float, low: float | None, high: float | None) -> Estimate:
    """The estimate with an interval that holds its value."""
    return Estimate(value, None if low is None else min(low, value), None if high is None else max(high, value))


def judge_peak(n_peak: Estimate | None, beta: Estimate, smallest: float, largest: float) -> Peak:
    """Whether the peak was measured; `smallest` and `largest`: the users of the outermost levels."""
    if n_peak is None:
        return "none"
    if n_peak.value > largest:
        return "none" if n_peak.high is None else "beyond"
    falls = n_peak.high is not None and n_peak.high <= largest and beta.low is not None and beta.low > 0.0
    if not falls or n_peak.low is None or n_peak.high is None:
        return "uncertain"
    if n_peak.high <= smallest:
        return "below"
    return "measured" if n_peak.low >= smallest else "uncertain"


def _share(value: float, low: float | None, high: float | None) -> Estimate:
    """An interval within [0, 1]."""
    if low is None or high is None:
        return Estimate(value, None, None)
    return around(value, min(1.0, max(0.0, low)), min(1.0, max(0.0, high)))


def _users(inverse_square: float | None) -> float | None:
    """N* of q = 1/N*²; None if q is not above 0."""
    return float(inverse_square**-0.5) if inverse_square is not None and inverse_square > 0.0 else None


def _exp(logarithm: float | None, scale: float) -> float | None:
    return None if logarithm is None else _number(float(np.exp(logarithm)) * scale)


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
