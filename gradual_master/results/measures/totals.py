"""The run's totals by phase, and the questions that objectives and the summary ask of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import Int64
from gradual_common.histogram.histogram import Histogram
from gradual_common.protocol.batch import COUNTER
from gradual_common.schedule.schedule import Schedule
from gradual_master.results.merging.measurements import BEGIN, END, OUTSIDE, Contribution, Measurements, Shape


@dataclass(frozen=True, slots=True)
class Selection:
    """Which samples: phases (`OUTSIDE` among them or not), steps by their number, and kinds; None is all of them."""

    phases: tuple[int, ...]
    steps: tuple[int, ...]
    kinds: tuple[int, ...] | None = None


class Totals:
    """Every closed interval and every late batch, by phase."""

    def __init__(self, shape: Shape, schedule: Schedule) -> None:
        self.kinds = tuple(range(shape.kinds))
        """All outcomes, by number."""

        self._shape = shape
        self._measured = Measurements(shape)
        self.warm_up = tuple(phase.number for phase in schedule.phases if phase.warm_up)
        self.phases = tuple(phase.number for phase in schedule.phases if not phase.warm_up)
        self.measured = (*self.phases, OUTSIDE)

    def add(self, contribution: Contribution) -> None:
        """Add what was measured, its places being phases."""
        self._measured.add(contribution)

    def everything(self) -> Selection:
        """All steps outside warm-up phases: what the totals of the summary count."""
        return Selection(self.measured, tuple(range(self._shape.steps)))

    def within_phases(self, selection: Selection) -> Selection:
        """The same without what ended outside of phases: what rates are made of."""
        return replace(selection, phases=tuple(phase for phase in selection.phases if phase != OUTSIDE))

    def requests(self, selection: Selection) -> int:
        """Completed samples."""
        return sum(self.by_kind(selection).values())

    def by_kind(self, selection: Selection) -> dict[int, int]:
        """Completed samples of each kind that occurred."""
        kinds = self.kinds if selection.kinds is None else selection.kinds
        figures = self._measured.figures
        none = np.zeros(len(self.kinds), dtype=np.int64)
        counts = sum((figures.requests[row][list(selection.steps)].sum(axis=0) for row in self._rows(selection)), none)
        return {kind: int(counts[kind]) for kind in kinds if counts[kind]}

    def counter(self, name: str, selection: Selection) -> int:
        """The sum of one of `COUNTERS`; kinds play no part."""
        counters, column = self._measured.figures.counters, COUNTER[name]
        return sum(int(counters[row, list(selection.steps), column].sum()) for row in self._rows(selection))

    def histogram(self, measure: int, selection: Selection) -> Histogram:
        """The merged histogram of one measure, of the samples that have it (`StepRecord`)."""
        kinds = self.kinds if selection.kinds is None else selection.kinds
        return self._measured.histograms.total(
            self._shape.code(phase, step, kind, measure)
            for phase, step, kind in product(selection.phases, selection.steps, kinds)
        )

    def seconds(self, phases: Iterable[int]) -> float:
        """How long these phases have been measured; what lies outside of phases has no length."""
        figures = self._measured.figures
        rows = [figures.rows[phase] for phase in phases if phase != OUTSIDE and phase in figures.rows]
        return sum(int(figures.extents[row, END] - figures.extents[row, BEGIN]) for row in rows) / NS_PER_S

    def iterations(self, phases: Iterable[int]) -> Int64:
        """Iterations by group, int64 (groups, 2): completed; of those, empty."""
        figures = self._measured.figures
        rows = [figures.rows[phase] for phase in phases if phase in figures.rows]
        total: Int64 = figures.iterations[rows].sum(axis=0)
        return total

    def users(self, phases: Iterable[int]) -> Int64:
        """User-nanoseconds by group, int64 (groups, 4): active, in a request, thinking, stopping."""
        figures = self._measured.figures
        rows = [figures.rows[phase] for phase in phases if phase in figures.rows]
        total: Int64 = figures.users[rows].sum(axis=0)
        return total

    def unattended(self, phases: Iterable[int]) -> int:
        """User-nanoseconds that no agent attended to (`attendance`)."""
        figures = self._measured.figures
        return sum(int(figures.unattended[figures.rows[phase]]) for phase in phases if phase in figures.rows)

    def _rows(self, selection: Selection) -> list[int]:
        rows = self._measured.figures.rows
        return [rows[phase] for phase in selection.phases if phase in rows]


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`, to a millionth; None of nothing."""
    return round(part / whole, 6) if whole else None
