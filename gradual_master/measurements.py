"""What was measured, by place, in arrays that grow; the sums behind every figure of a run.

A *place* is where samples are counted: a level's number, a phase's number, or `OUTSIDE` of them. The aggregate keeps
sums of each open interval by level, of the run by phase, and of all levels. A batch, and a closed interval, is a
`Contribution`: the one thing that is ever added to any of them. Everything is an integer, so that the order in which
contributions come does not matter.

A histogram belongs to (place, step, kind, measure), numbered as one `code`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gradual_common.batch import COUNTERS, KINDS, MEASURES, HistogramColumns, Int64
from gradual_common.histogram import DenseHistograms, Histogram, histogram_of_row
from gradual_common.messages import DRAIN_LEVEL
from gradual_common.series import SeriesIndex

OUTSIDE = DRAIN_LEVEL
"""The place of what ended in no level (the drain), or in no phase (the drain, a pause between phases)."""

BEGIN, END = range(2)
NO_BEGIN = int(np.iinfo(np.int64).max)
USER_STATES = 4
ITERATION_COUNTS = 2


@dataclass(frozen=True, slots=True)
class Shape:
    """How many series a plan has: its steps, then the iterations of its groups."""

    steps: int
    groups: int

    @classmethod
    def of(cls, index: SeriesIndex) -> Shape:
        """The shape of a plan's series."""
        return cls(len(index.steps), len(index.groups))

    @property
    def series(self) -> int:
        """Steps and iterations together."""
        return self.steps + self.groups

    @property
    def codes(self) -> int:
        """The histograms that one place may have."""
        return self.series * len(KINDS) * len(MEASURES)

    def code(self, place: int, step: int, kind: int, measure: int) -> int:
        """The number of one histogram."""
        return (((place - OUTSIDE) * self.series + step) * len(KINDS) + kind) * len(MEASURES) + measure

    def place_of(self, code: int) -> int:
        """The place whose histogram has this number."""
        return code // self.codes + OUTSIDE


@dataclass(frozen=True, slots=True)
class Contribution:
    """Figures to be added, by place. `extents` int64 (places, 2): begin and end in run time, ns.

    `requests` (places, series, kinds), `counters` (places, steps, COUNTERS), `users` (places, groups, 4), `iterations`
    (places, groups, 2); histogram n of `columns` has the number `codes[n]`, its own keys mean nothing here.
    """

    places: tuple[int, ...]
    extents: Int64
    requests: Int64
    counters: Int64
    users: Int64
    iterations: Int64
    codes: Int64
    columns: HistogramColumns

    def rename(self, shape: Shape, place_of: Callable[[int], int]) -> Contribution:
        """The same under other places; several may become one."""
        here = self.codes // shape.codes
        names = {place: place_of(place) for place in self.places}
        shifts = np.array([names[place + OUTSIDE] - (place + OUTSIDE) for place in here.tolist()], dtype=np.int64)
        return Contribution(
            tuple(names[place] for place in self.places),
            self.extents,
            self.requests,
            self.counters,
            self.users,
            self.iterations,
            self.codes + shifts * shape.codes,
            self.columns,
        )


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


class Figures:
    """Everything but histograms, by place; the arrays have room for more places than there are.

    The shapes are those of `Contribution`, with one row per place, found by `row`.
    """

    def __init__(self, shape: Shape, capacity: int = 2) -> None:
        self.rows: dict[int, int] = {}
        self.extents: Int64 = np.tile(np.array([NO_BEGIN, 0], dtype=np.int64), (capacity, 1))
        self.requests: Int64 = np.zeros((capacity, shape.series, len(KINDS)), dtype=np.int64)
        self.counters: Int64 = np.zeros((capacity, shape.steps, len(COUNTERS)), dtype=np.int64)
        self.users: Int64 = np.zeros((capacity, shape.groups, USER_STATES), dtype=np.int64)
        self.iterations: Int64 = np.zeros((capacity, shape.groups, ITERATION_COUNTS), dtype=np.int64)
        self._shape = shape

    @property
    def places(self) -> tuple[int, ...]:
        """The places that have figures, in the order in which they came."""
        return tuple(self.rows)

    def add(self, contribution: Contribution) -> None:
        """Add what was measured."""
        for source, place in enumerate(contribution.places):
            row = self.row(place)
            self.requests[row] += contribution.requests[source]
            self.counters[row] += contribution.counters[source]
            self.users[row] += contribution.users[source]
            self.iterations[row] += contribution.iterations[source]
            begin, end = contribution.extents[source]
            self.extents[row, BEGIN] = min(self.extents[row, BEGIN], begin)
            self.extents[row, END] = max(self.extents[row, END], end)

    def row(self, place: int) -> int:
        """The row of a place, a new one if need be."""
        row = self.rows.setdefault(place, len(self.rows))
        if row == len(self.requests):
            self._grow()
        return row

    def _grow(self) -> None:
        larger = Figures(self._shape, 2 * len(self.requests))
        for name in ("extents", "requests", "counters", "users", "iterations"):
            array = getattr(self, name)
            getattr(larger, name)[: len(array)] = array
            setattr(self, name, getattr(larger, name))


class Measurements:
    """Figures and dense histograms, by place."""

    def __init__(self, shape: Shape, capacity: int = 16) -> None:
        self.figures = Figures(shape)
        self.histograms = HistogramRows(capacity)

    def add(self, contribution: Contribution) -> None:
        """Add what was measured."""
        self.figures.add(contribution)
        self.histograms.add(contribution.codes, contribution.columns)

    def freeze(self) -> Contribution:
        """All of it, sparse, as it can be added elsewhere."""
        figures, count = self.figures, len(self.figures.rows)
        frozen = self.histograms.freeze()
        return Contribution(
            figures.places,
            figures.extents[:count].copy(),
            figures.requests[:count].copy(),
            figures.counters[:count].copy(),
            figures.users[:count].copy(),
            figures.iterations[:count].copy(),
            frozen.codes,
            frozen.columns,
        )


class LevelHistograms:
    """The histograms of every level: dense while samples end in it, sparse afterwards."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._open: dict[int, HistogramRows] = {}
        self._closed: dict[int, FrozenRows] = {}

    def add(self, contribution: Contribution) -> None:
        """Add what was measured, and set aside the levels that it does not mention."""
        frozen = FrozenRows(contribution.codes, contribution.columns)
        places = frozen.codes // self._shape.codes + OUTSIDE
        for place in dict.fromkeys(contribution.places):
            chosen = frozen.select(places == place)
            self._opened(place).add(chosen.codes, chosen.columns)
        for place in self._open.keys() - set(contribution.places):
            self._closed[place] = self._open.pop(place).freeze()

    def _opened(self, place: int) -> HistogramRows:
        if place not in self._open:
            closed = self._closed.pop(place, None)
            self._open[place] = closed.thaw() if closed is not None else HistogramRows()
        return self._open[place]

    def total(self, place: int, codes: Iterable[int]) -> Histogram:
        """Histograms of one level together; empty when nothing ended in it."""
        rows = self._open.get(place) or self._closed.get(place)
        return rows.total(codes) if rows is not None else Histogram()
