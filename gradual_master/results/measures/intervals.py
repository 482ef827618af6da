"""One closed interval, as reporters and the progress display see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.buckets import Int64
from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import OK
from gradual_common.plan.model.series import MetricSeries, SeriesIndex
from gradual_common.protocol.batch import ACTIVE, IN_REQUEST, METRIC, RECORDED, RESPONSE_TIME, STOPPING, THINKING
from gradual_common.schedule.schedule import Schedule
from gradual_master.results.facts import SlotsFinished
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.measures.scheduled_users import ScheduledUsers
from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.merging.sums import Contribution, Measurements
from gradual_master.watching.courses import WatchState


@dataclass(frozen=True, slots=True)
class ActionInterval:
    """One step of one group in one interval."""

    group: str
    step: str
    action: str
    service: str | None
    requests: int
    failures: int
    errors: dict[str, int]
    """By failure kind."""
    histogram: Histogram
    """Of its response times, ns."""

    @property
    def response_time_ms(self) -> Distribution:
        """The statistics of the histogram."""
        return Distribution.of(self.histogram)


@dataclass(frozen=True, slots=True)
class MetricInterval:
    """A custom metric in one interval."""

    metric: MetricSeries
    histogram: Histogram
    """Of its values: 1,000 for each step of its resolution."""


@dataclass(frozen=True, slots=True)
class IntervalRecord:
    """One interval."""

    number: int
    start_s: float
    end_s: float
    """Seconds since the schedule's start."""
    phase: str
    """"" outside of phases."""
    warm_up: bool
    target: dict[str, float]
    users: dict[str, float]
    stopping: dict[str, float]
    """Means over the interval, per group."""
    in_flight: float
    thinking: float
    """Means over the interval, of all users."""
    requests: int
    failures: int
    throughput_rps: float
    request_rate_rps: float
    errors: dict[str, int]
    """By failure kind."""
    response_time_ms: Distribution
    agents: int
    """How many delivered a batch of it."""
    objectives: tuple[ObjectiveRow, ...]
    """The run so far, judged at the interval's end (as it was judged then, for a record that a late batch changed)."""
    histogram: Histogram
    health: tuple[AgentHealth, ...]
    """Of each agent that delivered a batch."""
    errors_so_far: tuple[ErrorRow, ...] = field(default=(), kw_only=True)
    """The table of errors of the run until now, its first rows."""
    watches: tuple[WatchState, ...] = field(default=(), kw_only=True)
    """What the system's own metrics said last when the interval was closed."""
    _index: SeriesIndex = field(repr=False, compare=False, kw_only=True)
    _measured: Contribution = field(repr=False, compare=False, kw_only=True)

    def actions(self) -> tuple[ActionInterval, ...]:
        """Each step of each group, in the order of the plan, without steps that had no request; not cached."""
        by_kind = self._measured.sums.total.requests[: len(self._index.steps)]
        performed = np.flatnonzero(by_kind.sum(axis=1)).tolist()
        return tuple(self._action(step, by_kind[step]) for step in performed)

    def metrics(self) -> tuple[MetricInterval, ...]:
        """Each custom metric, in the order of the plan, without those that got no value; not cached."""
        rows = (MetricInterval(metric, self._values_of(metric.number)) for metric in self._index.metrics)
        return tuple(row for row in rows if row.histogram.count)

    def _values_of(self, number: int) -> Histogram:
        measured = self._measured
        codes = (measured.sums.shape.code(scope, number, RECORDED, METRIC) for scope in measured.scopes)
        return measured.histograms.total(codes)

    def _action(self, step: int, by_kind: Int64) -> ActionInterval:
        series, errors = self._index.steps[step], _errors(by_kind, self._index.failures.names)
        return ActionInterval(
            group=self._index.groups[series.group],
            step=series.name,
            action=series.action,
            service=series.service,
            requests=int(by_kind.sum()),
            failures=sum(errors.values()),
            errors=errors,
            histogram=_response_times(self._measured, (step,)),
        )


