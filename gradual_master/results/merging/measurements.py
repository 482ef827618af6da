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

from gradual_common.histogram.buckets import Int64
from gradual_common.histogram.columns import HistogramColumns
from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import BUILT_IN_KINDS
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import COUNTERS, MEASURES
from gradual_common.protocol.messages import DRAIN_LEVEL
from gradual_master.results.merging.histogram_rows import FrozenRows, HistogramRows

OUTSIDE = DRAIN_LEVEL
"""The place of what ended in no level (the drain), or in no phase (the drain, a pause between phases)."""

BEGIN, END = range(2)
NO_BEGIN = int(np.iinfo(np.int64).max)
USER_STATES = 4
ITERATION_COUNTS = 2


@dataclass(frozen=True, slots=True)
class Shape:
    """How many series a plan has (its steps, then the iterations of its groups), and how many outcomes."""

    steps: int
    groups: int
    kinds: int = len(BUILT_IN_KINDS)
    """Outcomes of a sample, success among them."""

    @classmethod
    def of(cls, index: SeriesIndex) -> Shape:
        """The shape of a plan's series."""
        return cls(len(index.steps), len(index.groups), len(index.failures))

    @property
    def series(self) -> int:
        """Steps and iterations together."""
        return self.steps + self.groups

    @property
    def codes(self) -> int:
        """The histograms that one place may have."""
        return self.series * self.kinds * len(MEASURES)

    def code(self, place: int, step: int, kind: int, measure: int) -> int:
        """The number of one histogram."""
        return (((place - OUTSIDE) * self.series + step) * self.kinds + kind) * len(MEASURES) + measure

    def place_of(self, code: int) -> int:
        """The place whose histogram has this number."""
        return code // self.codes + OUTSIDE


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures to be added, by place. `extents` int64 (places, 2): begin and end in run time, ns.

    `requests` (places, series, kinds), `counters` (places, steps, COUNTERS), `users` (places, groups, 4), `iterations`
    (places, groups, 2), `unattended` (places,), user-ns that no agent attended to (`attendance`).
    """

    places: tuple[int, ...]
    extents: Int64
    requests: Int64
    counters: Int64
    users: Int64
    iterations: Int64
    unattended: Int64


@dataclass(frozen=True, slots=True)
class Contribution(Sums):
    """Sums with their histograms: n of `columns` has the number `codes[n]`, its own keys mean nothing here."""

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
            self.unattended,
            self.codes + shifts * shape.codes,
            self.columns,
        )


class Figures:
    """Everything but histograms, by place; the arrays have room for more places than there are.

    The shapes are those of `Sums`, with one row per place, found by `row`.
    """

    def __init__(self, shape: Shape, capacity: int = 2) -> None:
        self.rows: dict[int, int] = {}
        self.extents: Int64 = np.tile(np.array([NO_BEGIN, 0], dtype=np.int64), (capacity, 1))
        self.requests: Int64 = np.zeros((capacity, shape.series, shape.kinds), dtype=np.int64)
        self.counters: Int64 = np.zeros((capacity, shape.steps, len(COUNTERS)), dtype=np.int64)
        self.users: Int64 = np.zeros((capacity, shape.groups, USER_STATES), dtype=np.int64)
        self.iterations: Int64 = np.zeros((capacity, shape.groups, ITERATION_COUNTS), dtype=np.int64)
        self.unattended: Int64 = np.zeros(capacity, dtype=np.int64)
        self._shape = shape

    @property
    def places(self) -> tuple[int, ...]:
        """The places that have figures, in the order in which they came."""
        return tuple(self.rows)

    def add(self, sums: Sums) -> None:
        """Add what was measured."""
        for source, place in enumerate(sums.places):
            row = self.row(place)
            self.requests[row] += sums.requests[source]
            self.counters[row] += sums.counters[source]
            self.users[row] += sums.users[source]
            self.iterations[row] += sums.iterations[source]
            self.unattended[row] += sums.unattended[source]
            begin, end = sums.extents[source].tolist()
            known_begin, known_end = self.extents[row].tolist()
            self.extents[row] = min(known_begin, begin), max(known_end, end)

    def row(self, place: int) -> int:
        """The row of a place, a new one if need be."""
        row = self.rows.setdefault(place, len(self.rows))
        if row == len(self.requests):
            self._grow()
        return row

    def _grow(self) -> None:
        larger = Figures(self._shape, 2 * len(self.requests))
        for name in ("extents", "requests", "counters", "users", "iterations", "unattended"):
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
            figures.unattended[:count].copy(),
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
