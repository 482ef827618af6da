"""Confidence bounds of a ratio of sums over batches.

**Variance.** r = ΣA/ΣB over k batches; its variance is that of the residuals A − r·B, k/(k−1)·Σ(A − rB)²/(ΣB)²
(W. G. Cochran, Sampling Techniques, 3rd ed., 1977, chapter 6). Requests are not the unit, batches are, so that requests
that depend on each other do not count as so many independent ones. What dependence is left between neighbouring batches
inflates the variance by (1 + φ)/(1 − φ), φ their lag-1 correlation, as in A. Tafazzoli, N. M. Steiger, J. R. Wilson,
"N-Skart: A Nonsequential Skewness- and Autocorrelation-Adjusted Batch-Means Procedure for Simulation Analysis", IEEE
Transactions on Automatic Control 56 (2), 2011.

**Means and rates**: Student's t with k − 1 degrees of freedom.

**Shares** are close to 0, where t is wrong and a share of 0 would have no uncertainty. So they get the exact bounds of
C. J. Clopper and E. S. Pearson (Biometrika 26, 1934), for as many independent samples as carry the same information,
with the adjustment for the degrees of freedom by E. L. Korn and B. I. Graubard ("Confidence Intervals for Proportions
with Small Expected Number of Positive Counts Estimated from Survey Data", Survey Methodology 24 (2), 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from scipy.special import betaincinv, stdtrit

from gradual_master.analysis.capacity.blocks import MIN_BATCHES, Floats
from gradual_master.analysis.capacity.measure import MeasureKind

MAX_CORRELATION = 0.8
"""Of few batches a correlation is a rough estimate; at this one the standard error is tripled."""


@dataclass(frozen=True, slots=True)
class RatioBounds:
    """A ratio and its two one-sided confidence bounds, in the unit of the measure."""

    value: float
    low: float
    high: float


def bounds_of(kind: MeasureKind, numerators: Floats, denominators: Floats, alpha: float) -> RatioBounds | None:
    """The bounds, each of which is wrong with probability `alpha` (0 … 0.5); None without enough data.

    `numerators`, `denominators`: shape (batches,). There have to be five batches; of a mean, five with samples.
    """
    total = float(denominators.sum())
    enough = int((denominators > 0).sum()) if kind == "mean" else len(denominators)
    if total <= 0 or enough < MIN_BATCHES:
        return None
    value = float(numerators.sum()) / total
    variance = _variance(numerators, denominators, value)
    freedom = len(denominators) - 1
    if kind == "share":
        return _share_bounds(value, total, variance, freedom, alpha)
    margin = float(stdtrit(freedom, 1 - alpha)) * variance**0.5
    return RatioBounds(value, max(0.0, value - margin), value + margin)


def _variance(numerators: Floats, denominators: Floats, value: float) -> float:
    residuals = numerators - value * denominators
    squares = float(residuals @ residuals)
    if squares == 0:
        return 0.0
    batches = len(residuals)
    # The estimate of a correlation from k values is too low by about 1/k.
    correlation = float(residuals[1:] @ residuals[:-1]) / squares + 1 / batches
    correlation = min(max(correlation, 0.0), MAX_CORRELATION)
    inflation = (1 + correlation) / (1 - correlation)
    return inflation * batches / (batches - 1) * squares / float(denominators.sum()) ** 2


def _share_bounds(share: float, samples: float, variance: float, freedom: int, alpha: float) -> RatioBounds:
    if 0 < share < 1:
        independent = share * (1 - share) / variance if variance else inf
        adjustment = (float(stdtrit(samples - 1, 1 - alpha)) / float(stdtrit(freedom, 1 - alpha))) ** 2
        samples = min(samples, independent * adjustment) if samples > 1 else samples
    hits = share * samples
    low = float(betaincinv(hits, samples - hits + 1, alpha)) if share > 0 else 0.0
    high = float(betaincinv(hits + 1, samples - hits, 1 - alpha)) if share < 1 else 1.0
    return RatioBounds(share, low, high)
