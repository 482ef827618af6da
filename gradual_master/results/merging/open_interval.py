"""An interval of which batches are still to come.

Batches wait for each other and are added up together: their histograms all at once, their sums by layout, for batches
of one layout are alike in all but their numbers.
"""

from __future__ import annotations

from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.merging.batches import ReadBatch, sums_of
from gradual_master.results.merging.sums import Contribution, Measurements, Shape

AT_ONCE = 16
"""Batches that are added up together. Measured for 20 actions × 3 histograms: 20 µs each, against 100 one by one;
until then each takes its size on the wire, some 20 KB."""


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
        if len(self._waiting) == AT_ONCE:
            self._add_up()

    @property
    def health(self) -> tuple[AgentHealth, ...]:
        """Of the agents that delivered a batch, in the order of their incarnations, whoever came first."""
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
            self._measured.sums.add(alike[0].layout.places, extents, sums.values)
        self._measured.histograms.add(*(reading.histograms for reading in self._waiting))
        self._waiting = []
