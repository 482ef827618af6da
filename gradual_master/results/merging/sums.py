"""Sums of what was measured, by place: everything of a run but its histograms is one row of integers.

A *place* is where samples are counted: a level's number, a phase's number, or `OUTSIDE` of them. The aggregate keeps
sums of each open interval by level, of the run by phase, and of all levels. A batch, and a closed interval, is a
`Contribution`: the one thing that is ever added to any of them.

Why one row of integers per place (`Shape` says where in it each number stands), and not an array for every kind of
number: a batch names its cells and counters in any order, so its layout works out once at which position of the row
each of its numbers belongs, and from then on a batch is added with a single indexed addition. Adding a contribution to
sums is one vector addition per place, growing and freezing copy one array. Readers of the sums get views of the row
in the dimensions that they need.

Everything is an integer, so that the order in which contributions come does not matter, to the bit. A histogram belongs
to (place, step, kind, measure), numbered as one `code`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod

import numpy as np

from gradual_common.histogram.buckets import Int64
from gradual_common.histogram.histogram import Histogram
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import COUNTERS, MEASURES
from gradual_common.protocol.messages import DRAIN_LEVEL
from gradual_master.results.merging.histograms import GrowingHistograms, SparseHistograms

OUTSIDE = DRAIN_LEVEL
"""The place of what ended in no level (the drain), or in no phase (the drain, a pause between phases)."""

BEGIN, END = range(2)
NO_BEGIN = int(np.iinfo(np.int64).max)
USER_STATES = 4
ITERATION_COUNTS = 2


class Shape:
    """The series of a plan (its steps, then the iterations of its groups), and where their numbers stand."""

    def __init__(self, index: SeriesIndex) -> None:
        self.failures = index.failures
        """How its samples can fail."""
        self.steps = len(index.steps)
        self.groups = len(index.groups)
        self.series = self.steps + self.groups
        self.kinds = len(index.failures)
        """Outcomes of a sample, success among them."""
        self.counters = self.series * self.kinds
        """Where in a row of sums the counters begin; before them stand the requests."""
        self.users = self.counters + self.steps * len(COUNTERS)
        """Where the users' times begin."""
        self.iterations = self.users + self.groups * USER_STATES
        """Where the iterations begin; behind them stands the unattended time."""
        self.width = self.iterations + self.groups * ITERATION_COUNTS + 1
        """The length of a row of sums."""
        self.codes = self.series * self.kinds * len(MEASURES)
        """The histograms that one place may have."""

    def code(self, place: int, step: int, kind: int, measure: int) -> int:
        """The number of one histogram."""
        return (((place - OUTSIDE) * self.series + step) * self.kinds + kind) * len(MEASURES) + measure


