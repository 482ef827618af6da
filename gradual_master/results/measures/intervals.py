"""One closed interval, as reporters and the progress display see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import OK
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import ACTIVE, IN_REQUEST, RESPONSE_TIME, STOPPING, THINKING
from gradual_common.schedule.schedule import Schedule
from gradual_master.results.facts import SlotsFinished
from gradual_master.results.judging.objectives import ObjectiveRow
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.measures.levels import ScheduledUsers
from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.merging.histogram_rows import FrozenRows
from gradual_master.results.merging.measurements import Contribution, Shape


@dataclass(frozen=True, slots=True)
class ActionInterval:
    """One step of one group in one interval; `errors` by failure kind, `histogram` of its response times, in ns."""

    group: str
    step: str
    action: str
    requests: int
    failures: int
    errors: dict[str, int]
    histogram: Histogram

    @property
    def response_time_ms(self) -> Distribution:
        """What the histogram says."""
        return Distribution.of(self.histogram)


@dataclass(frozen=True, slots=True)
class IntervalRecord:
    """One interval; seconds since the schedule's begin.

    `target`, `users`, `stopping` are means over the interval, per group; `in_flight` and `thinking` means over all.
    `phase` "" is outside of phases; `errors` by failure kind; `agents`: how many delivered a batch of it;
    `objectives`: the run so far, judged at the interval's end (empty for a record that a late batch changed).
    `health`: of each agent that delivered a batch. `errors_so_far`: the table of errors of the run until now, its
    first rows, which the conductor fills in.
    """

    number: int
    start_s: float
    end_s: float
    phase: str
    warm_up: bool
    target: dict[str, float]
    users: dict[str, float]
    stopping: dict[str, float]
    in_flight: float
    thinking: float
    requests: int
    failures: int
    throughput_rps: float
    request_rate_rps: float
    errors: dict[str, int]
    response_time_ms: Distribution
    agents: int
    objectives: tuple[ObjectiveRow, ...]
    histogram: Histogram
    health: tuple[AgentHealth, ...]
    errors_so_far: tuple[ErrorRow, ...] = field(default=(), kw_only=True)
    _steps: StepsInterval = field(repr=False, compare=False)

    def actions(self) -> tuple[ActionInterval, ...]:
        """Each step of each group, in the order of the plan, without those that did nothing. Worked out anew."""
        return tuple(self._steps.rows())


@dataclass(frozen=True, slots=True, eq=False)
class StepsInterval:
    """What every step measured in an interval, sparse, until somebody wants to see it."""

    shape: Shape
    index: SeriesIndex
    measured: Contribution

    def rows(self) -> Iterator[ActionInterval]:
        """The steps that did something."""
        by_kind = self.measured.requests[:, : self.shape.steps].sum(axis=0)
        frozen, names = FrozenRows(self.measured.codes, self.measured.columns), self.index.failures.names
        for step in np.flatnonzero(by_kind.sum(axis=1)).tolist():
            series, counts = self.index.steps[step], by_kind[step].tolist()
            errors = {names[kind]: count for kind, count in enumerate(counts) if count and kind != OK}
            yield ActionInterval(
                group=self.index.groups[series.group],
                step=series.name,
                action=series.action,
                requests=sum(counts),
                failures=sum(errors.values()),
                errors=errors,
                histogram=frozen.total(response_times(self.shape, self.measured.places, (step,))),
            )


def response_times(shape: Shape, places: Iterable[int], steps: Iterable[int]) -> Iterator[int]:
    """The codes of the response times of these steps in these places, of all outcomes that have one."""
    cells = product(places, steps, range(shape.kinds))
    return (shape.code(place, step, kind, RESPONSE_TIME) for place, step, kind in cells)


class IntervalWriter:
    """Turns what was measured in an interval into its record."""

    def __init__(self, index: SeriesIndex, schedule: Schedule, interval: int) -> None:
        self._index = index
        self._shape = Shape.of(index)
        self._schedule = schedule
        self._interval = interval
        self._scheduled = ScheduledUsers(schedule)
        self._finished: tuple[SlotsFinished, ...] = ()

    def leave_out(self, finished: tuple[SlotsFinished, ...], start: int) -> None:
        """From now on these slots are scheduled no more; `start`: of the schedule, on the clock of their `at`."""
        if len(finished) != len(self._finished):
            self._finished = finished
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
        seconds = self._interval / NS_PER_S
        users = measured.users.sum(axis=0) / self._interval
        by_kind = measured.requests[:, : self._shape.steps].sum(axis=(0, 1))
        requests, ok = int(by_kind.sum()), int(by_kind[OK])
        phase, warm_up = self._phase_at(begin)
        histogram, names = self._response_times(measured), self._index.failures.names
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
            errors={names[kind]: int(by_kind[kind]) for kind in np.flatnonzero(by_kind).tolist() if kind != OK},
            response_time_ms=Distribution.of(histogram),
            agents=agents,
            objectives=objectives,
            histogram=histogram,
            health=health,
            _steps=StepsInterval(self._shape, self._index, measured),
        )

    def _by_group(self, values: Iterable[float]) -> dict[str, float]:
        return {name: round(float(value), 3) for name, value in zip(self._schedule.groups, values, strict=True)}

    def _phase_at(self, at: int) -> tuple[str, bool]:
        for phase in self._schedule.phases:
            if phase.start <= at < phase.end:
                return phase.name, phase.warm_up
        return "", False

    def _response_times(self, measured: Contribution) -> Histogram:
        codes = response_times(self._shape, measured.places, range(self._shape.steps))
        return FrozenRows(measured.codes, measured.columns).total(codes)
