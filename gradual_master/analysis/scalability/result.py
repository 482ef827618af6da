"""What an analysis of scalability found: `analysis.scalability` of the summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gradual_master.results.section import Section

LawName = Literal["usl", "amdahl", "linear"]
Weighting = Literal["relative", "none"]
Peak = Literal["measured", "below", "beyond", "uncertain", "none"]

SUPERLINEAR = "Throughput grows faster than the users at first: no law of scalability describes that."
"""A note."""


@dataclass(frozen=True, slots=True)
class Estimate(Section):
    """A value and its 95 % interval; a limit that the data do not give is None."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ScalingModel(Section):
    """One law, fitted by itself."""

    name: LawName
    gamma: float
    alpha: float
    beta: float
    aicc: float | None
    """None: too few values for this law (n ≤ k + 1)."""
    weight: float | None
    """The law's share of the likelihood, in [0, 1]; of all laws together 1."""


@dataclass(frozen=True, slots=True)
class FittedLevel(Section):
    """One measured value beside the fitted one."""

    users: float
    throughput_rps: float
    fitted_rps: float
    residual_rps: float
    """Measured minus fitted."""


@dataclass(frozen=True, slots=True)
class BandPoint(Section):
    """The fitted curve at one concurrency, and the 95 % interval there (of the curve, not of a new measurement)."""

    users: float
    throughput_rps: float
    low_rps: float | None
    high_rps: float | None


@dataclass(frozen=True, slots=True)
class AsymptoticBounds(Section):
    """X ≤ min(1/Dmax, N/(D + Z)) and N* = (D + Z)/Dmax, with D and Dmax as the data give them (`bounds.py`)."""

    cycle_s: float
    """D + Z: the time of one user for a request and the think time after it, without queueing."""
    demand_s: float | None
    """D; None if neither a response time nor a think time was given."""
    think_s: float | None
    """Z; None if no think time was given."""
    max_throughput_rps: float
    """1/Dmax if `saturated`; else the largest throughput that was measured, and the system can do more."""
    saturated: bool
    """Whether more users brought hardly more throughput at the largest level."""
    n_star: float | None
    """Users from which on requests must queue; None if not `saturated`."""
    assumptions: tuple[str, ...]
    """How D, Z and Dmax were found, as sentences."""


@dataclass(frozen=True, slots=True)
class Scalability(Section):
    """The Universal Scalability Law of a run.

    γ, α, β, the peak, R², the residuals and the band are of the USL, whatever `model` is: intervals of a law that the
    same data have chosen would be too narrow. `model` says whether the data need β, and α, at all.
    """

    reason: str | None
    """Why nothing was fitted, as a sentence; None if something was. Everything from `gamma` on is empty then."""
    weighting: Weighting
    """`relative`: errors in proportion to the throughput; `none`: the same at every level."""
    levels: int
    """Distinct levels."""
    values: int
    """Measured values, repetitions included."""
    users_min: float | None
    users_max: float | None
    gamma: Estimate | None = None
    """Throughput of one user, 1/s."""
    alpha: Estimate | None = None
    """The serialised share of the work, in [0, 1]."""
    beta: Estimate | None = None
    """The cost of consistency for each pair of users, in [0, 1]."""
    n_peak: Estimate | None = None
    """Users at the peak; None if the fitted curve has none. Outside `users_min` to `users_max` it is extrapolated."""
    x_peak: Estimate | None = None
    """Throughput at the peak, 1/s."""
    peak: Peak | None = None
    """`measured`: its interval is within the measured users, and that of β excludes 0. `below`: so does that of β, but
    the interval ends at the smallest level or before it, so that throughput falls from there on. `beyond`: the value is
    above the measured users, so that it is extrapolated. `uncertain`: the value is not above them, but its interval
    crosses their limits. `none`: the curve has no peak, or one above the measured users whose interval has no end."""
    peak_reached: bool | None = None
    """Whether `peak` is `measured`."""
    model: LawName | None = None
    """The law with the smallest AICc."""
    aicc: float | None = None
    """Of `model`."""
    models: tuple[ScalingModel, ...] = ()
    """The most likely first."""
    r_squared: float | None = None
    """1 − Σ(X − fitted)²/Σ(X − mean)², unweighted; None if all throughputs are equal."""
    residuals: tuple[FittedLevel, ...] = ()
    band: tuple[BandPoint, ...] = ()
    """From the smallest to the largest measured concurrency, pointwise."""
    bounds: AsymptoticBounds | None = None
    notes: tuple[str, ...] = ()
    """What a reader must know besides, as sentences."""
