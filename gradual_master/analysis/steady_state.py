"""Where a level becomes steady: MSER-5, and a test for a drift that is left.

K. P. White, "An effective truncation heuristic for bias reduction in simulation output", Simulation 69 (6), 1997;
K. P. White, M. J. Cobb, S. C. Spratt, "A comparison of five steady-state truncation heuristics for simulation",
Winter Simulation Conference 2000. The series of one-second values is cut into batches of 5 s with the means Z₁…Z_k;
seconds after the last full batch are not looked at. The truncation is the d that makes the squared standard error of
the mean of what is left the smallest:

    MSER(d) = Σ_{i>d} (Z_i − mean(Z_{d+1}…Z_k))² / (k − d)²

A d near the end would leave a few batches that are alike by chance, so the last 5 are no candidates (K. Hoad,
S. Robinson, R. Davies, "Automating warm-up length estimation", JORS 61, 2010). A truncation in the second half says
that the level is not steady. Both throughput and mean response time must be steady; the later truncation counts.

MSER-5 is careful: noise without a transient is called not steady once in ten series of 90 to 200 s (once in four, if it
is AR(1) with φ = 0.9), and once in a hundred series of 300 s (once in seven).

MSER-5 alone overlooks a slow drift under noise, because a long mean has a small standard error, wrong as it is. So a
line is fitted to the batches that are left. The level is not steady if this line would move by more than `MAX_DRIFT` of
the mean over the length of the whole level (the truncation cuts a part of a drift away, and must not hide the rest), if
that is no chance: Student's test of the slope at 1 %. Its standard error is widened for the lag-1 autocorrelation r of
the residuals by (1 + r)/(1 − r), and its degrees of freedom are reduced likewise (G. V. Bayley and J. M. Hammersley,
"The 'effective' number of independent observations in an autocorrelated time series", JRSS Supplement 8, 1946).

How long a level would need (`needed_s`): `MIN_SECONDS` if it is shorter; twice the truncation, if that is in the second
half; twice its length, if it drifts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradual_master.results.section import Section

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

BATCH_S = 5
LAST_BATCHES = 5
"""No truncation leaves fewer batches."""

MIN_SECONDS = 50
"""Ten batches: the shortest level whose whole first half can be cut off."""

MAX_EMPTY_SHARE = 0.2
"""Batches without any value; with more of them a series is not judged."""

MAX_DRIFT = 0.05
"""Of the mean, over the length of the level: the smallest change that a comparison looks for."""

MAX_CHANCE = 0.01
"""The p-value below which a drift is no chance."""

SAME = 1e-9
"""Of the largest value: batches that differ by less are equal but for their rounding."""


@dataclass(frozen=True, slots=True)
class SteadySeries(Section):
    """What was found in one series of a level; seconds since the level's start."""

    steady: bool
    from_s: int | None
    """None: not steady."""
    drift: float | None
    """The change over the level's length at the slope of its steady part, as a share of the mean. None: not looked at,
    or the mean is 0."""
    drift_p: float | None
    """The probability of such a slope without a drift, two-sided."""
    needed_s: int | None
    """None: the level is long enough, or its length is not the problem."""
    reason: str
    """Why it is not steady, as a sentence; empty if it is."""


@dataclass(frozen=True, slots=True)
class SteadyPart(Section):
    """The steady part of a level."""

    steady: bool
    from_s: int | None
    """The later of the two truncations, seconds since the level's start. None: not steady."""
    needed_s: int | None
    """The length at which the level could be steady; None: it is, or its length is not the problem."""
    reasons: tuple[str, ...]
    throughput: SteadySeries
    response_time: SteadySeries


def find_steady_part(throughput: Sequence[float | None], response_time: Sequence[float | None]) -> SteadyPart:
    """The steady part of a level, from its values second by second; None where a second has no value.

    `throughput` in 1/s: a second in which nothing was completed has 0, not None. `response_time`: the mean of what was
    completed in the second, in any unit. ValueError: different lengths, or a value that is not finite.
    """
    if len(throughput) != len(response_time):
        raise ValueError(f"throughput has {len(throughput)} seconds, response_time {len(response_time)}")
    found = judge_series("throughput", throughput), judge_series("mean response time", response_time)
    starts = [series.from_s for series in found if series.from_s is not None]
    steady = all(series.steady for series in found)
    return SteadyPart(
        steady=steady,
        from_s=max(starts) if steady else None,
        needed_s=max((series.needed_s for series in found if series.needed_s is not None), default=None),
        reasons=tuple(series.reason for series in found if series.reason),
        throughput=found[0],
        response_time=found[1],
    )


