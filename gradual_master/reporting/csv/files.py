"""The files of the CSV reporter: which table each holds, and how a cell is written.

A cell without data is empty. Failures by kind and the like stand in one cell, `status=2;timeout=1`: a run knows two or
three of the nineteen kinds, so a column for each would be mostly zeros, and a column only for those that occur cannot
be known when the first interval is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from gradual_master.reporting import tables
from gradual_master.reporting.tables import STATISTICS, Column, Table, column, raw, times
from gradual_master.results.measures.intervals import IntervalRecord


def _groups_of(record: IntervalRecord) -> Iterator[SimpleNamespace]:
    """One user group in one interval: mean users."""
    for group, target in record.target.items():
        users, stopping = record.users[group], record.stopping[group]
        yield SimpleNamespace(interval=record.number, group=group, target=target, active=users, stopping=stopping)


def _steps_of(record: IntervalRecord) -> Iterator[SimpleNamespace]:
    """One step in one interval."""
    return (SimpleNamespace(interval=record.number, row=row) for row in record.actions())


def _all_groups(name: str, of: str) -> Column:
    """All groups together, of means that are rounded to a thousandth."""
    return Column(name, "", lambda record: round(sum(getattr(record, of).values()), 3))


INTERVALS = Table(
    lambda record: (record,),
    (
        column("interval", of="number"),
        *raw("start_s end_s phase warm_up"),
        _all_groups("target_users", "target"),
        _all_groups("active_users", "users"),
        _all_groups("stopping_users", "stopping"),
        column("in_request_users", of="in_flight"),
        column("thinking_users", of="thinking"),
        *raw("requests failures throughput_rps request_rate_rps"),
        *times("response_time_ms", [name for name in STATISTICS if name != "count"]),
        *raw("agents errors"),
    ),
)

INTERVAL_GROUPS = Table(
    _groups_of,
    (
        *raw("interval group"),
        column("target_users", of="target"),
        column("active_users", of="active"),
        column("stopping_users", of="stopping"),
    ),
)

INTERVAL_ACTIONS = Table(
    _steps_of,
    (
        column("interval"),
        *raw("group step action requests failures", within="row."),
        *times("row.response_time_ms", ("p50", "p95", "p99", "max")),
        *raw("errors", within="row."),
    ),
)

DURING = {
    "intervals.csv": INTERVALS,
    "interval_groups.csv": INTERVAL_GROUPS,
    "interval_actions.csv": INTERVAL_ACTIONS,
}
"""What grows while the run goes on."""

AT_THE_END = {
    "actions.csv": tables.ACTIONS,
    "errors.csv": tables.ERRORS,
    "levels.csv": tables.LEVELS,
    "agents.csv": tables.AGENTS,
    "objectives.csv": tables.OBJECTIVES,
}
"""What the summary says."""


def header(table: Table) -> list[str]:
    """The names of the columns of a file."""
    return [column.name for column in table.data]


def rows(table: Table, record: Any) -> Iterator[list[str]]:
    """The rows of a record, an interval or a summary, as texts."""
    return ([cell(column.read(row)) for column in table.data] for row in table.rows(record))


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
