"""An interval of which batches are still to come.

Batches wait for each other and are added up together: their histograms all at once, their sums by layout, for batches
of one layout are alike in all but their numbers.
"""

from __future__ import annotations

from gradual_master.results.batches import Reading, sums_of
from gradual_master.results.measurements import Contribution, Measurements, Shape

AT_ONCE = 16
"""Batches that are added up together. Measured for 20 actions × 3 histograms: 20 µs each, against 100 one by one;
until then each takes its size on the wire, some 20 KB."""


class OpenInterval:
    """What was measured in an interval so far. `agents`: who delivered a batch of it."""

    def __init__(self, shape: Shape, capacity: int) -> None:
        self.agents: set[str] = set()
        self._shape = shape
        self._measured = Measurements(shape, capacity)
        self._waiting: list[Reading] = []

    def add(self, agent_id: str, reading: Reading) -> None:
        """Add what an agent delivered."""
        self.agents.add(agent_id)
        self._waiting.append(reading)
        if len(self._waiting) == AT_ONCE:
            self._add_up()

    def freeze(self) -> Contribution:
        """All of it, sparse."""
        if self._waiting:
            self._add_up()
        return self._measured.freeze()

    def _add_up(self) -> None:
        for alike in _by_layout(self._waiting):
            self._measured.figures.add(sums_of(alike, self._shape))
        self._measured.histograms.add_sets([reading.histograms for reading in self._waiting])
        self._waiting = []


def _by_layout(readings: list[Reading]) -> list[list[Reading]]:
    """Readings whose layout is the very same."""
    groups: dict[int, list[Reading]] = {}
    for reading in readings:
        groups.setdefault(id(reading.layout), []).append(reading)
    return list(groups.values())
