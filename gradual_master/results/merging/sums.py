"""Sums of all measurements but histograms: one row of integers for each scope.

A *scope* is what samples are counted for: a level's number, a phase's number, or `OUTSIDE` of them. The aggregate keeps
sums of each open interval by level, of the run by phase, and of all levels. A batch, and a closed interval, is a
`Contribution`: only contributions are added to sums.

Why one row of integers per scope (`Shape` has the offset of each number in it), and not an array for every kind of
number: a batch names its cells and counters in any order, so its layout works out once at which position of the row
each of its numbers belongs, and from then on a batch is added with a single indexed addition. Adding a contribution to
sums is one vector addition per scope, growing and freezing copy one array. The properties of
`Sums` return views of the row with named dimensions.

Everything is an integer, so the order of contributions does not change a single bit of the result. A histogram belongs
to (scope, step, kind, measure), numbered as one `code`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from gradual_common.histogram.buckets import Int64
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import COUNTERS, MEASURES
from gradual_common.protocol.messages import DRAIN_LEVEL
from gradual_master.results.merging.histograms import GrowingHistograms, SparseHistograms

OUTSIDE = DRAIN_LEVEL
"""The scope of samples that ended outside of levels (in the drain) or phases (in the drain or a pause)."""

BEGIN, END = range(2)
NO_BEGIN = int(np.iinfo(np.int64).max)
USER_STATES = 4
ITERATION_COUNTS = 2


class Shape:
    """The series of a plan (`SeriesIndex`), and where the numbers of each are in a row."""

    def __init__(self, index: SeriesIndex) -> None:
        self.failures = index.failures
        """The failure kinds of the plan."""
        self.steps = len(index.steps)
        self.groups = len(index.groups)
        self.series = self.steps + self.groups + len(index.transactions) + len(index.metrics)
        self.kinds = len(index.failures)
        """Outcomes of a sample, success among them."""
        self.counters = self.series * self.kinds
        """Offset of the counters; before them are the requests."""
        self.users = self.counters + self.steps * len(COUNTERS)
        """Offset of the user times."""
        self.iterations = self.users + self.groups * USER_STATES
        """Offset of the iterations; after them is the unattended time, one number."""
        self.width = self.iterations + self.groups * ITERATION_COUNTS + 1
        """The length of a row of sums."""
        self.codes = self.series * self.kinds * len(MEASURES)
        """The number of histograms of one scope."""

    def code(self, scope: int, step: int, kind: int, measure: int) -> int:
        """The number of one histogram."""
        return (((scope - OUTSIDE) * self.series + step) * self.kinds + kind) * len(MEASURES) + measure


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

    scopes: tuple[int, ...]
    extents: Int64
    """int64 (scopes, 2): start and end in run time, ns."""
    sums: Sums
    """A row for each of `scopes`."""
    histograms: SparseHistograms
    """By `Shape.code`."""

    def of_scopes(self, scopes: Collection[int]) -> Contribution:
        """What is in these scopes."""
        if all(scope in scopes for scope in self.scopes):
            return self
        rows = [row for row, scope in enumerate(self.scopes) if scope in scopes]
        here = self.histograms.codes // self.sums.shape.codes + OUTSIDE
        return Contribution(
            tuple(self.scopes[row] for row in rows),
            self.extents[rows],
            Sums(self.sums.shape, self.sums.values[rows]),
            self.histograms.select(np.isin(here, list(scopes))),
        )

    def of_series(self, series: Iterable[int]) -> Contribution:
        """All sums, and the histograms of these series, which are copied: the rest is not held on to."""
        shape, codes = self.sums.shape, self.histograms.codes
        here = codes // (shape.kinds * len(MEASURES)) % shape.series
        return replace(self, histograms=self.histograms.select(np.isin(here, list(series))).copy())

    def rename(self, scope_of: Callable[[int], int]) -> Contribution:
        """The same contribution under other scopes; several scopes may become one.

        Used to add the levels of an interval to their phases. The numbers of sums stay as they are: `SumsByScope.add`
        adds rows that have the same scope. Only the codes of histograms contain the scope, and are shifted.
        """
        codes = self.sums.shape.codes
        names = {scope: scope_of(scope) for scope in self.scopes}
        here = (self.histograms.codes // codes + OUTSIDE).tolist()
        shifts = np.array([names[scope] - scope for scope in here], dtype=np.int64)
        renamed = SparseHistograms(self.histograms.codes + shifts * codes, self.histograms.columns)
        return Contribution(tuple(names[scope] for scope in self.scopes), self.extents, self.sums, renamed)


class SumsByScope(Sums):
    """Sums with a row for each scope. `rows` maps a scope to its row; `values` has room for more rows."""

    __slots__ = ("extents", "rows")

    def __init__(self, shape: Shape, capacity: int = 2) -> None:
        super().__init__(shape, np.zeros((capacity, shape.width), dtype=np.int64))
        self.extents: Int64 = np.tile(np.array([NO_BEGIN, 0], dtype=np.int64), (capacity, 1))
        self.rows: dict[int, int] = {}

    def add(self, scopes: tuple[int, ...], extents: Int64, values: Int64) -> None:
        """Add a row of `values` to each of the scopes; a scope may occur several times."""
        for source, scope in enumerate(scopes):
            row = self._row(scope)
            self.values[row] += values[source]
            begin, end = extents[source].tolist()
            known_begin, known_end = self.extents[row].tolist()
            self.extents[row] = min(known_begin, begin), max(known_end, end)

    def _row(self, scope: int) -> int:
        row = self.rows.setdefault(scope, len(self.rows))
        if row == len(self.values):
            larger = SumsByScope(self.shape, 2 * row)
            larger.values[:row], larger.extents[:row] = self.values, self.extents
            self.values, self.extents = larger.values, larger.extents
        return row

    def rows_of(self, scopes: Iterable[int]) -> list[int]:
        """The rows of these scopes, without scopes that have no row."""
        return [self.rows[scope] for scope in scopes if scope in self.rows]

    def over(self, scopes: Iterable[int]) -> Sums:
        """The sum over these scopes; for a single scope a view."""
        rows = self.rows_of(scopes)
        return Sums(self.shape, self.values[rows[0]]) if len(rows) == 1 else Sums(self.shape, self.values[rows]).total


class Measurements:
    """Sums and dense histograms, by scope."""

    def __init__(self, shape: Shape, capacity: int = 16) -> None:
        self.sums = SumsByScope(shape)
        self.histograms = GrowingHistograms(capacity)

    def add(self, contribution: Contribution) -> None:
        """Add what was measured."""
        self.sums.add(contribution.scopes, contribution.extents, contribution.sums.values)
        self.histograms.add(contribution.histograms)

    def freeze(self) -> Contribution:
        """All of it, sparse, as it can be added to other sums."""
        sums, count = self.sums, len(self.sums.rows)
        values = Sums(sums.shape, sums.values[:count].copy())
        return Contribution(tuple(sums.rows), sums.extents[:count].copy(), values, self.histograms.freeze())
