"""Which law the data carry: the corrected information criterion of Akaike, and the weights of the laws.

AICc = n·ln(S/n) + 2k + 2k(k + 1)/(n − k − 1), with S the weighted sum of squares and k the number of parameters, the
variance of the errors among them (C. M. Hurvich and C.-L. Tsai, Biometrika 76, 1989). The last term is undefined for
n ≤ k + 1. The weight of a law is its share of exp(−Δ/2), with Δ its distance from the smallest AICc (K. P. Burnham and
D. R. Anderson, "Model Selection and Multimodel Inference", Springer 2002, 2.9).
"""

from __future__ import annotations

from math import exp, log

from gradual_master.analysis.scalability.fitting import EXACT, FitTarget, LawFit
from gradual_master.analysis.scalability.result import LawName, ScalingModel

PARAMETERS: dict[LawName, int] = {"usl": 4, "amdahl": 3, "linear": 2}
"""With the variance of the errors."""


def aicc(squares: float, values: int, parameters: int, size: float) -> float | None:
    """None for `values` ≤ `parameters` + 1. `size`: the sum of the squared values, to know what is only rounding."""
    spare = values - parameters - 1
    if spare <= 0:
        return None
    mean = max(squares, EXACT * size) / values
    return values * log(mean) + 2 * parameters + 2 * parameters * (parameters + 1) / spare


def compare_laws(fits: dict[LawName, LawFit], target: FitTarget) -> tuple[ScalingModel, ...]:
    """Each law with its AICc and weight, the most likely first; those without an AICc last, with weight None."""
    values = len(target.throughput)
    scores = {name: aicc(fit.squares, values, PARAMETERS[name], target.size) for name, fit in fits.items()}
    known = [score for score in scores.values() if score is not None]
    shares = {name: exp((min(known) - score) / 2) for name, score in scores.items() if score is not None}
    total = sum(shares.values())
    models = [
        ScalingModel(
            name=name,
            gamma=fit.law.gamma * target.scale,
            alpha=fit.law.alpha,
            beta=fit.law.beta,
            aicc=scores[name],
            weight=shares[name] / total if name in shares else None,
        )
        for name, fit in fits.items()
    ]
    return tuple(sorted(models, key=lambda model: (model.aicc is None, model.aicc or 0.0, PARAMETERS[model.name])))
