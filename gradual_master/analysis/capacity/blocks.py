"""Blocks: what was counted in a short piece of a level, and the batches that they are put together to.

Samples within seconds of each other depend on each other: a queue that is long now is long in the next second. Batches
that are long against that dependence are nearly independent (method of batch means). B. W. Schmeiser, "Batch Size
Effects in the Analysis of Simulation Output", Operations Research 30 (3), 1982: there is little to gain from more than
10 to 30 batches, so more data make the batches longer, not more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_BATCHES = 10
MIN_BATCHES = 5
"""With fewer, the variance of a mean is hardly known."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LevelBlock:
    """What ended within a piece of a level; seconds since the schedule's start."""

    started_s: float
    ended_s: float

    sums: tuple[tuple[float, float], ...]
    """Numerator and denominator for each measure, in their order."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.ended_s - self.started_s


def length_of(blocks: Sequence[LevelBlock]) -> float:
    """Seconds, together."""
    return sum(block.seconds for block in blocks)


def batches_of(blocks: Sequence[LevelBlock], number: int) -> tuple[Floats, Floats]:
    """Numerators and denominators of one measure over up to `MAX_BATCHES` runs of neighbouring blocks."""
    pairs = np.array([block.sums[number] for block in blocks], dtype=np.float64).reshape(-1, 2)
    batches = min(len(pairs), MAX_BATCHES)
    edges = [len(pairs) * batch // batches for batch in range(batches)] if batches else []
    sums = np.add.reduceat(pairs, edges, axis=0) if edges else pairs
    return sums[:, 0], sums[:, 1]
