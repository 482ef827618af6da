"""The tables of a summary: their columns, the value of each, and how it is shown.

Layouts (console, Markdown, HTML, CSV, notebooks) choose columns by their names and draw them; no layout reads a field
of a row that has a column here. A name ends in its unit (`_s`, `_ms`, `_rps`, `_users`, `_ratio`: a part of 1); a name
without a unit is of a count, a name or a flag.

`data` are the measured values, unrounded, in the order of the CSV files. `derived` are made of them for people; where
two layouts show the same thing in different words, both columns are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cached_property, partial
from operator import attrgetter
from typing import Any, Literal

from gradual_master.reporting.text.failures import why
from gradual_master.reporting.text.formatting import (
    NO_DATA,
    notes_of,
    remarks_of,
    show_count,
    show_exactly,
    show_health,
    show_instant,
    show_number,
    show_of_target,
    show_percent,
    show_tenth,
    show_value,
)
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.watches import WatchRow

State = Literal["passed", "failed", "warning", "none"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    """The name by which layouts choose it, and its name in CSV files."""

    heading: str
    """As people read it, with its unit; console and Markdown write it in small letters."""

    read: Callable[[Any], Any]
    """Returns its value in a row; None where there is no data."""

    show: Callable[[Any], str] = str
    """Formats that value for people."""

    is_text: bool = False
    """Whether it holds names or remarks: these may be long, may need escaping, and are aligned left; numbers right."""

    def text(self, row: Any) -> str:
        """The formatted value in a row."""
        return self.show(self.read(row))


@dataclass(frozen=True)
class Table:
    """The columns of one table, and its rows."""

    rows: Callable[[Any], Iterable[Any]]
    """Returns the rows of a record, such as the summary."""

    data: tuple[Column, ...]
    derived: tuple[Column, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in (*self.data, *self.derived)}

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def choose(self, names: str) -> list[Column]:
        """Columns in the order of their names, which are separated by blanks."""
        return [self[name] for name in names.split()]


def column(name: str, heading: str = "", show: Callable[[Any], str] = str, *, of: str = "") -> Column:
    """A column of the attribute `of`, by default that of its name."""
    return Column(name, heading, attrgetter(of or name), show)


def text(name: str, heading: str = "", *, of: str = "") -> Column:
    """A column of texts, as `column`."""
    return Column(name, heading, attrgetter(of or name), is_text=True)


def raw(names: str, within: str = "") -> tuple[Column, ...]:
    """Columns for CSV files only, each with the name of its attribute."""
    return tuple(column(name, of=within + name) for name in names.split())


STATISTICS = tuple(field.name for field in fields(Distribution))


def times(of: str, names: Iterable[str] = STATISTICS, prefix: str = "") -> tuple[Column, ...]:
    """The statistics of a distribution; all but its count are milliseconds."""
    return tuple(
        column(prefix + name, of=f"{of}.{name}")
        if name == "count"
        else column(f"{prefix}{name}_ms", f"{name} ms", show_number, of=f"{of}.{name}")
        for name in names
    )


FAILED_SHARE = Column(
    "failed", "Failed", lambda row: row.failures / row.requests if row.requests else None, show_percent
)
STEP = Column("group_and_step", "Action", lambda row: f"{row['group']} / {row['step']}", is_text=True)
show_finely = partial(show_number, places=2)

TOTALS = Table(
    lambda summary: (summary.totals,),
    (
        column("requests", "Requests", show_count),
        column("failed", "Failed", show_percent, of="error_rate"),
        column("throughput_rps", "ok/s", show_number),
        *times("response_time_ms"),
        column("sent", "sent", show_count),
        column("warm_up_sent", "of them while warming up", show_count),
        column("setup_sent", "of them in setup and teardown", show_count),
        column("interrupted", "interrupted", show_count),
        column("unsent", "unsent", show_count),
        column("skipped", "skipped", show_count),
        column("hops", "redirect hops", show_count),
        column("retried", "retried", show_count),
        column("resent", "sent again", show_count),
        column("further", "in further requests", show_count),
        column("auth_sent", "of authentication", show_count),
    ),
)

LEVELS = Table(
    attrgetter("levels"),
    (
        text("phase", "Phase"),
        column("warm_up"),
        column("start_s", "From", show_tenth),
        *raw("end_s steady_from_s"),
        column("target_users", "Target", show_number, of="target"),
        column("active_users", "Users", show_number, of="users_mean"),
        column("in_request_users", "In flight", show_number, of="in_flight_mean"),
        column("thinking_users", of="thinking_mean"),
        column("missing_user_s"),
        column("throughput_rps", "ok/s", show_number),
        column("request_rate_rps", "req/s", show_number),
        column("requests", "Requests", show_count),
        column("failures"),
        *times("response_time_ms"),
        *raw("marks watch"),
    ),
    (
        Column("users_of_target", "Users", lambda row: show_of_target(row.users_mean, row.target)),
        FAILED_SHARE,
        Column("notes", "", notes_of, "; ".join, is_text=True),
        Column("remarks", "", remarks_of, ", ".join, is_text=True),
    ),
)

ACTIONS = Table(
    attrgetter("actions"),
    (
        *(text("group"), text("step", "Action"), text("action"), text("service", "Service")),
        *raw("tags"),
        column("requests", "Requests", show_count),
        column("failures"),
        column("success_ratio", of="success_rate"),
        *raw("sent unsent interrupted skipped errors status_codes"),
        *times("response_time_ms", prefix="response_time_"),
        *times("exchange_ms", prefix="exchange_"),
        *times("ttfb_ms", prefix="ttfb_"),
    ),
    (STEP, FAILED_SHARE, column("ok_p95_ms", "p95 of ok, ms", show_number, of="ok_response_time_ms.p95")),
)

TRANSACTIONS = Table(
    attrgetter("transactions"),
    (
        *(text("group"), text("transaction", "Transaction")),
        column("count", "Count", show_count),
        *raw("failures"),
        column("success_ratio", of="success_rate"),
        *raw("errors"),
        *times("duration_ms", prefix="duration_"),
    ),
    (
        Column("group_and_transaction", "Transaction", lambda row: f"{row.group} / {row.transaction}", is_text=True),
        Column("failed", "Failed", lambda row: row.failures / row.count if row.count else None, show_percent),
        column("ok_p95_ms", "p95 of ok, ms", show_number, of="ok_duration_ms.p95"),
    ),
)

METRICS = Table(
    attrgetter("metrics"),
    (
        *(text("name", "Metric"), text("type"), text("unit", "Unit")),
        *raw("resolution"),
        column("count", "Values", show_count),
        column("sum", "Sum", show_exactly),
        column("rate", "Per second", show_number),
        column("mean", "Mean", show_number),
        column("min", "Min", show_exactly),
        *(column(name, name, show_number) for name in ("p50", "p90", "p95", "p99")),
        column("max", "Max", show_exactly),
        column("missing", "Missing", show_count),
        column("out_of_range", "Out of range", show_count),
    ),
)
"""Numbers of the metric's own unit."""


