"""Metrics that are not exported yet: sums and histograms that grow, and the gauges of every interval.

Why sums and gauges are kept apart:

- A gauge belongs to one interval. Gauges wait one by one, at most `MAX_WAITING_VALUES` of them; if the receiver is away
  for long, the oldest intervals are dropped.
- A sum grows. Intervals that are not exported yet are added up, so that the first export that arrives has all of them,
  however long the receiver was away, and the memory does not grow.

Cumulative sums start with the schedule and never decrease. Every export has the same start and all requests since then:
the next export makes up for a lost or rejected one, and only the last export of a run must arrive. A retry sends the
same bytes: a receiver that already has the export gets the same points for the same instant again, and counts no
request twice. Another run, also after a restart of the master, has another run id and so another resource
(`describe_resource`): its sums start at 0 in their own series.

A delta has what came since the last export was taken. Deltas follow each other without a gap. A rejected delta is lost:
no later export repeats it, which is why the exporter counts its requests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.histogram.histogram import Histogram
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.reporting.metric_sums import MetricKey, MetricSums, add_metrics
from gradual_master.reporting.step_sums import StepKey, StepSums, add_rows
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.measures.intervals import IntervalRecord

Temporality = Literal["cumulative", "delta"]

MAX_WAITING_VALUES = 50_000
"""Gauge values that wait for the receiver: 5 to 15 MB; for three groups and ten agents, a quarter of an hour."""

MAX_VALUES_PER_EXPORT = 10_000
"""Gauge values in one export: 1 MB; the default limit of a receiver is 4 MB."""

Attributes = tuple[tuple[str, str | bool], ...]


class GaugeValue(NamedTuple):
    """One value of a gauge, at the end of an interval."""

    metric: str
    attributes: Attributes
    value: float


@dataclass(frozen=True, slots=True)
class IntervalGauges:
    """The gauges of one interval."""

    at: int
    """Unix time, ns."""
    values: tuple[GaugeValue, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """The content of one export."""

    temporality: Temporality
    start: int
    """Unix time in ns; the sums are over the time from here to `at`."""
    at: int
    """Unix time in ns."""
    sums: tuple[tuple[StepKey, StepSums], ...]
    values: tuple[tuple[MetricKey, Histogram], ...]
    """Of custom metrics, over the same time."""
    intervals: tuple[IntervalGauges, ...]
    """In order."""


class PendingMetrics:
    """Collects closed intervals and makes exports of them. `start`: the start of the schedule, Unix time in ns."""

    def __init__(self, temporality: Temporality, start: int, max_waiting_values: int = MAX_WAITING_VALUES) -> None:
        self._temporality: Temporality = temporality
        self._start = start
        self._at = start
        self._exported_at = start
        self._sums: dict[StepKey, StepSums] = {}
        self._values: MetricSums = {}
        self._intervals: deque[IntervalGauges] = deque()
        self._max_waiting_values = max_waiting_values
        self._waiting = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to export."""
        return not self._intervals

    def add(self, record: IntervalRecord) -> None:
        """Add the next interval."""
        self._at = self._start + round(record.end_s * NS_PER_S)
        add_rows(self._sums, record.actions(), warm_up=record.warm_up)
        add_metrics(self._values, record.metrics(), warm_up=record.warm_up)
        self._add_gauges(tuple(_gauges(record)))

    def judge(self, objectives: Sequence[ObjectiveRow], at: int, capacity: CapacityResult | None = None) -> None:
        """Add the objectives of the verdict, and what a search has found. Now objectives without data have a result."""
        # Later than the last interval in any case: a gauge has one value per instant.
        self._at = max(at, self._at + 1)
        judged = (_judged(row) for row in objectives if row.passed is not None)
        self._add_gauges((*judged, *_found(capacity)))

    def _add_gauges(self, values: tuple[GaugeValue, ...]) -> None:
        self._intervals.append(IntervalGauges(self._at, values))
        self._waiting += len(values)
        while self._waiting > self._max_waiting_values and len(self._intervals) > 1:
            self._waiting -= len(self._intervals.popleft().values)

    def take(self) -> Export:
        """Take one export: the sums, and as many waiting intervals as it has room for.

        Sums are only in the first export after they changed: never twice for the same time.
        """
        is_cumulative = self._temporality == "cumulative"
        start = self._start if is_cumulative else self._exported_at
        sums: dict[StepKey, StepSums] = {}
        values: MetricSums = {}
        if self._at > self._exported_at and is_cumulative:
            sums = {key: of.copy() for key, of in self._sums.items()}
            values = {key: of.copy() for key, of in self._values.items()}
        elif self._at > self._exported_at:
            sums, self._sums = self._sums, {}
            values, self._values = self._values, {}
        self._exported_at = self._at
        room, intervals = MAX_VALUES_PER_EXPORT, list[IntervalGauges]()
        # The first interval is taken in any case: one with more values than MAX_VALUES_PER_EXPORT would wait for ever.
        while self._intervals and (room == MAX_VALUES_PER_EXPORT or len(self._intervals[0].values) <= room):
            intervals.append(self._intervals.popleft())
            room -= len(intervals[-1].values)
        self._waiting -= MAX_VALUES_PER_EXPORT - room
        grown = (tuple(sums.items()), tuple(values.items()))
        return Export(self._temporality, start, self._at, *grown, tuple(intervals))


def _gauges(record: IntervalRecord) -> Iterator[GaugeValue]:
    """The gauges of groups, agents and objectives; a lag that was not measured is left out."""
    for group in record.users:
        of_group = ("gradual.group", group)
        yield GaugeValue("gradual.users", (of_group, ("gradual.user.state", "active")), record.users[group])
        yield GaugeValue("gradual.users", (of_group, ("gradual.user.state", "stopping")), record.stopping[group])
        yield GaugeValue("gradual.target_users", (of_group,), record.target[group])
    for agent in record.health:
        name: Attributes = (("gradual.agent", agent.agent),)
        yield GaugeValue("gradual.agent.cpu.utilization", name, agent.cpu)
        yield GaugeValue("gradual.agent.connections", name, agent.connections)
        lags = {"gradual.agent.loop_lag": agent.loop_lag_ms_max, "gradual.agent.start_lag": agent.start_lag_ms_max}
        for metric, lag_ms in lags.items():
            if lag_ms is not None:
                yield GaugeValue(metric, name, lag_ms * NS_PER_MS / NS_PER_S)
    yield from (_judged(row) for row in record.objectives if row.observed is not None and row.passed is not None)


def _found(capacity: CapacityResult | None) -> Iterator[GaugeValue]:
    if capacity is None:
        return
    for of, number in (("found", capacity.users), ("low", capacity.low), ("high", capacity.high)):
        if number is not None:
            yield GaugeValue("gradual.capacity.users", (("gradual.capacity.of", of),), float(number))
    yield GaugeValue("gradual.capacity.confirmed", (), float(capacity.confirmed))


def _judged(row: ObjectiveRow) -> GaugeValue:
    attributes = (("gradual.objective.name", row.name), ("gradual.objective.severity", row.severity))
    return GaugeValue("gradual.objective.passed", attributes, float(bool(row.passed)))
