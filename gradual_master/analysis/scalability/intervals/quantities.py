"""What is wanted from natural parameters, with gradients: γ, α, β, the peak and the curve, for many fits at once.

Each quantity is taken on the scale on which its estimate is nearest to normal: ln γ and ln X, which are positive; α and
β as they are; of the peak N* = √((1 − α)/β) its q = 1/N*² = c/(a − b), which passes through 0 where the peak vanishes
into infinity, so that an interval of q that reaches below 0 says that there may be no peak.
"""

from __future__ import annotations

import numpy as np

from gradual_master.analysis.scalability.law import design
from gradual_master.analysis.scalability.levels import Floats

LOG_GAMMA, ALPHA, BETA, INVERSE_SQUARE_PEAK, LOG_X_PEAK = range(5)
"""The columns of `parameters`."""


def parameters(theta: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Values and standard errors (by the delta method), both of shape (B, 5); NaN where a fit has no such value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values, gradients = _parameters(theta)
        variance = np.einsum("bki,bij,bkj->bk", gradients, covariance, gradients)
        return values, np.sqrt(variance)


def _parameters(theta: Floats) -> tuple[Floats, Floats]:
    """Values of shape (B, 5) and gradients by (a, b, c) of shape (B, 5, 3)."""
    a, b, c = theta.T
    none = np.zeros_like(a)
    room = a - b
    ratio = np.sqrt(c / room)
    # Per user, the slowdown at the peak: (a + b(N − 1) + cN(N − 1))/N at N = √((a − b)/c).
    at_peak = 2.0 * np.sqrt(c * room) + b - c
    rows = (
        (-np.log(a), (-1.0 / a, none, none)),
        (b / a, (-b / a**2, 1.0 / a, none)),
        (c / a, (-c / a**2, none, 1.0 / a)),
        (c / room, (-c / room**2, c / room**2, 1.0 / room)),
        (-np.log(at_peak), (-ratio / at_peak, (ratio - 1.0) / at_peak, (1.0 - 1.0 / ratio) / at_peak)),
    )
    values = np.stack([value for value, _ in rows], axis=1)
    return values, np.stack([np.stack(gradient, axis=1) for _, gradient in rows], axis=1)


def curve(theta: Floats, covariance: Floats, concurrency: Floats) -> tuple[Floats, Floats]:
    """ln X and its standard error at each of G concurrencies, both of shape (B, G); NaN where X would be below 0."""
    columns = design(concurrency)
    per_user = theta @ columns.T
    spread = np.einsum("gi,bij,gj->bg", columns, covariance, columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(concurrency) - np.log(per_user), np.sqrt(spread) / per_user
