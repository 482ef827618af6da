"""From a batch to a contribution: checked against the plan's series, then spread out by level.

The codec has checked that the columns fit together; only the master's plan says which steps, groups and levels there
are. Nothing is changed before everything is checked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradual_common.batch import COUNTERS, KINDS, LOOP_LAG, MEASURES, Batch, Int64
from gradual_common.errors import WireError
from gradual_master.results.histogram_rows import FrozenRows
from gradual_master.results.measurements import OUTSIDE, Contribution, Shape

HEALTH_CELL = -1


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
    _check_ranges("cells", batch.cells.view(np.uint32), {"frame": frames, "step": shape.series, "kind": len(KINDS)})
    for name, array in (("counters", batch.counters), ("statuses", batch.statuses), ("assertions", batch.assertions)):
        _check_ranges(name, array[:, :2].view(np.uint64), {"frame": frames, "step": shape.steps})
    keys = batch.histograms.keys
    moved = (keys - (HEALTH_CELL, 0)).astype(np.int32).view(np.uint32)
    _check_ranges("histograms", moved, {"cell": len(batch.cells) - HEALTH_CELL, "measure": len(MEASURES)})
    if not np.array_equal(keys[:, 1] >= LOOP_LAG, keys[:, 0] == HEALTH_CELL):
        raise WireError("histograms: loop lag and start lag, and nothing else, belong to the agent (cell −1)")


def _check_ranges(column: str, numbers: npt.NDArray[np.unsignedinteger[Any]], ends: dict[str, int]) -> None:
    """Each number lies below the end of its column. Read as unsigned, a negative one is far above it."""
    if len(numbers) == 0:
        return
    for (what, end), highest in zip(ends.items(), numbers.max(axis=0).tolist(), strict=True):
        if highest >= end:
            raise WireError(f"{column} names a {what} that is not there: allowed are 0 to {end - 1}")


def contribution_of(batch: Batch, shape: Shape) -> Contribution:
    """What the batch adds, by level; the agent's own health is left out."""
    frames, cells = len(batch.frames), batch.cells
    requests = np.zeros((frames, shape.series, len(KINDS)), dtype=np.int64)
    np.add.at(requests, (cells[:, 0], cells[:, 1], cells[:, 2]), batch.requests)
    counters = np.zeros((frames, shape.steps, len(COUNTERS)), dtype=np.int64)
    np.add.at(counters, (batch.counters[:, 0], batch.counters[:, 1]), batch.counters[:, 2:])
    measured = _measured_rows(batch)
    return Contribution(
        places=tuple(frame.level for frame in batch.frames),
        extents=np.array([(frame.begin, frame.end) for frame in batch.frames], dtype=np.int64).reshape(-1, 2),
        requests=requests,
        counters=counters,
        users=batch.users.reshape(frames, shape.groups, 4),
        iterations=batch.iterations.reshape(frames, shape.groups, 2),
        codes=_codes(batch, measured, shape),
        columns=measured.columns,
    )


def _measured_rows(batch: Batch) -> FrozenRows:
    """The histograms that belong to a cell; `codes` holds the number of the histogram in the batch."""
    rows = FrozenRows(np.arange(len(batch.histograms.keys)), batch.histograms)
    chosen = batch.histograms.keys[:, 0] != HEALTH_CELL
    return rows if chosen.all() else rows.select(chosen)


def _codes(batch: Batch, rows: FrozenRows, shape: Shape) -> Int64:
    """`Shape.code` of all histograms at once."""
    cells = batch.cells.astype(np.int64)[rows.columns.keys[:, 0]]
    places = np.array([frame.level for frame in batch.frames], dtype=np.int64)[cells[:, 0]]
    kinds = ((places - OUTSIDE) * shape.series + cells[:, 1]) * len(KINDS) + cells[:, 2]
    return kinds * len(MEASURES) + rows.columns.keys[:, 1]


def health_rows(batch: Batch) -> FrozenRows:
    """The agent's own histograms; `codes` holds the measure."""
    keys = batch.histograms.keys
    rows = FrozenRows(keys[:, 1].astype(np.int64), batch.histograms)
    return rows.select(keys[:, 0] == HEALTH_CELL)
