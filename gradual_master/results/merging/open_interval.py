"""An interval of which batches are still to come.

Batches wait for each other and are added up together: their histograms all at once, their sums by layout, for batches
of one layout are alike in all but their numbers.
"""

from __future__ import annotations

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.columns import MAX
from gradual_common.protocol.batch import LOOP_LAG, START_LAG
from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.merging.batches import Reading, sums_of
from gradual_master.results.merging.measurements import Contribution, Measurements, Shape

AT_ONCE = 16
"""Batches that are added up together. Measured for 20 actions × 3 histograms: 20 µs each, against 100 one by one;
until then each takes its size on the wire, some 20 KB."""


class OpenInterval:
    """What was measured in an interval so far."""

    def __init__(self, shape: Shape, capacity: int) -> None:
        self._health: list[AgentHealth] = []
        self._shape = shape
        self._measured = Measurements(shape, capacity)
        self._waiting: list[Reading] = []

    def add(self, agent_id: str, reading: Reading) -> None:
        """Add what an agent delivered."""
        self._health.append(health_of(agent_id, reading))
        self._waiting.append(reading)
        if len(self._waiting) == AT_ONCE:
            self._add_up()

    @property
    def health(self) -> tuple[AgentHealth, ...]:
        """Of the agents that delivered a batch, in the order of their incarnations."""
        return tuple(sorted(self._health, key=by_agent))

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


def by_agent(health: AgentHealth) -> str:
    """What the agents of an interval are ordered by, whoever came first."""
    return health.agent


def health_of(agent_id: str, reading: Reading) -> AgentHealth:
    """What a batch says of its agent. Measured: 3 µs."""
    health, worst = reading.batch.health, {LOOP_LAG: 0, START_LAG: 0}
    for measure, longest in zip(reading.lags.codes.tolist(), reading.lags.columns.stats[:, MAX].tolist(), strict=True):
        worst[measure] = max(worst[measure], longest)
    return AgentHealth(
        agent=agent_id,
        cpu=health.cpu,
        loop_lag_ms_max=worst[LOOP_LAG] / NS_PER_MS if worst[LOOP_LAG] else None,
        start_lag_ms_max=worst[START_LAG] / NS_PER_MS if worst[START_LAG] else None,
        users=health.users,
        connections=health.connections,
        strained=reading.attendance.is_strained,
    )