def _show_since(seconds: float | None) -> str:
    return NO_DATA if seconds is None else show_instant(seconds)


WATCHES = Table(
    attrgetter("watches"),
    (
        *(text("name", "Watch"), text("unit", "Unit")),
        column("count", "Values", show_count),
        column("gaps", "Gaps", show_count),
        *(column(name, name.capitalize(), show_number) for name in ("mean", "min")),
        column("p95", "p95", show_number),
        column("max", "Max", show_number),
        column("failed_since_s", "None since", _show_since),
        column("reason"),
    ),
)
"""Numbers of the watch's own unit."""


def watch_columns(watches: Iterable[WatchRow]) -> list[Column]:
    """A column of the table of levels for each watch: its mean."""
    return [
        Column(f"watch_{row.name}", f"{row.name} {row.unit}".strip(), partial(_watched, row.name), show_number)
        for row in watches
    ]


def _watched(name: str, level: LevelRow) -> float | None:
    return level.watch.get(name)


def _capacity(summary: Any) -> Iterable[Any]:
    found = summary.analysis.capacity
    return () if found is None else (found,)


CAPACITY = Table(
    _capacity,
    (
        column("found_users", of="users"),
        column("low_users", of="low"),
        column("high_users", of="high"),
        *raw("confirmed recovered ended_by"),
        column("initial_users", of="initial"),
        column("max_users", of="max_concurrency"),
        *raw("objectives"),
    ),
)
"""What a search for capacity has found: one row, none in a plan without one."""


