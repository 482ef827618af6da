"""An effect with its interval and p-value; Welch's, for two sides of several runs.

B. L. Welch, "The generalization of 'Student's' problem when several different population variances are involved",
Biometrika 34, 1947: t = (mean B − mean A)/√(s²_A/n_A + s²_B/n_B), with Welch's and Satterthwaite's degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

CONFIDENCE = 0.95
ROUNDING = 1e-12
"""Scores that differ by less are equal."""


@dataclass(frozen=True, slots=True)
class EffectEstimate:
    """An effect on the scale of the scores, candidate against baseline."""

    effect: float
    low: float
    high: float
    """Ends of the interval: of 95 %, or of what was asked for."""
    p: float
    """Of such an effect if there were none, two-sided."""


def welch(baseline: Float64, candidate: Float64, confidence: float = CONFIDENCE) -> EffectEstimate:
    """The difference of the means; at least 2 scores a side."""
    effect = float(candidate.mean() - baseline.mean())
    variances = baseline.var(ddof=1) / len(baseline), candidate.var(ddof=1) / len(candidate)
    error = math.sqrt(sum(variances))
    if error <= ROUNDING:
        return of_error(effect, 0.0, 1.0, confidence)
    free = sum(variances) ** 2 / (variances[0] ** 2 / (len(baseline) - 1) + variances[1] ** 2 / (len(candidate) - 1))
    return of_error(effect, error, free, confidence)


def of_error(effect: float, error: float, free: float, confidence: float = CONFIDENCE) -> EffectEstimate:
    """By Student's t with `free` degrees of freedom, from the standard error of the effect."""
    if error <= ROUNDING:
        return EffectEstimate(effect, effect, effect, 1.0 if abs(effect) <= ROUNDING else 0.0)
    half = quantile_of_t(free, confidence) * error
    return EffectEstimate(effect, effect - half, effect + half, _two_sided_p(effect / error, free))


def quantile_of_t(free: float, confidence: float = CONFIDENCE) -> float:
    """The factor of a two-sided interval with `free` degrees of freedom."""
    from scipy.special import stdtrit  # noqa: PLC0415 - scipy takes longer to import than most commands to run

    return float(stdtrit(free, (1 + confidence) / 2))


def _two_sided_p(t: float, free: float) -> float:
    from scipy.special import stdtr  # noqa: PLC0415 - as above

    return 2 * float(stdtr(free, -abs(t)))


def runs_needed(room: float, variances: tuple[float, float], least: int, most: int) -> int | None:
    """How many runs a side, from `least` to `most`, would decide, if the effect and the variances of a run's score stay
    as they are: the first number with half an interval below `room`, the effect's distance to the next bound. None:
    more, or no number, since the effect lies between the bounds."""
    if room <= 0:
        return None
    for runs in range(least, most + 1):
        each = variances[0] / runs, variances[1] / runs
        squares = (each[0] ** 2 + each[1] ** 2) / (runs - 1)
        if squares == 0 or quantile_of_t(sum(each) ** 2 / squares) * math.sqrt(sum(each)) < room:
            return runs
    return None


def adjust(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's correction, in the order of `p_values`: the chance of any false alarm among those up to this one.

    With six metrics, one of them seems to differ by chance six times as often. S. Holm, "A simple sequentially
    rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979: the smallest of m p-values is
    multiplied by m, the next by m − 1, and so on; none becomes smaller than one before it.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return tuple(adjusted)
