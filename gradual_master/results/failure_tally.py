"""Failed samples by what went wrong: how many there were, and between which instants.

What failed by its status is told apart by the code; everything else by its kind alone (code 0).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from gradual_common.batch import KIND, Batch, Int64
from gradual_common.causes import STATUS_KINDS
from gradual_master.results.tally import Rows, Tally

BY_STATUS = np.array(sorted(KIND[name] for name in STATUS_KINDS))

Key = tuple[int, int, int, int]
"""(phase, step, kind, status code or 0)."""

_NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class FailureRows:
    """Where the failures of a batch stand in it, their frames, and the rows of their tally.

    First all of its `cells`, then the `statuses` that have failed, then the same again: what is counted by its code is
    taken out of what is counted by its kind, so that nothing is counted twice, and what has no code is not lost.
    """

    cells: Rows
    statuses: Rows
    frames: Rows
    rows: Rows


@dataclass(frozen=True, slots=True)
class Failed:
    """Failures of one step. `first`, `last`: the begins of the first and the last frame with one, run time in ns."""

    step: int
    kind: int
    code: int
    count: int
    first: int
    last: int

    def joined(self, other: Failed) -> Failed:
        """Both together, of another phase."""
        first, last = min(self.first, other.first), max(self.last, other.last)
        return Failed(self.step, self.kind, self.code, self.count + other.count, first, last)


class FailureTally:
    """The failures of the run, warm-up among them."""

    def __init__(self) -> None:
        self._counts: Tally[Key] = Tally()
        self._first: Int64 = np.zeros(0, dtype=np.int64)
        self._last: Int64 = np.zeros(0, dtype=np.int64)

    def lay_out(self, batch: Batch, phases: list[int], steps: int) -> FailureRows:
        """Where a batch's failures are; `phases`: of each frame. Iterations are numbered from `steps` on."""
        cells = np.flatnonzero((batch.cells[:, 2] != 0) & (batch.cells[:, 1] < steps))
        statuses = np.flatnonzero(np.isin(batch.statuses[:, 2], BY_STATUS))
        by_code = batch.statuses[statuses, :4].tolist()
        named = [(*row, 0) for row in batch.cells[cells].tolist()] + by_code + [(*row[:3], 0) for row in by_code]
        keys: Iterable[Key] = ((phases[frame], step, kind, code) for frame, step, kind, code in named)
        frames = np.array([row[0] for row in named], dtype=np.intp)
        return FailureRows(cells, statuses, frames, self._counts.rows_of(keys))

    def add(self, batch: Batch, places: FailureRows) -> None:
        """Add what a batch tells."""
        if not len(places.rows):
            return
        by_code = batch.statuses[places.statuses, 4]
        self._counts.add(places.rows, np.concatenate((batch.requests[places.cells], by_code, -by_code)))
        self._make_room(int(places.rows.max()) + 1)
        begins = np.array([frame.begin for frame in batch.frames], dtype=np.int64)[places.frames]
        np.minimum.at(self._first, places.rows, begins)
        np.maximum.at(self._last, places.rows, begins)

    def _make_room(self, rows: int) -> None:
        more = rows - len(self._first)
        if more > 0:
            self._first = np.concatenate((self._first, np.full(more, _NEVER)))
            self._last = np.concatenate((self._last, np.full(more, -_NEVER)))

    def of(self, phases: Collection[int]) -> Iterator[Failed]:
        """What failed in these phases, by step, kind and code."""
        found: dict[tuple[int, int, int], Failed] = {}
        for (phase, step, kind, code), row, count in self._counts.entries():
            if phase in phases:
                one = Failed(step, kind, code, count, int(self._first[row]), int(self._last[row]))
                known = found.get((step, kind, code))
                found[step, kind, code] = one if known is None else known.joined(one)
        return (found[key] for key in sorted(found))