def _trials(summary: Any) -> Iterable[Any]:
    capacity = summary.analysis.capacity
    return () if capacity is None else capacity.trials


TRIALS = Table(
    _trials,
    (
        column("target_users", "Users", show_count, of="users"),
        text("purpose", "In order to"),
        column("started_s", "From", show_instant),
        column("ended_s", "To", show_instant),
        text("outcome", "Outcome"),
        *raw("certain too_few"),
        text("why", "Why"),
    ),
)
"""Levels that a search for capacity tried, in their order."""

DATA = Table(
    attrgetter("data"),
    (
        text("name", "Data set"),
        column("rows", "Rows", show_count),
        column("handed_out", "Handed out", show_count),
        column("used", "Used", show_count),
        column("lost", "Lost", show_count),
        column("exhausted", "Exhausted", lambda is_exhausted: "yes" if is_exhausted else "no"),
    ),
)

PHASES = Table(
    attrgetter("phases"),
    (
        text("name", "Phase"),
        column("start_s", "From", show_instant),
        column("end_s", "To", show_instant),
        column("requests", "Requests", show_count),
        column("failed", "Failed", show_percent, of="error_rate"),
        column("throughput_rps", "ok/s", show_number),
        *times("response_time_ms"),
    ),
)

ERRORS = Table(
    attrgetter("errors"),
    (
        *raw("group step action service kind status_code"),
        text("label", "Error"),
        column("count", "Count", show_count),
        column("requests_ratio", "Of its requests", show_percent, of="share"),
        column("first_s", "First", show_tenth),
        column("last_s", "Last", show_tenth),
        *raw("cause example"),
    ),
    (STEP, Column("why", "First cause", why, is_text=True)),
)

AGENTS = Table(
    attrgetter("agents"),
    (
        column("id"),
        text("name", "Agent"),
        column("host", "Host"),
        column("requests", "Requests", show_count),
        *raw("begun merged"),
        column("cpu_p95_ratio", "CPU p95", show_percent, of="cpu_p95"),
        column("loop_lag_p99_ms", "Loop lag p99 ms", show_finely, of="loop_lag_ms_p99"),
        column("start_lag_p99_ms", "Start lag p99 ms", show_finely, of="start_lag_ms_p99"),
        column("saturated_intervals", of="saturated"),
        *raw("lost left"),
        column("clock_offset_ms", "Clock offset ms", show_finely),
    ),
    (
        Column("unknown", "Begun − merged", lambda row: row.begun - row.merged, show_count),
        Column("health", "", show_health, is_text=True),
    ),
)


def _in_unit(name: str, heading: str) -> Column:
    return Column(f"{name}_in_unit", heading, lambda row: show_value(row[name], row.unit))


OBJECTIVES = Table(
    attrgetter("verdict.objectives"),
    (
        text("name", "Objective"),
        *raw("rule scope observed limit unit"),
        column("samples", "Samples", show_count),
        *raw("severity passed first_failed_at_s worst reason"),
    ),
    (_in_unit("observed", "Observed"), _in_unit("limit", "Limit"), _in_unit("worst", "Worst")),
)
"""`observed`, `limit` and `worst` are in the unit that the column `unit` names."""


def state_of(row: ObjectiveRow) -> State:
    """The result of an objective; `none`: it was not judged."""
    if row.passed is None:
        return "none"
    if row.passed:
        return "passed"
    return "warning" if row.severity == "warn" else "failed"
