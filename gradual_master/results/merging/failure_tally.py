"""Failed samples by what went wrong: how many there were, and between which instants.

What failed by its status is told apart by the code; everything else by its kind alone (code 0).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from gradual_common.histogram.buckets import Int64
from gradual_common.kinds.failures import BUILT_IN_KINDS, FailureKinds
from gradual_common.protocol.batch import Batch
from gradual_master.results.merging.tally import Rows, Tally

Key = tuple[int, int, int, int]
"""(phase, step, kind, status code or 0)."""

_NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class FailureRows:
    """Where the failures of a batch stand in it, their frames, and the rows of their tally.

    First all of its `cells` that have failed, then the `statuses`: what has a code is counted by its kind as well.
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
    """The failures of the run, warm-up among them.

    Every batch is added while the loop waits: 5 µs for 76 rows, where a batch of 20 steps takes some 60 in all.
    """

    def __init__(self, failures: FailureKinds = BUILT_IN_KINDS) -> None:
        self._by_status = np.array(sorted(failures.by_status))
        self._counts: Tally[Key] = Tally()
        self._first: Int64 = np.zeros(0, dtype=np.int64)
        self._last: Int64 = np.zeros(0, dtype=np.int64)

    def lay_out(self, batch: Batch, phases: list[int], steps: int) -> FailureRows:
        """Where a batch's failures are; `phases`: of each frame. Iterations are numbered from `steps` on."""
        cells = np.flatnonzero((batch.cells[:, 2] != 0) & (batch.cells[:, 1] < steps))
        statuses = np.flatnonzero(np.isin(batch.statuses[:, 2], self._by_status) & (batch.statuses[:, 3] != 0))
        named = [(*row, 0) for row in batch.cells[cells].tolist()] + batch.statuses[statuses, :4].tolist()
        rows = self._counts.rows_of((phases[frame], step, kind, code) for frame, step, kind, code in named)
        self._make_room(int(rows.max(initial=-1)) + 1)
        return FailureRows(cells, statuses, np.array([row[0] for row in named], dtype=np.intp), rows)

    def add(self, batch: Batch, places: FailureRows) -> None:
        """Add what a batch tells."""
        rows = places.rows
        if not len(rows):
            return
        counts = np.concatenate((batch.requests.take(places.cells), batch.statuses[:, 4].take(places.statuses)))
        self._counts.add(rows, counts)
        begins: Int64 | int = batch.frames[0].begin
        if len(batch.frames) > 1:
            begins = np.array([frame.begin for frame in batch.frames], dtype=np.int64).take(places.frames)
        np.minimum.at(self._first, rows, begins)
        np.maximum.at(self._last, rows, begins)

    def _make_room(self, rows: int) -> None:
        more = rows - len(self._first)
        if more > 0:
            self._first = np.concatenate((self._first, np.full(more, _NEVER)))
            self._last = np.concatenate((self._last, np.full(more, -_NEVER)))

    def of(self, phases: Collection[int]) -> Iterator[Failed]:
        """What failed in these phases, by step, kind and code; of those by their status without a code the rest."""
        entries = [entry for entry in self._counts.entries() if entry[0][0] in phases]
        by_code = Counter[tuple[int, int, int]]()
        for (phase, step, kind, code), _, count in entries:
            by_code[phase, step, kind] += count if code else 0
        found: dict[tuple[int, int, int], Failed] = {}
        for (phase, step, kind, code), row, count in entries:
            if (rest := count if code else count - by_code[phase, step, kind]) > 0:
                one = Failed(step, kind, code, rest, int(self._first[row]), int(self._last[row]))
                known = found.get((step, kind, code))
                found[step, kind, code] = one if known is None else known.joined(one)
        return (found[key] for key in sorted(found))
