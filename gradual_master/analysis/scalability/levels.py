"""The measured levels that an analysis gets: checked, and as arrays in the order of their concurrency."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from gradual_master.errors import AnalysisError

Floats = NDArray[np.float64]

SAME_LEVEL = 1.01
"""Measured concurrencies within 1 % of each other are one level, repeated: they are time means, never quite equal."""


@dataclass(frozen=True, slots=True)
class MeasuredLevel:
    """What was measured at one concurrency. A concurrency may be measured several times."""

    concurrency: float
    """Users, as a mean over the time of the level; above 0."""
    throughput: float
    """Successful requests per second; above 0."""
    latency_s: float | None = None
    """The mean response time, above 0; None if it is not known."""
    think_s: float | None = None
    """The mean time between a response and the user's next request, 0 or more; None if it is not known."""
    weight: float = 1.0
    """How much is behind the value, such as the number of completions or the seconds; only ratios count. Above 0."""


@dataclass(frozen=True, slots=True)
class LevelArrays:
    """All levels, the smallest concurrency first; each array has shape (n,)."""

    concurrency: Floats
    throughput: Floats
    weight: Floats
    """Scaled to a mean of 1."""
    levels: tuple[MeasuredLevel, ...]

    @property
    def count(self) -> int:
        """The number of measured values."""
        return len(self.levels)

    @property
    def distinct(self) -> int:
        """The number of levels that differ by more than 1 % from the one below them."""
        count, reference = 0, 0.0
        for users in self.concurrency.tolist():
            if users > reference * SAME_LEVEL:
                count, reference = count + 1, users
        return count


def read_levels(levels: Iterable[MeasuredLevel]) -> LevelArrays:
    """The levels as arrays. Raises `AnalysisError` for a value that is out of its range or no number."""
    ordered = tuple(sorted(_checked(levels), key=lambda level: level.concurrency))
    weight = np.array([level.weight for level in ordered], dtype=np.float64)
    return LevelArrays(
        concurrency=np.array([level.concurrency for level in ordered], dtype=np.float64),
        throughput=np.array([level.throughput for level in ordered], dtype=np.float64),
        weight=weight / weight.mean() if ordered else weight,
        levels=ordered,
    )


def _checked(levels: Iterable[MeasuredLevel]) -> list[MeasuredLevel]:
    found = list(levels)
    for position, level in enumerate(found, 1):
        for problem in _problems(level):
            raise AnalysisError(f"level {position} of {len(found)}: {problem}")
    return found


def _problems(level: MeasuredLevel) -> Iterable[str]:
    """What is wrong with a level, as `name is value, allowed is …`."""
    above_zero = ("concurrency", "throughput", "weight", "latency_s")
    for name in (*above_zero, "think_s"):
        value = getattr(level, name)
        if value is None and name in {"latency_s", "think_s"}:
            continue
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        if not is_number or value < 0 or (value == 0 and name in above_zero):
            allowed = "above 0" if name in above_zero else "of 0 or more"
            yield f"{name} is {value!r}, allowed is a finite number {allowed}; correct it, or leave the level out"
