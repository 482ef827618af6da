"""From a batch to what is added: read once, then its numbers put where its layout says that they belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradual_common.histogram.buckets import Int64
from gradual_common.protocol.batch import COUNTERS, Batch
from gradual_master.results.merging.agent_health import Attendance, attendance_of
from gradual_master.results.merging.histogram_rows import FrozenRows, choose
from gradual_master.results.merging.layouts import Layout, Layouts
from gradual_master.results.merging.measurements import Contribution, Shape, Sums


@dataclass(frozen=True, slots=True)
class Reading:
    """A batch that fits the plan. `lags`: its agent's own histograms by measure; `attendance`: what they say."""

    batch: Batch
    layout: Layout
    lags: FrozenRows
    attendance: Attendance

    @property
    def histograms(self) -> FrozenRows:
        """Those of its cells, by `Shape.code`."""
        return FrozenRows(self.layout.codes, choose(self.batch.histograms, self.layout.measured))


def read_batch(batch: Batch, layouts: Layouts) -> Reading:
    """WireError when the batch names something that the plan has not."""
    layout = layouts.of(batch)
    lags = FrozenRows(layout.health_codes, choose(batch.histograms, layout.health))
    return Reading(batch, layout, lags, attendance_of(batch, lags))


def sums_of(readings: Sequence[Reading], shape: Shape) -> Sums:
    """What batches of one layout add together, their histograms left out."""
    layout, batches = readings[0].layout, [reading.batch for reading in readings]
    frames = len(layout.places)
    requests = np.zeros((frames, shape.series, shape.kinds), dtype=np.int64)
    np.add.at(requests.reshape(-1), layout.cells, _sum([batch.requests for batch in batches]))
    counters = np.zeros((frames, shape.steps, len(COUNTERS)), dtype=np.int64)
    np.add.at(counters.reshape(-1), layout.counters, _sum([batch.counters for batch in batches])[:, 2:].reshape(-1))
    return Sums(
        places=layout.places,
        extents=_extents(batches),
        requests=requests,
        counters=counters,
        users=_sum([batch.users for batch in batches]).reshape(frames, shape.groups, 4),
        iterations=_sum([batch.iterations for batch in batches]).reshape(frames, shape.groups, 2),
        unattended=_sum([np.array(reading.attendance.unattended, dtype=np.int64) for reading in readings]),
    )


def contribution_of(reading: Reading, shape: Shape) -> Contribution:
    """What one batch adds, by level; of its agent's own health only the user time that was left unattended."""
    sums = sums_of([reading], shape)
    return Contribution(
        sums.places,
        sums.extents,
        sums.requests,
        sums.counters,
        sums.users,
        sums.iterations,
        sums.unattended,
        reading.histograms.codes,
        reading.histograms.columns,
    )


def _sum(arrays: list[Int64]) -> Int64:
    if len(arrays) == 1:
        return arrays[0]
    total: Int64 = np.array(arrays).sum(axis=0)
    return total


def _extents(batches: Sequence[Batch]) -> Int64:
    """The first begin and the last end of each frame."""
    frames = zip(*(batch.frames for batch in batches), strict=True)
    spans = [(min(frame.begin for frame in same), max(frame.end for frame in same)) for same in frames]
    return np.array(spans, dtype=np.int64).reshape(-1, 2)
