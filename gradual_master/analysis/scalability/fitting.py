"""Fits of the law and of its special cases to measured levels, by SciPy's bounded least squares.

Minimised is Σ wᵢ·((Xᵢ − X(Nᵢ)) / Xᵢ)²: the errors of a load test grow with the throughput, so that each level counts
by its relative error. Unweighted (`relative=False`) it is Σ wᵢ·(Xᵢ − X(Nᵢ))², which the largest throughputs dominate.

Least squares ends near a limit of a parameter, never on it. So the special cases α = 0 and β = 0 are fitted, too: where
one of them is as good, the parameter is exactly 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradual_master.analysis.scalability.law import Usl, design
from gradual_master.analysis.scalability.levels import Floats, LevelArrays
from gradual_master.analysis.scalability.result import LawName

TOLERANCE = 1e-12
AS_GOOD = 1.0 + 1e-9
"""A special case whose sum of squares is within this factor of the general law's is as good."""

EXACT = 1e-24
"""Squared residuals below this share of the squared values are rounding: the data lie on the law."""


@dataclass(frozen=True, slots=True)
class LawFit:
    """A fitted law and its weighted sum of squared residuals, both in the unit of the target."""

    law: Usl
    squares: float


@dataclass(frozen=True, slots=True)
class FitTarget:
    """What is fitted: all arrays of shape (n,), throughput scaled so that γ is near 1."""

    concurrency: Floats
    throughput: Floats
    weight: Floats
    root_weight: Floats
    """Each residual's factor."""
    relative: bool
    scale: float
    """1/s: the unit of the scaled throughput."""

    @property
    def size(self) -> float:
        """The sum of the squared weighted values."""
        return float(np.sum((self.root_weight * self.throughput) ** 2))


def fit_laws(target: FitTarget) -> dict[LawName, LawFit]:
    """The law within 0 ≤ α, β ≤ 1, Amdahl's law (β = 0), and the linear one (α = β = 0)."""
    linear = fit_linear(target)
    amdahl = _simplest(target, linear, _fit(target, alpha=True))
    usl = _simplest(target, linear, amdahl, _fit(target, beta=True), _fit(target, alpha=True, beta=True))
    return {"usl": usl, "amdahl": amdahl, "linear": linear}


def fit_linear(target: FitTarget) -> LawFit:
    """X = γN, in closed form."""
    line = target.root_weight * target.concurrency
    law = Usl(float(line @ (target.root_weight * target.throughput) / (line @ line)), 0.0, 0.0)
    return LawFit(law, _squares(law, target))


def fit_target(levels: LevelArrays, relative: bool = True) -> FitTarget:
    """The levels as they are fitted."""
    scale = float((levels.throughput / levels.concurrency).max())
    throughput = levels.throughput / scale
    root = root_weights(throughput, levels.weight, relative)
    return FitTarget(levels.concurrency, throughput, levels.weight, root, relative, scale)


def root_weights(throughput: Floats, weight: Floats, relative: bool) -> Floats:
    """The factor of each residual Xᵢ − X(Nᵢ): √wᵢ/Xᵢ, or √wᵢ if the errors are not relative."""
    root: Floats = np.sqrt(weight)
    return root / throughput if relative else root


def _simplest(target: FitTarget, *fits: LawFit) -> LawFit:
    """The first fit, of those in the order of their parameters, that no later one betters."""
    enough = min(fit.squares for fit in fits) * AS_GOOD + EXACT * target.size
    return next(fit for fit in fits if fit.squares <= enough)


def _squares(law: Usl, target: FitTarget) -> float:
    residuals = target.root_weight * (target.throughput - law.throughput(target.concurrency))
    return float(residuals @ residuals)


def _fit(target: FitTarget, alpha: bool = False, beta: bool = False) -> LawFit:
    """The best fit from several starts, with γ and the named parameters free and the others 0."""
    free = np.array([True, alpha, beta])
    fits = [_fit_from(np.array(start), free, target) for start in _starts(target)]
    return min(fits, key=lambda fit: fit.squares)


def _fit_from(start: Floats, free: NDArray[np.bool_], target: FitTarget) -> LawFit:
    """The fit that is reached from (γ, α, β), of which those that are not `free` are 0."""
    from scipy.optimize import least_squares  # noqa: PLC0415 - half a second, only where something is fitted

    def law_of(values: Floats) -> Usl:
        full = np.zeros(3)
        full[free] = values
        return Usl(*full.tolist())

    def residuals(values: Floats) -> Floats:
        return target.root_weight * (law_of(values).throughput(target.concurrency) - target.throughput)

    def slopes(values: Floats) -> Floats:
        return target.root_weight[:, None] * _gradient(law_of(values), target.concurrency)[:, free]

    inside = np.clip(start, (1e-6, 1e-9, 1e-12), (np.inf, 0.9, 0.9))
    limits = (np.array([1e-9, 0.0, 0.0])[free], np.array([np.inf, 1.0, 1.0])[free])
    found = least_squares(
        residuals,
        inside[free],
        jac=slopes,
        bounds=limits,
        x_scale="jac",
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=TOLERANCE,
    )
    law = law_of(found.x)
    return LawFit(law, _squares(law, target))


def _gradient(law: Usl, concurrency: Floats) -> Floats:
    """∂X/∂(γ, α, β); shape (n, 3)."""
    slowdown = law.slowdown(concurrency)
    by_slowdown = -law.gamma * concurrency / slowdown**2
    columns = design(concurrency)
    return np.stack([concurrency / slowdown, by_slowdown * columns[:, 1], by_slowdown * columns[:, 2]], axis=1)


def _starts(target: FitTarget) -> Iterator[tuple[float, float, float]]:
    """(γ, α, β) by the linear form of the law; then one for little and one for much contention."""
    a, b, c = linearised(target.concurrency, target.throughput, target.root_weight).tolist()
    if a > 0.0:
        yield 1.0 / a, b / a, c / a
    largest = float(target.concurrency[-1])
    yield 1.0, 0.1 / largest, 0.1 / largest**2
    yield 1.0, min(0.9, 10.0 / largest), min(0.9, 1.0 / largest**2)


def linearised(concurrency: Floats, throughput: Floats, root_weight: Floats) -> Floats:
    """θ by linear least squares on N/X = a + b(N − 1) + cN(N − 1), weighted as in the fit to first order; (3,)."""
    # An error dX of the throughput is an error of N·dX/X² of N/X.
    factor = root_weight * throughput**2 / concurrency
    columns = design(concurrency)
    scale = np.abs(columns).max(axis=0)
    solution = np.linalg.lstsq(factor[:, None] * columns / scale, factor * concurrency / throughput, rcond=None)[0]
    return np.asarray(solution / scale, dtype=np.float64)