class Sums:
    """Sums as views of `values`, int64 (…, `Shape.width`): each has the leading dimensions of `values`."""

    __slots__ = ("shape", "values")

    def __init__(self, shape: Shape, values: Int64) -> None:
        self.shape = shape
        self.values = values

    @property
    def requests(self) -> Int64:
        """Completed samples: (…, series, kinds)."""
        return self._view(0, self.shape.series, self.shape.kinds)

    @property
    def counters(self) -> Int64:
        """(…, steps, COUNTERS)."""
        return self._view(self.shape.counters, self.shape.steps, len(COUNTERS))

    @property
    def users(self) -> Int64:
        """User-nanoseconds active, in a request, thinking, stopping: (…, groups, 4)."""
        return self._view(self.shape.users, self.shape.groups, USER_STATES)

    @property
    def iterations(self) -> Int64:
        """Iterations completed; of those, empty: (…, groups, 2)."""
        return self._view(self.shape.iterations, self.shape.groups, ITERATION_COUNTS)

    @property
    def unattended(self) -> Int64:
        """User-nanoseconds that no agent attended to (`agent_health`): (…,)."""
        return self.values[..., -1]

    def _view(self, begin: int, *dimensions: int) -> Int64:
        part = self.values[..., begin : begin + prod(dimensions)]
        return part.reshape(*self.values.shape[:-1], *dimensions)

    @property
    def total(self) -> Sums:
        """Over all rows."""
        return Sums(self.shape, self.values.sum(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Contribution:
    """What a batch or a closed interval adds."""

    places: tuple[int, ...]
    extents: Int64
    """int64 (places, 2): begin and end in run time, ns."""
    sums: Sums
    """A row for each of `places`."""
    histograms: SparseHistograms
    """By `Shape.code`."""

    def rename(self, place_of: Callable[[int], int]) -> Contribution:
        """The same under other places; several may become one."""
        codes = self.sums.shape.codes
        names = {place: place_of(place) for place in self.places}
        here = (self.histograms.codes // codes + OUTSIDE).tolist()
        shifts = np.array([names[place] - place for place in here], dtype=np.int64)
        renamed = SparseHistograms(self.histograms.codes + shifts * codes, self.histograms.columns)
        return Contribution(tuple(names[place] for place in self.places), self.extents, self.sums, renamed)


class SumsByPlace(Sums):
    """Sums with a row for each place, found by `rows`; `values` has room for more."""

    __slots__ = ("extents", "rows")

    def __init__(self, shape: Shape, capacity: int = 2) -> None:
        super().__init__(shape, np.zeros((capacity, shape.width), dtype=np.int64))
        self.extents: Int64 = np.tile(np.array([NO_BEGIN, 0], dtype=np.int64), (capacity, 1))
        self.rows: dict[int, int] = {}

    def add(self, places: tuple[int, ...], extents: Int64, values: Int64) -> None:
        """Add a row of `values` to each of the places; one may be named several times."""
        for source, place in enumerate(places):
            row = self._row(place)
            self.values[row] += values[source]
            begin, end = extents[source].tolist()
            known_begin, known_end = self.extents[row].tolist()
            self.extents[row] = min(known_begin, begin), max(known_end, end)

    def _row(self, place: int) -> int:
        row = self.rows.setdefault(place, len(self.rows))
        if row == len(self.values):
            larger = SumsByPlace(self.shape, 2 * row)
            larger.values[:row], larger.extents[:row] = self.values, self.extents
            self.values, self.extents = larger.values, larger.extents
        return row

    def rows_of(self, places: Iterable[int]) -> list[int]:
        """The rows of those of these places that have one."""
        return [self.rows[place] for place in places if place in self.rows]

    def over(self, places: Iterable[int]) -> Sums:
        """These places together; of a single one a view."""
        rows = self.rows_of(places)
        return Sums(self.shape, self.values[rows[0]]) if len(rows) == 1 else Sums(self.shape, self.values[rows]).total


class Measurements:
    """Sums and dense histograms, by place."""

    def __init__(self, shape: Shape, capacity: int = 16) -> None:
        self.sums = SumsByPlace(shape)
        self.histograms = GrowingHistograms(capacity)

    def add(self, contribution: Contribution) -> None:
        """Add what was measured."""
        self.sums.add(contribution.places, contribution.extents, contribution.sums.values)
        self.histograms.add(contribution.histograms)

    def freeze(self) -> Contribution:
        """All of it, sparse, as it can be added to other sums."""
        sums, count = self.sums, len(self.sums.rows)
        values = Sums(sums.shape, sums.values[:count].copy())
        return Contribution(tuple(sums.rows), sums.extents[:count].copy(), values, self.histograms.freeze())


class LevelMeasurements:
    """Sums and histograms of every level.

    A ramp may have thousands of levels, of which two are in force at a time. So the histograms of a level are dense
    only while samples end in it, and are set aside sparse with the first contribution that does not mention it; a late
    batch brings them back.
    """

    def __init__(self, shape: Shape) -> None:
        self.sums = SumsByPlace(shape)
        self._open: dict[int, GrowingHistograms] = {}
        self._closed: dict[int, SparseHistograms] = {}

    def add(self, contribution: Contribution) -> None:
        """Add what was measured."""
        self.sums.add(contribution.places, contribution.extents, contribution.sums.values)
        histograms = contribution.histograms
        places = histograms.codes // self.sums.shape.codes + OUTSIDE
        for place in dict.fromkeys(contribution.places):
            self._opened(place).add(histograms.select(places == place))
        for place in self._open.keys() - set(contribution.places):
            self._closed[place] = self._open.pop(place).freeze()

    def _opened(self, place: int) -> GrowingHistograms:
        if place not in self._open:
            self._open[place] = opened = GrowingHistograms()
            if place in self._closed:
                opened.add(self._closed.pop(place))
        return self._open[place]

    def histogram(self, place: int, codes: Iterable[int]) -> Histogram:
        """Histograms of one level together; empty when nothing ended in it."""
        histograms = self._open.get(place) or self._closed.get(place)
        return histograms.total(codes) if histograms is not None else Histogram()
