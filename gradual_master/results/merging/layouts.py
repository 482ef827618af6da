"""The layout of a batch: what it tells of, without how much of it.

The agents of a run name the same steps, outcomes and measures in most intervals. What follows from that alone (does
the plan know all of it; where in which array does each number belong) is worked out once for each layout, which is
known again by the bytes of the columns that name things. Measured for 20 actions × 3 histograms: 110 µs when a layout
is new, 7 µs when it is known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gradual_common.errors import WireError
from gradual_common.histogram.buckets import Int64
from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_common.protocol.batch import COUNTERS, LOOP_LAG, MEASURES, Batch
from gradual_master.results.merging.failure_tally import FailureRows, FailureTally
from gradual_master.results.merging.histogram_rows import Choice, choice_of
from gradual_master.results.merging.measurements import OUTSIDE, Shape
from gradual_master.results.merging.tally import Rows, Tally

MOST_KNOWN = 256
"""Layouts that are remembered, some 10 KB each. Beyond that all are forgotten: failures come and go."""

HEALTH_CELL = -1
_FROM_ZERO = np.array([-HEALTH_CELL, 0], dtype=np.int32)
_EVERY_COUNTER = np.arange(len(COUNTERS))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the numbers of a batch belong. `places`: the level of each frame; `judged`: the frames in measured phases.

    `cells[n]`: where `requests[n]` belongs in (frames, series, kinds), flat; `samples[n]`: 1, but 0 for iterations.
    `counters`: where each counter belongs in (frames, steps, COUNTERS), flat. `measured` and `health` are the
    histograms of cells and of the agent, numbered by `Shape.code` and by measure. `statuses` are (phase, step, status
    code), `assertions` (phase, step, number in the action, 0 passed | 1 failed), as rows of their tallies; `failures`:
    what failed in it.
    """

    places: tuple[int, ...]
    judged: tuple[int, ...]
    cells: Int64
    samples: Int64
    counters: Int64
    measured: Choice
    codes: Int64
    health: Choice
    health_codes: Int64
    statuses: Rows
    assertions: Rows
    failures: FailureRows


class Layouts:
    """The layouts that one plan's batches have had.

    `phases`: the phase of each level, `OUTSIDE` among them; `judged`: the phases that are no warm-up. `statuses`,
    `assertions` and `failures` are the tallies of the run.
    """

    def __init__(
        self, shape: Shape, phases: Mapping[int, int], judged: Collection[int], failures: FailureKinds = BUILT_IN_KINDS
    ) -> None:
        self.statuses: Tally[tuple[int, int, int]] = Tally()
        self.assertions: Tally[tuple[int, int, int, int]] = Tally()
        self.failures = FailureTally(failures)
        self._shape = shape
        self._phases = phases
        self._judged = frozenset(judged)
        self._levels = frozenset(phases) - {OUTSIDE}
        self._known: dict[object, Layout] = {}

    def of(self, batch: Batch) -> Layout:
        """The layout of a batch; WireError when it names something that the plan has not."""
        key = _key(batch)
        layout = self._known.get(key)
        if layout is None:
            check_batch(batch, self._shape, self._levels)
            if len(self._known) == MOST_KNOWN:
                self._known.clear()
            layout = self._known[key] = self._lay_out(batch)
        return layout

    def _lay_out(self, batch: Batch) -> Layout:
        shape, keys = self._shape, batch.histograms.keys
        places = tuple(frame.level for frame in batch.frames)
        cells = batch.cells @ np.array([shape.series * shape.kinds, shape.kinds, 1])
        rows = batch.counters[:, 0] * shape.steps + batch.counters[:, 1]
        is_health = keys[:, 0] == HEALTH_CELL
        measured, health = choice_of(~is_health), choice_of(is_health)
        return Layout(
            places=places,
            judged=tuple(frame for frame, place in enumerate(places) if self._phases[place] in self._judged),
            cells=cells,
            samples=(batch.cells[:, 1] < shape.steps).astype(np.int64),
            counters=(rows[:, np.newaxis] * len(COUNTERS) + _EVERY_COUNTER).reshape(-1),
            measured=measured,
            codes=self._codes(places, batch, cells)[keys[measured, 0]] + keys[measured, 1],
            health=health,
            health_codes=keys[health, 1].astype(np.int64),
            statuses=self.statuses.rows_of(self._with_phases(places, batch.statuses[:, [0, 1, 3]])),
            assertions=self.assertions.rows_of(
                [
                    (phase, step, number, outcome)
                    for phase, step, number in self._with_phases(places, batch.assertions)
                    for outcome in (0, 1)
                ]
            ),
            failures=self.failures.lay_out(batch, [self._phases[place] for place in places], shape.steps),
        )

    def _codes(self, places: tuple[int, ...], batch: Batch, cells: Int64) -> Int64:
        """`Shape.code` of each cell's first measure: `cells` are numbered by frame, codes by place."""
        shifts = np.array([place - OUTSIDE - frame for frame, place in enumerate(places)], dtype=np.int64)
        return cells * len(MEASURES) + shifts[batch.cells[:, 0]] * self._shape.codes

    def _with_phases(self, places: tuple[int, ...], rows: Int64) -> list[tuple[int, int, int]]:
        phases = [self._phases[place] for place in places]
        return [(phases[frame], step, what) for frame, step, what in rows[:, :3].tolist()]


