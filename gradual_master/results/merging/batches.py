"""Reads a batch once, and adds its numbers at the positions that its layout gives.

The batches of an open interval are collected and added together, which is cheaper: histograms all at once, and sums by
layout, since batches of one layout differ only in their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradual_common.histogram.buckets import Int64
from gradual_common.protocol.batch import Batch
from gradual_master.results.merging.agent_health import AgentHealth, health_of, read_lags, unattended_time
from gradual_master.results.merging.histograms import SparseHistograms, choose
from gradual_master.results.merging.layouts import Layout, Layouts
from gradual_master.results.merging.sums import Contribution, Measurements, Shape, Sums

BATCHES_PER_MERGE = 16
"""Batches that are added up together. Measured for 20 actions × 3 histograms: 20 µs each, against 100 one by one;
until then each takes its size on the wire, some 20 KB."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadBatch:
    """A batch that fits the plan, with the health of its agent."""

    batch: Batch
    layout: Layout
    lags: SparseHistograms
    """The agent's own histograms, by measure."""
    health: AgentHealth
    users: list[list[int]]
    """By frame, as in a batch's column, over all groups."""
    unattended: list[int]
    """User-ns that the agent did not attend to, by frame."""

    @property
    def histograms(self) -> SparseHistograms:
        """The histograms of its cells, by `Shape.code`."""
        return SparseHistograms(self.layout.codes, choose(self.batch.histograms, self.layout.measured))


def read_batch(agent: str, batch: Batch, layouts: Layouts) -> ReadBatch:
    """Read a batch; WireError when it names something that is not in the plan."""
    layout = layouts.of(batch)
    histograms = SparseHistograms(layout.health_codes, choose(batch.histograms, layout.health))
    lags = read_lags(histograms)
    users = [[sum(state) for state in zip(*groups, strict=True)] for groups in batch.users.tolist()]
    health = health_of(agent, batch, histograms, lags)
    return ReadBatch(batch, layout, histograms, health, users, unattended_time(batch, users, lags))


def sums_of(readings: Sequence[ReadBatch], shape: Shape) -> tuple[Int64, Sums]:
    """The extents of the frames of batches of one layout, and their sums."""
    layout, batches = readings[0].layout, [reading.batch for reading in readings]
    frames = len(layout.scopes)
    sums = Sums(shape, np.zeros((frames, shape.width), dtype=np.int64))
    numbers = np.concatenate(
        (_sum([batch.requests for batch in batches]), _sum([batch.counters for batch in batches])[:, 2:].reshape(-1))
    )
    # `add.at` and not `+=`: if an agent names a cell twice, `+=` would count only one of the two.
    np.add.at(sums.values.reshape(-1), layout.positions, numbers)
    if frames:
        sums.users[:] = _sum([batch.users for batch in batches])
        sums.iterations[:] = _sum([batch.iterations for batch in batches])
        sums.unattended[:] = np.array([reading.unattended for reading in readings], dtype=np.int64).sum(axis=0)
    return _extents(batches), sums


def contribution_of(reading: ReadBatch, shape: Shape) -> Contribution:
    """What one batch adds, by level; of its agent's own health only the user time that was left unattended."""
    return Contribution(reading.layout.scopes, *sums_of([reading], shape), reading.histograms)


def _sum(arrays: list[Int64]) -> Int64:
    if len(arrays) == 1:
        return arrays[0]
    total: Int64 = np.array(arrays).sum(axis=0)
    return total


def _extents(batches: Sequence[Batch]) -> Int64:
    """The first start and the last end of each frame."""
    frames = zip(*(batch.frames for batch in batches), strict=True)
    spans = [(min(frame.begin for frame in same), max(frame.end for frame in same)) for same in frames]
    return np.array(spans, dtype=np.int64).reshape(-1, 2)


class OpenInterval:
    """What was measured in an interval so far."""

    def __init__(self, shape: Shape, capacity: int) -> None:
        self._health: list[AgentHealth] = []
        self._shape = shape
        self._measured = Measurements(shape, capacity)
        self._waiting: list[ReadBatch] = []

    def add(self, reading: ReadBatch) -> None:
        """Add what an agent delivered."""
        self._health.append(reading.health)
        self._waiting.append(reading)
        if len(self._waiting) == BATCHES_PER_MERGE:
            self._add_up()

    @property
    def health(self) -> tuple[AgentHealth, ...]:
        """Of the agents that delivered a batch, in the order of their incarnations, not of their batches."""
        return tuple(sorted(self._health, key=lambda health: health.agent))

    def freeze(self) -> Contribution:
        """All of it, sparse."""
        if self._waiting:
            self._add_up()
        return self._measured.freeze()

    def _add_up(self) -> None:
        by_layout: dict[int, list[ReadBatch]] = {}
        for reading in self._waiting:
            by_layout.setdefault(id(reading.layout), []).append(reading)
        for alike in by_layout.values():
            extents, sums = sums_of(alike, self._shape)
            self._measured.sums.add(alike[0].layout.scopes, extents, sums.values)
        self._measured.histograms.add(*(reading.histograms for reading in self._waiting))
        self._waiting = []
