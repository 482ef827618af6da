"""What was measured in each level, and in its steady part."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from gradual_master.analysis.steady_state import SteadyPart
from gradual_master.results.merging.histograms import GrowingHistograms, SparseHistograms
from gradual_master.results.merging.level_blocks import MeasuredBlock
from gradual_master.results.merging.level_course import LevelCourse, join
from gradual_master.results.merging.sums import BEGIN, OUTSIDE, Contribution, Shape, Sums, SumsByScope


@dataclass(slots=True)
class _ClosedLevel:
    """A level in which no more samples end, unless they are late."""

    histograms: SparseHistograms
    found: SteadyPart | None
    """None of the scope `OUTSIDE`, which is no level."""
    steady: Contribution | None
    """What was measured in its steady part; None if it has none, or is steady from its begin."""
    blocks: tuple[MeasuredBlock, ...]
    """Of the part that counts."""


class LevelMeasurements:
    """Sums and histograms of every level.

    A ramp may have thousands of levels, of which two are in force at a time. So the histograms of a level are dense,
    and its course is kept, only while samples end in it. The first interval without the level closes it: its histograms
    become sparse, and of its course only the steady part is kept. Late batches are added to both.
    """

    def __init__(self, shape: Shape) -> None:
        self.sums = SumsByScope(shape)
        self._shape = shape
        self._open: dict[int, GrowingHistograms] = {}
        self._courses: dict[int, LevelCourse] = {}
        self._closed: dict[int, _ClosedLevel] = {}
        self._changes: Counter[int] = Counter()

    def add(self, interval: int, contribution: Contribution) -> None:
        """Add the next interval in order."""
        self.sums.add(contribution.scopes, contribution.extents, contribution.sums.values)
        for scope in dict.fromkeys(contribution.scopes):
            self._take(scope, interval, contribution.of_scopes((scope,)))
        for scope in self._open.keys() - set(contribution.scopes):
            self._close(scope)

    def add_late(self, interval: int, contribution: Contribution) -> None:
        """Add what comes after its interval was added; levels stay open or closed."""
        self.sums.add(contribution.scopes, contribution.extents, contribution.sums.values)
        for scope in dict.fromkeys(contribution.scopes):
            part = contribution.of_scopes((scope,))
            if scope in self._closed:
                self._amend(scope, part)
                continue
            is_new = scope not in self._open
            self._take(scope, interval, part)
            if is_new:
                self._close(scope)

    def _take(self, scope: int, interval: int, part: Contribution) -> None:
        if scope not in self._open:
            self._open[scope] = opened = GrowingHistograms()
            if scope in self._closed:  # As the drain after each phase.
                opened.add(self._closed.pop(scope).histograms)
            if scope != OUTSIDE:
                self._courses[scope] = LevelCourse(self._shape)
        self._open[scope].add(part.histograms)
        if scope in self._courses:
            self._courses[scope].add(interval, part)

    def _close(self, scope: int) -> None:
        course, found, steady = self._courses.pop(scope, None), None, None
        blocks: tuple[MeasuredBlock, ...] = ()
        if course is not None:
            found = course.find_steady_part()
            steady = course.from_(found.from_s) if found.from_s else None
            blocks = tuple(course.blocks(found.from_s or 0))
        self._changes[scope] += 1
        self._closed[scope] = _ClosedLevel(self._open.pop(scope).freeze(), found, steady, blocks)

    def _amend(self, scope: int, part: Contribution) -> None:
        level = self._closed[scope]
        self._changes[scope] += 1
        histograms = GrowingHistograms()
        histograms.add(level.histograms, part.histograms)
        level.histograms = histograms.freeze()
        if level.steady is not None and part.extents[0, BEGIN] >= level.steady.extents[0, BEGIN]:
            level.steady = join(self._shape, (level.steady, part))

    def close(self) -> None:
        """Nothing more comes in order: the run is over."""
        for scope in tuple(self._open):
            self._close(scope)

    @property
    def complete(self) -> frozenset[int]:
        """The levels that are closed."""
        return frozenset(self._closed) - {OUTSIDE}

    def changes(self, level: int) -> int:
        """How often a level was closed, or changed afterwards by a late batch."""
        return self._changes[level]

    def steady_part(self, level: int) -> SteadyPart | None:
        """When a closed level became steady; None of a level in which nothing was measured."""
        closed = self._closed.get(level)
        return None if closed is None else closed.found

    def steady_part_so_far(self, level: int) -> SteadyPart | None:
        """When a level became steady, as far as it is known now."""
        course = self._courses.get(level)
        return self.steady_part(level) if course is None else course.find_steady_part()

    def blocks(self, level: int) -> tuple[MeasuredBlock, ...]:
        """What counts of a closed level, in blocks of about 10 s; empty of one in which nothing was measured."""
        closed = self._closed.get(level)
        return () if closed is None else closed.blocks

    def judged(self, level: int) -> Contribution:
        """What counts of a closed level: its steady part, or all of it if it has none."""
        closed = self._closed[level]
        if closed.steady is not None:
            return closed.steady
        row = self.sums.rows_of((level,))
        sums = Sums(self._shape, self.sums.values[row])
        return Contribution((level,), self.sums.extents[row], sums, closed.histograms)
