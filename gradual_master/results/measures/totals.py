"""The run's totals by phase, and the queries of objectives and the summary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import OK
from gradual_common.protocol.batch import COUNTER
from gradual_common.schedule.schedule import Schedule
from gradual_master.results.merging.sums import BEGIN, END, OUTSIDE, Contribution, Measurements, Shape, Sums


@dataclass(frozen=True, slots=True)
class Selection:
    """Which samples: phases (`OUTSIDE` among them or not), steps by their number, and kinds; None is all of them."""

    phases: tuple[int, ...]
    steps: tuple[int, ...]
    kinds: tuple[int, ...] | None = None


class Totals:
    """Every closed interval and every late batch, by phase."""

    def __init__(self, shape: Shape, schedule: Schedule) -> None:
        self._shape = shape
        self._measured = Measurements(shape)
        self.warm_up = tuple(phase.number for phase in schedule.phases if phase.warm_up)
        self.phases = tuple(phase.number for phase in schedule.phases if not phase.warm_up)
        self.measured = (*self.phases, OUTSIDE)
        self.everywhere = (*self.measured, *self.warm_up)

    def add(self, contribution: Contribution) -> None:
        """Add a contribution whose scopes are phases."""
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

    def requests_and_failures(self, selection: Selection) -> tuple[int, int]:
        """Completed samples, and how many of them failed."""
        by_kind = self.by_kind(selection)
        requests = sum(by_kind.values())
        return requests, requests - by_kind.get(OK, 0)

    def by_kind(self, selection: Selection) -> dict[int, int]:
        """Completed samples of each kind that occurred."""
        requests, steps = self._measured.sums.requests, list(selection.steps)
        total = np.zeros(self._shape.kinds, dtype=np.int64)
        for row in self._rows(selection.phases):
            total += requests[row][steps].sum(axis=0)
        counts = total.tolist()
        return {kind: counts[kind] for kind in self._kinds(selection) if counts[kind]}

    def counter(self, name: str, selection: Selection) -> int:
        """The sum of one of `COUNTERS`; kinds play no part."""
        counters, steps = self._measured.sums.counters, list(selection.steps)
        return sum(int(counters[row, steps, COUNTER[name]].sum()) for row in self._rows(selection.phases))

    def histogram(self, measure: int, selection: Selection) -> Histogram:
        """The merged histogram of one measure, of the samples that have it (`StepRecord`)."""
        cells = product(selection.phases, selection.steps, self._kinds(selection))
        code = self._shape.code
        return self._measured.histograms.total(code(phase, step, kind, measure) for phase, step, kind in cells)

    def seconds(self, phases: Iterable[int]) -> float:
        """How long these phases have been measured; what lies outside of phases has no length."""
        extents = self._measured.sums.extents[self._rows(phase for phase in phases if phase != OUTSIDE)]
        return int((extents[:, END] - extents[:, BEGIN]).sum()) / NS_PER_S

    def sums(self, phases: Iterable[int]) -> Sums:
        """These phases together."""
        return self._measured.sums.over(phases)

    def _kinds(self, selection: Selection) -> Iterable[int]:
        return range(self._shape.kinds) if selection.kinds is None else selection.kinds

    def _rows(self, phases: Iterable[int]) -> list[int]:
        return self._measured.sums.rows_of(phases)


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`, to a millionth; None of nothing."""
    return round(part / whole, 6) if whole else None