def judge_series(name: str, values: Sequence[float | None]) -> SteadySeries:
    """Where one series of a level becomes steady. `name` is used in the reason."""
    length = len(values)
    if length < MIN_SECONDS:
        reason = f"{length} s are too short to tell where the {name} is steady: {MIN_SECONDS} s are needed"
        return _unsteady(reason, needed_s=MIN_SECONDS)
    means = batch_means(values)
    filled = np.flatnonzero(~np.isnan(means))
    if len(means) - len(filled) > MAX_EMPTY_SHARE * len(means):
        missing = 1 - len(filled) / len(means)
        return _unsteady(f"the {name} has no value in {missing:.0%} of the level: too few to tell where it is steady")
    truncation = int(filled[truncate(means[filled])])
    if truncation > len(means) // 2:
        after = truncation * BATCH_S
        return _unsteady(f"the {name} still changes after {after} s of {length} s", needed_s=2 * after)
    kept = filled[filled >= truncation]
    slope, p = fit_line(kept, means[kept])
    mean = float(means[kept].mean())
    return _judge_drift(name, length, truncation, slope * len(means) / abs(mean) if mean else None, p)


def _judge_drift(name: str, length: int, truncation: int, drift: float | None, p: float) -> SteadySeries:
    if drift is not None and abs(drift) > MAX_DRIFT and p < MAX_CHANCE:
        reason = f"the {name} drifts: {drift:+.0%} in {length} s, at the slope from {truncation * BATCH_S} s on"
        return _unsteady(reason, needed_s=2 * length, drift=drift, p=p)
    return SteadySeries(True, truncation * BATCH_S, _rounded(drift), _rounded(p), None, "")


def _unsteady(
    reason: str, needed_s: int | None = None, drift: float | None = None, p: float | None = None
) -> SteadySeries:
    return SteadySeries(False, None, _rounded(drift), _rounded(p), needed_s, reason)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def batch_means(values: Sequence[float | None]) -> Float64:
    """The means of full batches of 5 s, float64 (seconds // 5,), over the seconds with a value; NaN without any."""
    finite = [value is None or math.isfinite(value) for value in values]
    if not all(finite):
        second = finite.index(False)
        raise ValueError(f"second {second} is {values[second]}; allowed: a finite number, or None for a missing second")
    seconds = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    rows = seconds[: len(seconds) // BATCH_S * BATCH_S].reshape(-1, BATCH_S)
    present = (~np.isnan(rows)).sum(axis=1)
    return np.where(present > 0, np.nansum(rows, axis=1) / np.maximum(present, 1), math.nan)


def truncate(batches: Float64) -> int:
    """The number of batches to leave out at the begin by MSER; `batches` has no NaN and at least one entry."""
    candidates = max(1, len(batches) - LAST_BATCHES)
    noise = (SAME * float(np.abs(batches).max())) ** 2
    variances = [float(batches[start:].var()) for start in range(candidates)]
    # A constant rest has a variance of 0 but for rounding; without this, rounding would choose the truncation.
    errors = [0.0 if var <= noise else var / (len(batches) - start) for start, var in enumerate(variances)]
    return int(np.argmin(errors))


def fit_line(places: Int64, values: Float64) -> tuple[float, float]:
    """The slope of the least-squares line per place, and its p-value with regard to autocorrelation."""
    x = places - places.mean()
    spread = float(x @ x)
    slope = float(x @ values) / spread
    residuals = values - values.mean() - slope * x
    squares = float(residuals @ residuals)
    rounding = SAME * float(np.abs(values).max())
    if squares <= len(values) * rounding**2:
        return slope, float(abs(slope) * len(values) <= rounding)
    free = len(values) * _independent_share(residuals, squares) - 2
    return slope, two_sided_p(abs(slope) * math.sqrt(free * spread / squares), free) if free > 1 else 1.0


def _independent_share(residuals: Float64, squares: float) -> float:
    """How many independent residuals one of them is worth, at most 1."""
    lag = float(residuals[1:] @ residuals[:-1]) / squares
    # An estimate from n residuals of a fitted line is too low by about (1 + 4 r)/n: F. H. C. Marriott and J. A. Pope,
    # "Bias in the estimation of autocorrelations", Biometrika 41, 1954.
    lag = min(max(lag + (1 + 4 * max(lag, 0)) / len(residuals), 0.0), 0.95)
    return (1 - lag) / (1 + lag)


def two_sided_p(t: float, free: float) -> float:
    """The probability that Student's t with `free` degrees of freedom is further from 0 than `t` ≥ 0."""
    from scipy.special import stdtr  # noqa: PLC0415 - scipy takes longer to import than most commands to run

    return 2 * float(stdtr(free, -t))
