"""What is still to be exported: sums and histograms that grow, and values of every interval that wait.

Sums of intervals that have not left yet are one sum: however long a receiver is away, the next export carries all of
them. Values that are no sums (users, agents' health, objectives) wait one by one, at most `MOST_WAITING` of them; then
the oldest intervals are given up.

Cumulative sums begin with the schedule. A delta is what came since the last one; they follow each other without a gap.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.histogram.histogram import Histogram
from gradual_master.results.judging.objectives import ObjectiveRow
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.merging.agent_health import AgentHealth

Temporality = Literal["cumulative", "delta"]

MOST_WAITING = 50_000
"""Values that wait for a receiver: 5 to 15 MB; for three groups and ten agents, a quarter of an hour."""

MOST_PER_PARCEL = 10_000
"""Values in one export: 1 MB, a quarter of what a receiver takes by default."""

Attributes = tuple[tuple[str, str | bool], ...]


class Value(NamedTuple):
    """One value of a gauge, at the end of an interval."""

    metric: str
    attributes: Attributes
    value: float


class Stream(NamedTuple):
    """What sums are kept apart by."""

    group: str
    step: str
    action: str
    warm_up: bool

    @property
    def attributes(self) -> Attributes:
        """As they are exported."""
        return (
            ("gradual.group", self.group),
            ("gradual.step", self.step),
            ("gradual.action", self.action),
            ("gradual.warm_up", self.warm_up),
        )


@dataclass(slots=True)
class Sums:
    """Of one stream: requests, failures by kind, response times."""

    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    times: Histogram = field(default_factory=Histogram)

    def copy(self) -> Sums:
        """As they are now."""
        times = Histogram()
        times.merge(self.times)
        return Sums(self.requests, self.failures.copy(), times)


@dataclass(frozen=True, slots=True)
class Instant:
    """The values of one interval; `at` is Unix time, ns."""

    at: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One export. `sums` hold what was measured from `start` to `at`, Unix time in ns; `instants` in order."""

    temporality: Temporality
    start: int
    at: int
    sums: tuple[tuple[Stream, Sums], ...]
    instants: tuple[Instant, ...]

    @property
    def requests(self) -> int:
        """All that are in it."""
        return sum(sums.requests for _, sums in self.sums)


class Ledger:
    """Takes closed intervals in, and hands out parcels. `begin`: when the schedule began, Unix time in ns."""

    def __init__(self, temporality: Temporality, begin: int, most_waiting: int = MOST_WAITING) -> None:
        self._temporality: Temporality = temporality
        self._begin = begin
        self._at = begin
        self._told = begin
        self._sums: dict[Stream, Sums] = {}
        self._instants: deque[Instant] = deque()
        self._most_waiting = most_waiting
        self._waiting = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to hand out."""
        return not self._instants

    def add(self, record: IntervalRecord) -> None:
        """Take in the next interval."""
        self._at = self._begin + round(record.end_s * NS_PER_S)
        for row in record.actions():
            sums = self._sums.setdefault(Stream(row.group, row.step, row.action, record.warm_up), Sums())
            sums.requests += row.requests
            sums.failures.update(row.errors)
            sums.times.merge(row.histogram)
        self._note(tuple(_values(record)))

    def judge(self, objectives: Sequence[ObjectiveRow], at: int) -> None:
        """Take in the verdict at the end, when a lack of data has become a judgement too."""
        self._at = max(at, self._at + 1)
        self._note(tuple(_judged(row) for row in objectives if row.passed is not None))

    def _note(self, values: tuple[Value, ...]) -> None:
        self._instants.append(Instant(self._at, values))
        self._waiting += len(values)
        while self._waiting > self._most_waiting and len(self._instants) > 1:
            self._waiting -= len(self._instants.popleft().values)

    def take(self) -> Parcel:
        """What there is, as one parcel: of the waiting intervals those that it has room for.

        Sums go into the first parcel that can tell them: never twice for the same instant.
        """
        start = self._begin if self._temporality == "cumulative" else self._told
        sums = tuple(self._taken_sums()) if self._at > self._told else ()
        self._told = self._at
        return Parcel(self._temporality, start, self._at, sums, tuple(self._first()))

    def _taken_sums(self) -> Iterator[tuple[Stream, Sums]]:
        if self._temporality == "cumulative":
            yield from ((stream, sums.copy()) for stream, sums in self._sums.items())
            return
        yield from self._sums.items()
        self._sums = {}

    def _first(self) -> Iterator[Instant]:
        room = MOST_PER_PARCEL
        while self._instants and (room == MOST_PER_PARCEL or len(self._instants[0].values) <= room):
            instant = self._instants.popleft()
            room -= len(instant.values)
            self._waiting -= len(instant.values)
            yield instant


def _values(record: IntervalRecord) -> Iterator[Value]:
    for group in record.users:
        of_group = ("gradual.group", group)
        yield Value("gradual.users", (of_group, ("gradual.user.state", "active")), record.users[group])
        yield Value("gradual.users", (of_group, ("gradual.user.state", "stopping")), record.stopping[group])
        yield Value("gradual.target_users", (of_group,), record.target[group])
    for agent in record.health:
        yield from _health(agent)
    yield from (_judged(row) for row in record.objectives if row.observed is not None and row.passed is not None)


def _judged(row: ObjectiveRow) -> Value:
    attributes = (("gradual.objective.name", row.name), ("gradual.objective.severity", row.severity))
    return Value("gradual.objective.passed", attributes, float(bool(row.passed)))


def _health(agent: AgentHealth) -> Iterator[Value]:
    """What is known of an agent: a lag that nobody saw is not exported."""
    name: Attributes = (("gradual.agent", agent.agent),)
    yield Value("gradual.agent.cpu.utilization", name, agent.cpu)
    yield Value("gradual.agent.connections", name, agent.connections)
    lags = {"gradual.agent.loop_lag": agent.loop_lag_ms_max, "gradual.agent.start_lag": agent.start_lag_ms_max}
    for metric, lag_ms in lags.items():
        if lag_ms is not None:
            yield Value(metric, name, lag_ms * NS_PER_MS / NS_PER_S)
