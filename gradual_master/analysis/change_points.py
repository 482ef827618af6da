"""Where the level of a series of runs changed: E-divisive.

D. S. Matteson and N. A. James, "A nonparametric approach for multiple change point analysis of multivariate data",
JASA 109 (505), 2014, with the exponent α = 1. For two neighbouring stretches X (n values) and Y (m values) of a series,

    Q(X, Y) = mn/(m+n) · ( 2/(mn) ΣΣ |Xᵢ − Yⱼ| − 2/(n(n−1)) Σ_{i<k} |Xᵢ − Xₖ| − 2/(m(m−1)) Σ_{j<k} |Yⱼ − Yₖ| )

is large if their distributions differ. Within a segment Z, the candidate is the τ with the largest
Q(Z₁…Z_τ, Z_{τ+1}…Z_κ) over all τ and κ: a change for a while is found, too, since Y may end before the segment does. Of
all segments the best candidate is tested. If it is significant it becomes a change point, and the search goes on.

The test permutes the values within every segment, and searches again: the p-value is (1 + the number of permutations
with a Q at least as large)/(1 + permutations). MongoDB (D. Daly et al., ICPE 2020) and Apache Otava, formerly Hunter
(M. Fleming et al., ICPE 2023), do the same; Otava has a t-test for the candidate as an alternative. That is quicker and
needs no seed. But it tests the split that was chosen as the best as if it had been chosen before, so that its p-values
are too small by an unknown factor, and it needs normal data. A baseline has tens of runs, not thousands, so here the
permutations cost a few seconds. They end as soon as so many were as good that the candidate cannot be significant any
more. They are drawn by a seeded generator: the same series gives the same answer.

A segment has at least `MIN_SEGMENT` runs: one run that is different is an outlier, not a change.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gradual_master.results.section import Section

Float64 = NDArray[np.float64]

MIN_SEGMENT = 2
"""Runs. Two are the fewest that have a distance within."""

SIGNIFICANCE = 0.01
PERMUTATIONS = 999


@dataclass(frozen=True, slots=True)
class ChangePoint(Section):
    """A change of the level of a series."""

    index: int
    """Of the first run after the change, from 0."""
    p: float
    before: float
    """The mean from the change point before, or the begin, to this one."""
    after: float
    """The mean from this change point to the next, or the end."""
    change_percent: float | None
    """From `before` to `after`; None if `before` is 0."""


@dataclass(frozen=True, slots=True)
class Split:
    """The best place to cut a segment."""

    index: int
    """Of the first value after the cut, in the series."""
    statistic: float


def find_change_points(
    values: Sequence[float], significance: float = SIGNIFICANCE, permutations: int = PERMUTATIONS, seed: int = 0
) -> tuple[ChangePoint, ...]:
    """The change points of a series, one value a run, the oldest first. In the order of the series.

    ValueError: a value that is no finite number, or too few permutations for the significance.
    """
    for place, value in enumerate(values):
        if not math.isfinite(value):
            raise ValueError(f"run {place} has the value {value}; allowed: finite numbers; leave runs without one out")
    if 1 / (1 + permutations) > significance:
        raise ValueError(f"{permutations} permutations cannot reach a p-value of {significance}; use more of them")
    series, random = np.array(values, dtype=np.float64), np.random.default_rng(seed)
    found: dict[int, float] = {}
    while (best := _best_split(series, cuts := sorted(found))) is not None:
        p = _chance(series, cuts, best, permutations, significance=significance, random=random)
        if p > significance:
            break
        found[best.index] = p
    return tuple(_describe(series, found))


def _describe(series: Float64, found: dict[int, float]) -> Iterator[ChangePoint]:
    segments = list(_segments(series, sorted(found)))
    for (first, cut), (_, last) in pairwise(segments):
        before, after = float(series[first:cut].mean()), float(series[cut:last].mean())
        change = None if before == 0 else round(100 * (after - before) / abs(before), 3)
        yield ChangePoint(cut, round(found[cut], 6), before, after, change)


def _segments(series: Float64, cuts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Begin and end of each segment."""
    yield from zip((0, *cuts), (*cuts, len(series)), strict=True)


def _best_split(series: Float64, cuts: Sequence[int]) -> Split | None:
    """The best candidate of all segments; None if none of them differs anywhere, or all are too short."""
    best = Split(0, 0.0)
    for begin, end in _segments(series, cuts):
        if end - begin >= 2 * MIN_SEGMENT:
            found = split_segment(series[begin:end])
            if found.statistic > best.statistic:
                best = Split(begin + found.index, found.statistic)
    return best if best.statistic > 0 else None


def _chance(
    series: Float64,
    cuts: Sequence[int],
    best: Split,
    permutations: int,
    *,
    significance: float,
    random: np.random.Generator,
) -> float:
    """The p-value of a candidate: how often shuffled segments have one that is as good; or 1 for "not significant"."""
    # Equal statistics of equal data may differ by their rounding.
    enough = best.statistic * (1 - 1e-9)
    shuffled, extreme = series.copy(), 0
    for _ in range(permutations):
        for begin, end in _segments(series, cuts):
            random.shuffle(shuffled[begin:end])
        candidate = _best_split(shuffled, cuts)
        extreme += candidate is not None and candidate.statistic >= enough
        if (1 + extreme) / (1 + permutations) > significance:
            return 1.0
    return (1 + extreme) / (1 + permutations)


def split_segment(segment: Float64) -> Split:
    """The τ, as an index, of the largest Q over all τ and κ; float64 (values,) with at least 2 · `MIN_SEGMENT`."""
    statistics = energy_statistics(segment)
    row, column = np.unravel_index(int(np.argmax(statistics)), statistics.shape)
    return Split(int(row), float(statistics[row, column]))


def energy_statistics(segment: Float64) -> Float64:
    """Q by τ (rows) and κ (columns), float64 (values, values + 1); −∞ where X or Y is shorter than `MIN_SEGMENT`."""
    count = len(segment)
    # square[i, j]: the sum of the distances of [0, i) from [0, j).
    square = np.zeros((count + 1, count + 1))
    square[1:, 1:] = np.abs(segment[:, None] - segment[None, :])
    np.cumsum(square, axis=0, out=square)
    np.cumsum(square, axis=1, out=square)
    # The sums of the pairs within X, within Y and of both: half of the square of a stretch.
    within = square.diagonal() / 2
    first, whole = within[:count, None], within[None, :]
    second = first + whole - square[:count]
    of_both, of_first, of_second, invalid = _weights(count)
    found = of_both * whole
    found -= of_first * first
    second *= of_second
    found -= second
    found += invalid
    return found


@lru_cache(maxsize=8)
def _weights(count: int) -> tuple[Float64, Float64, Float64, Float64]:
    """By what Q has the sums of distances within [0, κ), X and Y; and −∞ where there is no Q.

    Q with ΣΣ |Xᵢ − Yⱼ| as the sum within [0, κ) without those within X and Y: 2/κ of the first, less
    2/κ · (1 + m/(n − 1)) of that within X, and 2/κ · (1 + n/(m − 1)) of that within Y.
    """
    tau, kappa = np.arange(count)[:, None], np.arange(count + 1)[None, :]
    valid = (tau >= MIN_SEGMENT) & (kappa - tau >= MIN_SEGMENT)
    n, m = np.where(valid, tau, 2.0), np.where(valid, kappa - tau, 2.0)
    share = np.where(valid, 2 / (n + m), 0.0)
    return share, share * (1 + m / (n - 1)), share * (1 + n / (m - 1)), np.where(valid, 0.0, -np.inf)
