"""What the run did: levels, actions, failures, agents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from gradual_master.reporting.console.layout import ROOMY, WIDE, Column, draw, indented
from gradual_master.reporting.text.failures import title_of, why
from gradual_master.reporting.text.formatting import (
    show_count,
    show_health,
    show_instant,
    show_number,
    show_of_target,
    show_percent,
    show_rate,
    show_share,
    thinned,
)
from gradual_master.reporting.text.level_notes import remarks_of
from gradual_master.results.judging.fleet import AgentRow
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.measures.levels import LevelRow
from gradual_master.results.summary.sections import ActionRow, Summary

MOST_LEVELS = 40
"""Rows of the level table; of a longer one every so-manieth is shown."""

MOST_ERRORS = 10
"""Errors that are told one by one, the most frequent first."""


def _times(*names: str, since: int = 0) -> list[Column[LevelRow | ActionRow]]:
    """Statistics of response times, ms."""
    return [Column(f"{name} ms", _reader(name), since) for name in names]


def _reader(name: str) -> Callable[[LevelRow | ActionRow], str]:
    def read(row: LevelRow | ActionRow) -> str:
        times: Distribution = row.response_time_ms
        return show_number(times[name])

    return read


def levels(rows: Sequence[LevelRow], width: int) -> Iterator[RenderableType]:
    """One row a level: when, how many users, how much came of them."""
    phase: Column[LevelRow] = Column("Levels", lambda row: Text(row.phase), is_text=True)
    many = len({row.phase for row in rows}) > 1
    columns: list[Column[LevelRow]] = [
        *([phase] if many else ()),
        Column("from" if many else "Levels", lambda row: show_instant(round(row.start_s, 1))),
        Column("users", lambda row: show_of_target(row.users_mean, row.target)),
        Column("in flight", lambda row: show_number(row.in_flight_mean), WIDE),
        Column("requests", lambda row: show_count(row.requests)),
        Column("req/s", lambda row: show_number(row.request_rate_rps), ROOMY),
        Column("ok/s", lambda row: show_number(row.throughput_rps)),
        *_times("min", "mean", since=WIDE),
        *_times("p50"),
        *_times("p90", since=ROOMY),
        *_times("p95", "p99"),
        *_times("max", since=WIDE),
        Column("failed", lambda row: show_share(row.failures, row.requests)),
        Column("", lambda row: Text(", ".join(remarks_of(row)), "yellow"), is_text=True),
    ]
    shown = thinned(rows, MOST_LEVELS)
    yield draw(columns, shown, width)
    if len(shown) < len(rows):
        yield indented(f"{len(shown)} of {len(rows)} levels; the JSON summary has all of them", "dim")


def actions(summary: Summary, width: int) -> RenderableType:
    """One row a step."""
    groups = len({row.group for row in summary.actions}) > 1
    seconds = summary.run.measured_s
    columns: list[Column[ActionRow]] = [
        Column("Actions", lambda row: Text(f"{row.group} / {row.step}" if groups else row.step), is_text=True),
        Column("requests", lambda row: show_count(row.requests)),
        Column("req/s", lambda row: show_rate(row.requests, seconds), ROOMY),
        *_times("min", "mean", since=WIDE),
        *_times("p50"),
        *_times("p90", since=ROOMY),
        *_times("p95", "p99", "max"),
        Column("failed", _failed),
    ]
    return draw(columns, summary.actions, width)


def _failed(row: ActionRow) -> Text:
    return Text(show_share(row.failures, row.requests), "red" if row.failures else "")


def failures(rows: Sequence[ErrorRow]) -> Iterator[RenderableType]:
    """What failed, how often, where and when, and the first cause of each."""
    if not rows:
        return
    yield Text("\nErrors", "bold")
    for row in rows[:MOST_ERRORS]:
        yield indented(title_of(row), "red")
        if said := why(row):
            yield indented(said, "dim", by=4)
    if len(rows) > MOST_ERRORS:
        yield indented(f"and {len(rows) - MOST_ERRORS} more; the reports have all of them", "dim")


def agents(rows: Sequence[AgentRow], width: int) -> RenderableType:
    """One row an agent."""
    columns: list[Column[AgentRow]] = [
        Column("Agents", lambda row: Text(row.name), is_text=True),
        Column("requests", lambda row: show_count(row.requests)),
        Column("cpu p95", lambda row: show_percent(row.cpu_p95)),
        Column("loop lag p99 ms", lambda row: show_number(row.loop_lag_ms_p99, 2)),
        Column("start lag p99 ms", lambda row: show_number(row.start_lag_ms_p99, 2)),
        Column("host", lambda row: Text(row.host), ROOMY),
        Column("", lambda row: Text(show_health(row), "red"), is_text=True),
    ]
    return draw(columns, rows, width)
