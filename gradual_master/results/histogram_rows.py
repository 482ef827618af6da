"""Histograms by number: dense while they are added to, sparse afterwards.

A number (`code`) says whose histogram it is; what it is made of is the affair of `measurements`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gradual_common.batch import HistogramColumns, Int64
from gradual_common.histogram import DenseHistograms, Histogram, histogram_of_row


class HistogramRows:
    """Dense histograms by code, in arrays that double when they are full."""

    def __init__(self, capacity: int = 16) -> None:
        self._dense = DenseHistograms(max(1, capacity))
        self._rows: dict[int, int] = {}

    def add(self, codes: Int64, columns: HistogramColumns) -> None:
        """Add histogram n of `columns` to the one numbered `codes[n]`."""
        known = self._rows
        rows = [known[code] if code in known else self._begin(code) for code in codes.tolist()]
        self._dense.add(columns, np.array(rows, dtype=np.intp))

    def _begin(self, code: int) -> int:
        row = self._rows[code] = len(self._rows)
        if row == len(self._dense.stats):
            self._grow()
        return row

    def _grow(self) -> None:
        former = self._dense
        size = len(former.stats)
        self._dense = DenseHistograms(2 * size)
        self._dense.counts[:size] = former.counts
        self._dense.stats[:size] = former.stats

    def total(self, codes: Iterable[int]) -> Histogram:
        """The histogram of all these numbers together; those without one are empty."""
        total = Histogram()
        for code in codes:
            if code in self._rows:
                total.merge(histogram_of_row(self._dense, self._rows[code]))
        return total

    def freeze(self) -> FrozenRows:
        """The same, sparse."""
        count = len(self._rows)
        rows, buckets = np.nonzero(self._dense.counts[:count])
        columns = HistogramColumns(
            keys=np.zeros((count, 2), dtype=np.int32),
            stats=self._dense.stats[:count].copy(),
            sizes=np.bincount(rows, minlength=count).astype(np.uint16),
            indices=buckets.astype(np.int16),
            counts=self._dense.counts[rows, buckets].astype(np.uint32),
        )
        return FrozenRows(np.fromiter(self._rows, dtype=np.int64, count=count), columns)


@dataclass(frozen=True, slots=True)
class FrozenRows:
    """Sparse histograms by code."""

    codes: Int64
    columns: HistogramColumns

    def thaw(self) -> HistogramRows:
        """The same, dense."""
        rows = HistogramRows(len(self.codes))
        rows.add(self.codes, self.columns)
        return rows

    def total(self, codes: Iterable[int]) -> Histogram:
        """The histogram of all these numbers together; those without one are empty."""
        chosen = self.select(np.isin(self.codes, list(codes)))
        dense = DenseHistograms(1)
        dense.add(chosen.columns, np.zeros(len(chosen.codes), dtype=np.intp))
        return histogram_of_row(dense, 0)

    def select(self, chosen: npt.NDArray[np.bool_]) -> FrozenRows:
        """The histograms n with `chosen[n]`; without copying them when they are neighbours, as they mostly are."""
        numbers = np.flatnonzero(chosen)
        if len(numbers) == 0:
            return self._slice(0, 0)
        first, end = int(numbers[0]), int(numbers[-1]) + 1
        return self._slice(first, end) if end - first == len(numbers) else self._pick(chosen)

    def _slice(self, first: int, end: int) -> FrozenRows:
        columns = self.columns
        begin = int(columns.sizes[:first].sum())
        stop = begin + int(columns.sizes[first:end].sum())
        return FrozenRows(
            self.codes[first:end],
            HistogramColumns(
                keys=columns.keys[first:end],
                stats=columns.stats[first:end],
                sizes=columns.sizes[first:end],
                indices=columns.indices[begin:stop],
                counts=columns.counts[begin:stop],
            ),
        )

    def _pick(self, chosen: npt.NDArray[np.bool_]) -> FrozenRows:
        columns = self.columns
        filled = np.repeat(chosen, columns.sizes)
        return FrozenRows(
            self.codes[chosen],
            HistogramColumns(
                keys=columns.keys[chosen],
                stats=columns.stats[chosen],
                sizes=columns.sizes[chosen],
                indices=columns.indices[filled],
                counts=columns.counts[filled],
            ),
        )