def _errors(by_kind: Int64, names: Sequence[str]) -> dict[str, int]:
    """The kinds of failure that occurred."""
    return {names[kind]: int(by_kind[kind]) for kind in np.flatnonzero(by_kind).tolist() if kind != OK}


def _response_times(measured: Contribution, steps: Iterable[int]) -> Histogram:
    """The response times of these steps, over all outcomes."""
    shape = measured.sums.shape
    cells = product(measured.scopes, steps, range(shape.kinds))
    codes = (shape.code(scope, step, kind, RESPONSE_TIME) for scope, step, kind in cells)
    return measured.histograms.total(codes)


class IntervalWriter:
    """Turns the measurements of an interval into its record."""

    def __init__(self, index: SeriesIndex, schedule: Schedule, interval: int) -> None:
        self._index = index
        self._schedule = schedule
        self._interval = interval
        self._scheduled = ScheduledUsers(schedule)
        self._finished: tuple[SlotsFinished, ...] = ()
        self._start = 0

    def reschedule(self, schedule: Schedule) -> None:
        """The schedule has one more level."""
        self._schedule = schedule
        self._scheduled = ScheduledUsers(schedule, self._finished, self._start)

    def leave_out(self, finished: tuple[SlotsFinished, ...], start: int) -> None:
        """From now on these slots do not count as scheduled; `start`: run time of the schedule's start."""
        if len(finished) != len(self._finished):
            self._finished, self._start = finished, start
            self._scheduled = ScheduledUsers(self._schedule, finished, start)

    def write(
        self,
        number: int,
        measured: Contribution,
        agents: int,
        health: tuple[AgentHealth, ...],
        objectives: tuple[ObjectiveRow, ...],
    ) -> IntervalRecord:
        """The record of interval `number`."""
        begin, end = number * self._interval, (number + 1) * self._interval
        seconds, steps, sums = self._interval / NS_PER_S, len(self._index.steps), measured.sums.total
        users = sums.users / self._interval
        by_kind = sums.requests[:steps].sum(axis=0)
        requests, ok = int(by_kind.sum()), int(by_kind[OK])
        phase, warm_up = self._phase_at(begin)
        histogram = _response_times(measured, range(steps))
        return IntervalRecord(
            number=number,
            start_s=begin / NS_PER_S,
            end_s=end / NS_PER_S,
            phase=phase,
            warm_up=warm_up,
            target=self._by_group(self._scheduled.between(begin, end) / self._interval),
            users=self._by_group(users[:, ACTIVE]),
            stopping=self._by_group(users[:, STOPPING]),
            in_flight=round(float(users[:, IN_REQUEST].sum()), 3),
            thinking=round(float(users[:, THINKING].sum()), 3),
            requests=requests,
            failures=requests - ok,
            throughput_rps=ok / seconds,
            request_rate_rps=requests / seconds,
            errors=_errors(by_kind, self._index.failures.names),
            response_time_ms=Distribution.of(histogram),
            agents=agents,
            objectives=objectives,
            histogram=histogram,
            health=health,
            _index=self._index,
            _measured=measured,
        )

    def amend(self, record: IntervalRecord, late: Contribution) -> IntervalRecord:
        """The record with what a late batch adds to it, and with the objectives as they were judged then."""
        measured = Measurements(late.sums.shape)
        measured.add(record._measured)
        measured.add(late)
        # One agent more: a late batch is nearly always of an agent that had delivered none of this interval.
        return self.write(record.number, measured.freeze(), record.agents + 1, (), record.objectives)

    def _by_group(self, values: Iterable[float]) -> dict[str, float]:
        return {name: round(float(value), 3) for name, value in zip(self._schedule.groups, values, strict=True)}

    def _phase_at(self, at: int) -> tuple[str, bool]:
        phases = (phase for phase in self._schedule.phases if phase.start <= at < phase.end)
        return next(((phase.name, phase.warm_up) for phase in phases), ("", False))
