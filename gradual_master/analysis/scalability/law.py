"""The Universal Scalability Law (N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007, chapters 4 and 5).

    X(N) = γN / (1 + α(N − 1) + βN(N − 1))

γ is the throughput of one user; α the serialised share of the work (contention); β the cost of keeping users consistent
with each other (coherency), paid for each pair. β = 0 is Amdahl's law with the limit γ/α; α = β = 0 is linear. With
β > 0 throughput has a peak at N = √((1 − α)/β), and falls beyond it.

Divided by N and turned over, the law is linear in three natural parameters θ = (a, b, c) = (1, α, β)/γ:

    N / X(N) = a + b(N − 1) + cN(N − 1)

This gives starting values without iteration (Gunther's own method, 5.2.3), and refits by the thousand
(`intervals/refits.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from gradual_master.analysis.scalability.levels import Floats


@dataclass(frozen=True, slots=True)
class Usl:
    """The law with its parameters: γ > 0 (1/s), 0 ≤ α ≤ 1, 0 ≤ β ≤ 1."""

    gamma: float
    alpha: float
    beta: float

    def throughput(self, concurrency: Floats) -> Floats:
        """X(N) in 1/s; the same shape as N."""
        return self.gamma * concurrency / self.slowdown(concurrency)

    def slowdown(self, concurrency: Floats) -> Floats:
        """1 + α(N − 1) + βN(N − 1): how much longer the work takes than without contention; the same shape as N."""
        return 1.0 + self.alpha * (concurrency - 1.0) + self.beta * concurrency * (concurrency - 1.0)

    def scaled(self, factor: float) -> Usl:
        """The law in another unit of throughput."""
        return Usl(self.gamma * factor, self.alpha, self.beta)

    def peak(self) -> float | None:
        """The concurrency with the largest throughput, at least 1; None if β = 0 or α = 1."""
        if self.beta <= 0.0 or self.alpha >= 1.0:
            return None
        return max(1.0, sqrt((1.0 - self.alpha) / self.beta))

    def gain(self, concurrency: float) -> float:
        """d ln X / d ln N: by how many percent throughput grows if users grow by one; 1 is linear, below 0 it falls."""
        users = np.array([concurrency])
        return float((1.0 - self.alpha - self.beta * concurrency**2) / self.slowdown(users)[0])


def design(concurrency: Floats) -> Floats:
    """The columns 1, N − 1 and N(N − 1) of the natural parameters; shape (n, 3)."""
    return np.stack([np.ones_like(concurrency), concurrency - 1.0, concurrency * (concurrency - 1.0)], axis=1)


def natural(law: Usl) -> Floats:
    """θ = (a, b, c); shape (3,)."""
    return np.array([1.0, law.alpha, law.beta]) / law.gamma