def _key(batch: Batch) -> object:
    """Equal for batches of one layout. The shapes tell how many groups the columns of users have."""
    return (
        tuple(frame.level for frame in batch.frames),
        batch.users.shape,
        batch.iterations.shape,
        batch.cells.tobytes(),
        batch.histograms.keys.tobytes(),
        batch.counters[:, :2].tobytes(),
        batch.statuses[:, :4].tobytes(),
        batch.assertions[:, :3].tobytes(),
    )


def check_batch(batch: Batch, shape: Shape, levels: frozenset[int]) -> None:
    """WireError naming the column of the first number that this plan has no place for."""
    frames = len(batch.frames)
    unknown = {frame.level for frame in batch.frames} - levels - {OUTSIDE}
    if unknown:
        raise WireError(f"its frames name levels that the schedule has not: {sorted(unknown)}")
    for name, array in (("users", batch.users), ("iterations", batch.iterations)):
        # Without a frame the wire tells no number of groups.
        if len(array) != frames or (frames and array.shape[1] != shape.groups):
            raise WireError(f"{name} is {array.shape[:2]} frames × groups; here there are {frames} × {shape.groups}")
    _check_ranges("cells", batch.cells.view(np.uint32), {"frame": frames, "step": shape.series, "kind": shape.kinds})
    for name, array in (("counters", batch.counters), ("statuses", batch.statuses), ("assertions", batch.assertions)):
        _check_ranges(name, array[:, :2].view(np.uint64), {"frame": frames, "step": shape.steps})
    _check_ranges("statuses", batch.statuses[:, 2:3].view(np.uint64), {"kind": shape.kinds})
    keys = batch.histograms.keys
    _check_ranges(
        "histograms", (keys + _FROM_ZERO).view(np.uint32), {"cell": len(batch.cells) + 1, "measure": len(MEASURES)}
    )
    if ((keys[:, 1] >= LOOP_LAG) != (keys[:, 0] == HEALTH_CELL)).any():
        raise WireError("histograms: loop lag and start lag, and nothing else, belong to the agent (cell −1)")


def _check_ranges(column: str, numbers: npt.NDArray[np.unsignedinteger[Any]], ends: dict[str, int]) -> None:
    """Each number lies below the end of its column. Read as unsigned, a negative one is far above it."""
    if len(numbers) == 0:
        return
    for (what, end), highest in zip(ends.items(), numbers.max(axis=0).tolist(), strict=True):
        if highest >= end:
            raise WireError(f"{column} names a {what} that is not there: allowed are 0 to {end - 1}")
