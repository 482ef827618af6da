"""What a comparison gets: runs, their levels and the values of these; and which levels can be compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MIN_VARIATION_RUNS = 2
"""Runs of the same system from which on their scores show how much they differ."""

LevelKey = tuple[float, int]
"""The target concurrency, and how many levels of the run with that target came before: a run may go up and down."""


@dataclass(frozen=True, slots=True)
class ComparedLevel:
    """The measured values of one level of one run, by the names of the metrics."""

    target: float
    """Users."""
    values: Mapping[str, float | None]
    blocks: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    """The same metrics over each 10 s of the level, in order; needed with fewer than five runs a side."""
    reason: str = ""
    """Why values are missing, as a part of a sentence; empty: nothing was measured."""
    duration_s: float | None = None
    """None: not known, or not the same in all runs by plan."""


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run."""

    name: str
    levels: tuple[ComparedLevel, ...]

    def by_key(self) -> dict[LevelKey, ComparedLevel]:
        """The levels by target and occurrence, in the order of the run."""
        seen: Counter[float] = Counter()
        keyed = {}
        for level in self.levels:
            keyed[(level.target, seen[level.target])] = level
            seen[level.target] += 1
        return keyed


@dataclass(frozen=True, slots=True)
class AaVariation:
    """How much runs of the same system differ: stored with a baseline, per metric.

    ValueError: a standard deviation that is negative or not finite, or fewer than two runs.
    """

    standard_deviation: float
    """Of one run's score: relative (0.02 is 2 %), or of shares for the error rate."""
    runs: int
    """From how many runs it was found."""

    def __post_init__(self) -> None:
        """Refuse what is no variation."""
        if not (math.isfinite(self.standard_deviation) and self.standard_deviation >= 0):
            raise ValueError(f"standard_deviation is {self.standard_deviation}; allowed: a finite number from 0 on")
        if self.runs < MIN_VARIATION_RUNS:
            raise ValueError(f"runs is {self.runs}; a variation needs at least {MIN_VARIATION_RUNS} runs")


def match_levels(runs: Sequence[ComparedRun]) -> tuple[tuple[LevelKey, ...], tuple[LevelKey, ...]]:
    """The levels that all runs have, and those that only some have; both in the order of the runs."""
    keys = [run.by_key() for run in runs]
    every = dict.fromkeys(key for keyed in keys for key in keyed)
    matched = tuple(key for key in every if all(key in keyed for keyed in keys))
    return matched, tuple(key for key in every if key not in matched)
