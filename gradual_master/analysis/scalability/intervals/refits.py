"""Refits of the law to thousands of resampled data sets at once, by Gauss–Newton steps on its natural parameters.

The parameters are not bounded here: intervals need the whole spread of the estimates, and a bound would cut it. With
X = N/(a + b(N − 1) + cN(N − 1)), three parameters and a dozen levels, a step for all sets is a few matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradual_master.analysis.scalability.fitting import root_weights
from gradual_master.analysis.scalability.law import design
from gradual_master.analysis.scalability.levels import Floats

CONVERGED = 1e-4
"""The largest relative change of a fitted throughput in the last step of a refit that counts."""


@dataclass(frozen=True, slots=True)
class Refits:
    """One fit a row: B sets of n values."""

    theta: Floats
    """(a, b, c); shape (B, 3)."""
    covariance: Floats
    """Of θ, with the variance of the residuals; shape (B, 3, 3)."""
    fitted: Floats
    """Shape (B, n)."""
    leverage: Floats
    """How much each value draws the fit to itself, in [0, 1]; shape (B, n)."""
    good: NDArray[np.bool_]
    """Which fits have converged to positive throughputs; shape (B,)."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Everything at one θ for each set."""

    slowdown: Floats
    slopes: Floats
    residuals: Floats
    normal: Floats


class Refitter:
    """Fits sets of throughputs that were measured at the same concurrencies."""

    def __init__(self, concurrency: Floats, weight: Floats, relative: bool) -> None:
        columns = design(concurrency)
        self._scale = 1.0 / np.abs(columns).max(axis=0)
        self._columns = columns * self._scale
        self._products = (self._columns[:, :, None] * self._columns[:, None, :]).reshape(-1, 9)
        self._concurrency = concurrency
        self._weight = weight
        self._relative = relative

    def fit(self, throughput: Floats, start: Floats, steps: int) -> Refits:
        """`throughput` of shape (B, n), above 0; `start`: θ of shape (3,), with positive throughputs."""
        root = root_weights(throughput, self._weight, self._relative)
        first = start / self._scale
        theta = np.tile(first, (len(throughput), 1))
        good = np.ones(len(throughput), dtype=np.bool_)
        change = np.zeros(len(throughput))
        for _ in range(steps):
            at = self._at(theta, throughput, root)
            normal, has_inverse = _invertible(at.normal)
            good &= has_inverse
            step = np.linalg.solve(normal, ((at.slopes * at.residuals) @ self._columns)[..., None])[..., 0]
            change = np.abs(step @ self._columns.T / at.slowdown).max(axis=1)
            theta = theta + step
            # A set that left the law's domain is out: it stays at the start, so that the others can go on.
            good &= (theta @ self._columns.T > 0.0).all(axis=1)
            theta[~good] = first
        return self._result(theta, throughput, root, good & (change < CONVERGED))

    def _at(self, theta: Floats, throughput: Floats, root: Floats) -> _Step:
        slowdown = theta @ self._columns.T
        fitted = self._concurrency / slowdown
        slopes = -root * fitted / slowdown
        normal = ((slopes * slopes) @ self._products).reshape(-1, 3, 3)
        return _Step(slowdown, slopes, root * (throughput - fitted), normal)

    def _result(self, theta: Floats, throughput: Floats, root: Floats, good: NDArray[np.bool_]) -> Refits:
        at = self._at(theta, throughput, root)
        normal, has_inverse = _invertible(at.normal)
        inverse = np.linalg.inv(normal)
        variance = (at.residuals**2).sum(axis=1) / (len(self._concurrency) - 3)
        spread = np.einsum("ni,bij,nj->bn", self._columns, inverse, self._columns)
        return Refits(
            theta=theta * self._scale,
            covariance=variance[:, None, None] * inverse * np.outer(self._scale, self._scale),
            fitted=self._concurrency / at.slowdown,
            leverage=at.slopes**2 * spread,
            good=good & has_inverse,
        )


def _invertible(normal: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The matrices, (B, 3, 3), with the identity for each that has no inverse; which have one, (B,).

    NumPy raises for all sets if one matrix is singular: so it is where a fit has run off and the slopes vanish.
    """
    has_inverse: NDArray[np.bool_] = np.all(np.isfinite(normal), axis=(1, 2))
    has_inverse[has_inverse] = np.linalg.slogdet(normal[has_inverse])[0] > 0.0
    return np.where(has_inverse[:, None, None], normal, np.eye(3)), has_inverse
