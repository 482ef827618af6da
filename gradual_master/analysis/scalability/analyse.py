"""The analysis of scalability: fit, choose, and say how sure it is. Pure: the same levels give the same result."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gradual_master.analysis.scalability.bounds import asymptotic_bounds
from gradual_master.analysis.scalability.choice import compare_laws
from gradual_master.analysis.scalability.estimates import Estimator, judge_peak
from gradual_master.analysis.scalability.fitting import FitTarget, fit_laws, fit_target
from gradual_master.analysis.scalability.intervals.bootstrap import bootstrap
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import LevelArrays, MeasuredLevel, read_levels
from gradual_master.analysis.scalability.result import (
    SUPERLINEAR,
    Estimate,
    FittedLevel,
    LawName,
    Scalability,
    Weighting,
)

MIN_LEVELS = 6
"""Distinct levels: three parameters, and as many values that can contradict them."""

BAND_POINTS = 41
SEED = 20_070_101


def analyse_scalability(levels: Iterable[MeasuredLevel], relative: bool = True, seed: int = SEED) -> Scalability:
    """The Universal Scalability Law of measured levels, with intervals, bounds, and the simpler laws beside it.

    `relative`: whether errors grow with the throughput (the default), or are the same at every level. With fewer than
    six distinct levels nothing is fitted, and `reason` says so. Raises `AnalysisError` for a value that cannot be one.
    """
    arrays = read_levels(levels)
    weighting: Weighting = "relative" if relative else "none"
    if arrays.distinct < MIN_LEVELS:
        return _unfitted(arrays, weighting)
    target = fit_target(arrays, relative)
    fits = fit_laws(target)
    models = compare_laws(fits, target)
    grid = np.linspace(arrays.concurrency[0], arrays.concurrency[-1], BAND_POINTS)
    limits = bootstrap(target, fits["usl"].law, grid, seed)
    law = fits["usl"].law.scaled(target.scale)
    estimator = Estimator(law, limits, target.scale)
    n_peak, beta, model = estimator.n_peak(), estimator.beta(), models[0]
    peak = judge_peak(n_peak, beta, float(arrays.concurrency[0]), float(arrays.concurrency[-1]))
    return Scalability(
        reason=None,
        weighting=weighting,
        levels=arrays.distinct,
        values=arrays.count,
        users_min=float(arrays.concurrency[0]),
        users_max=float(arrays.concurrency[-1]),
        gamma=estimator.gamma(),
        alpha=estimator.alpha(),
        beta=beta,
        n_peak=n_peak,
        x_peak=estimator.x_peak(),
        peak=peak,
        peak_reached=peak == "measured",
        model=model.name,
        aicc=model.aicc,
        models=models,
        r_squared=_r_squared(arrays, law),
        residuals=_residuals(arrays, law),
        band=estimator.band(grid),
        bounds=asymptotic_bounds(arrays, law),
        notes=tuple(_notes(target, law, model.name, beta)),
    )


def _unfitted(arrays: LevelArrays, weighting: Weighting) -> Scalability:
    return Scalability(
        reason=f"{MIN_LEVELS} levels are needed, {arrays.distinct or 'none'} "
        f"{'was' if arrays.distinct <= 1 else 'were'} measured",
        weighting=weighting,
        levels=arrays.distinct,
        values=arrays.count,
        users_min=float(arrays.concurrency[0]) if arrays.count else None,
        users_max=float(arrays.concurrency[-1]) if arrays.count else None,
    )


def _residuals(arrays: LevelArrays, law: Usl) -> tuple[FittedLevel, ...]:
    fitted = law.throughput(arrays.concurrency)
    rows = zip(arrays.concurrency.tolist(), arrays.throughput.tolist(), fitted.tolist(), strict=True)
    return tuple(FittedLevel(users, measured, value, measured - value) for users, measured, value in rows)


def _r_squared(arrays: LevelArrays, law: Usl) -> float | None:
    throughput = arrays.throughput
    total = float(np.sum((throughput - throughput.mean()) ** 2))
    return 1.0 - float(np.sum((throughput - law.throughput(arrays.concurrency)) ** 2)) / total if total else None


def _notes(target: FitTarget, law: Usl, model: LawName, beta: Estimate) -> Iterable[str]:
    if beta.low is None:
        yield "There are no intervals: the levels are too scattered, or do not follow the law."
    elif model != "usl" and beta.low > 0.0:
        yield (
            f"AICc prefers the simpler law ({model}), as it does for few values (here {len(target.throughput)}); "
            "the interval of β excludes 0."
        )
    if law.alpha == 0.0 and _is_superlinear(target):
        yield SUPERLINEAR


def _is_superlinear(target: FitTarget) -> bool:
    """Whether some level has 5 % more throughput per user than the smallest one."""
    per_user = target.throughput / target.concurrency
    return bool(per_user.max() > 1.05 * per_user[0])
