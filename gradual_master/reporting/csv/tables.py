"""The tables of the CSV reporter: which columns each has, and what stands in them.

A column's name ends in its unit (`_s`, `_ms`, `_rps`, `_users`, `_ratio`: a part of 1); one without is a count, a
name or a flag. A cell without data is empty. Failures by kind and the like stand in one cell, `status=2;timeout=1`:
a run knows two or three of the nineteen kinds, so a column for each would be mostly zeros, and a column only for
those that occur cannot be known when the first interval is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

from gradual_master.results.judging.objectives import ObjectiveRow
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.intervals import ActionInterval, IntervalRecord
from gradual_master.results.summary.sections import Summary

R = TypeVar("R")
Columns = Mapping[str, Callable[[Any], Any]]
"""Each column's name, and how it is read from what a row is about."""


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """One file. `entries`: what of a record the rows are about, one row each."""

    name: str
    entries: Callable[[R], Iterable[Any]]
    columns: Columns

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return list(self.columns)

    def rows(self, record: R) -> Iterator[list[str]]:
        """The rows of a record as texts."""
        return ([cell(read(entry)) for read in self.columns.values()] for entry in self.entries(record))


def cell(value: Any) -> str:
    """A value as the files show it: nothing for no data, `true` and `false`, a list as `a;b`, counts as `a=1;b=2`."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case dict():
            return ";".join(f"{name}={count}" for name, count in value.items())
        case tuple():
            return ";".join(map(str, value))
    return str(value)


@dataclass(frozen=True, slots=True)
class GroupInterval:
    """One user group in one interval: mean users."""

    interval: int
    group: str
    target: float
    active: float
    stopping: float


@dataclass(frozen=True, slots=True)
class StepOfInterval:
    """One step in one interval."""

    interval: int
    row: ActionInterval


def _groups_of(record: IntervalRecord) -> Iterator[GroupInterval]:
    for group, target in record.target.items():
        yield GroupInterval(record.number, group, target, record.users[group], record.stopping[group])


def _steps_of(record: IntervalRecord) -> Iterator[StepOfInterval]:
    return (StepOfInterval(record.number, row) for row in record.actions())


def _same(*names: str, within: str = "") -> Columns:
    """Columns that are called as the attributes are."""
    return {name: attrgetter(within + name) for name in names}


def _users(name: str) -> Callable[[IntervalRecord], float]:
    """All groups together, of means that are rounded to a thousandth."""
    return lambda record: round(sum(getattr(record, name).values()), 3)


_STATISTICS = tuple(field.name for field in fields(Distribution))
_TIMES = tuple(name for name in _STATISTICS if name != "count")


def _times(path: str, names: Sequence[str] = _STATISTICS, prefix: str = "") -> Columns:
    """The statistics of a distribution; all but its count are milliseconds."""
    return {prefix + (name if name == "count" else f"{name}_ms"): attrgetter(f"{path}.{name}") for name in names}


INTERVALS: Table[IntervalRecord] = Table(
    "intervals.csv",
    lambda record: (record,),
    {
        "interval": attrgetter("number"),
        **_same("start_s", "end_s", "phase", "warm_up"),
        "target_users": _users("target"),
        "active_users": _users("users"),
        "stopping_users": _users("stopping"),
        "in_request_users": attrgetter("in_flight"),
        "thinking_users": attrgetter("thinking"),
        **_same("requests", "failures", "throughput_rps", "request_rate_rps"),
        **_times("response_time_ms", _TIMES),
        **_same("agents"),
        "errors": attrgetter("errors"),
    },
)

INTERVAL_GROUPS: Table[IntervalRecord] = Table(
    "interval_groups.csv",
    _groups_of,
    {
        **_same("interval", "group"),
        "target_users": attrgetter("target"),
        "active_users": attrgetter("active"),
        "stopping_users": attrgetter("stopping"),
    },
)

INTERVAL_ACTIONS: Table[IntervalRecord] = Table(
    "interval_actions.csv",
    _steps_of,
    {
        **_same("interval"),
        **_same("group", "step", "action", "requests", "failures", within="row."),
        **_times("row.response_time_ms", ("p50", "p95", "p99", "max")),
        "errors": attrgetter("row.errors"),
    },
)

ACTIONS: Table[Summary] = Table(
    "actions.csv",
    attrgetter("actions"),
    {
        **_same("group", "step", "action", "requests", "failures"),
        "success_ratio": attrgetter("success_rate"),
        **_same("sent", "unsent", "interrupted", "skipped"),
        "errors": attrgetter("errors"),
        **_same("status_codes"),
        **_times("response_time_ms", prefix="response_time_"),
        **_times("exchange_ms", prefix="exchange_"),
        **_times("ttfb_ms", prefix="ttfb_"),
    },
)

ERRORS: Table[Summary] = Table(
    "errors.csv",
    attrgetter("errors"),
    {
        **_same("group", "step", "action", "kind", "status_code", "label", "count"),
        "requests_ratio": attrgetter("share"),
        **_same("first_s", "last_s", "cause", "example"),
    },
)
"""`requests_ratio` is a part of the step's requests."""

LEVELS: Table[Summary] = Table(
    "levels.csv",
    attrgetter("levels"),
    {
        **_same("phase", "warm_up", "start_s", "end_s", "steady_from_s"),
        "target_users": attrgetter("target"),
        "active_users": attrgetter("users_mean"),
        "in_request_users": attrgetter("in_flight_mean"),
        "thinking_users": attrgetter("thinking_mean"),
        **_same("missing_user_s", "throughput_rps", "request_rate_rps", "requests", "failures"),
        **_times("response_time_ms"),
        **_same("marks"),
    },
)

AGENTS: Table[Summary] = Table(
    "agents.csv",
    attrgetter("agents"),
    {
        **_same("id", "name", "host", "requests", "begun", "merged"),
        "cpu_p95_ratio": attrgetter("cpu_p95"),
        "loop_lag_p99_ms": attrgetter("loop_lag_ms_p99"),
        "start_lag_p99_ms": attrgetter("start_lag_ms_p99"),
        "saturated_intervals": attrgetter("saturated"),
        **_same("lost", "left", "clock_offset_ms"),
    },
)

OBJECTIVES: Table[Summary] = Table(
    "objectives.csv",
    attrgetter("verdict.objectives"),
    _same(*(field.name for field in fields(ObjectiveRow))),
)
"""`observed`, `limit` and `worst` are in the unit that the column `unit` names."""

DURING = (INTERVALS, INTERVAL_GROUPS, INTERVAL_ACTIONS)
"""What grows while the run goes on."""

AT_THE_END = (ACTIONS, ERRORS, LEVELS, AGENTS, OBJECTIVES)
"""What the summary says."""
