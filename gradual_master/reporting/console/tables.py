"""What the run did: levels, actions, failures, agents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from gradual_master.reporting.console.layout import draw, fitting, indented
from gradual_master.reporting.tables import ACTIONS, AGENTS, LEVELS, Column
from gradual_master.reporting.text.failures import title_of, why
from gradual_master.reporting.text.formatting import show_rate, thinned
from gradual_master.results.judging.fleet import AgentRow
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.summary.sections import Summary

MOST_LEVELS = 40
"""Rows of the level table; of a longer one every so-manieth is shown."""

MOST_ERRORS = 10
"""Errors that are printed one by one, the most frequent first."""

LEVEL_COLUMNS = (
    "start_s users_of_target in_request_users requests request_rate_rps throughput_rps"
    " min_ms mean_ms p50_ms p90_ms p95_ms p99_ms max_ms failed remarks"
)
ACTION_TIMES = (
    "response_time_min_ms response_time_mean_ms response_time_p50_ms response_time_p90_ms response_time_p95_ms"
    " response_time_p99_ms response_time_max_ms failed"
)
AGENT_COLUMNS = "name requests cpu_p95_ratio loop_lag_p99_ms start_lag_p99_ms host health"


def levels(rows: Sequence[LevelRow], width: int) -> Iterator[RenderableType]:
    """One row a level: when, how many users, how much came of them."""
    columns = fitting(LEVELS.choose(LEVEL_COLUMNS), width)
    if len({row.phase for row in rows}) > 1:
        columns.insert(0, LEVELS["phase"])
    shown = thinned(rows, MOST_LEVELS)
    yield draw("Levels", columns, shown, width, lambda column, row: "yellow" if column.name == "remarks" else "")
    if len(shown) < len(rows):
        yield indented(f"{len(shown)} of {len(rows)} levels; the JSON summary has all of them", "dim")


def actions(summary: Summary, width: int) -> RenderableType:
    """One row a step."""
    seconds = summary.run.measured_s
    rate = Column("request_rate_rps", "req/s", lambda row: row.requests, lambda count: show_rate(count, seconds))
    has_groups = len({row.group for row in summary.actions}) > 1
    names = "group_and_step requests" if has_groups else "step requests"
    columns = fitting([*ACTIONS.choose(names), rate, *ACTIONS.choose(ACTION_TIMES)], width)
    return draw("Actions", columns, summary.actions, width, _mark_failed)


def _mark_failed(column: Column, row: Any) -> str:
    return "red" if column.name == "failed" and row.failures else ""


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
    columns = fitting(AGENTS.choose(AGENT_COLUMNS), width)
    return draw("Agents", columns, rows, width, lambda column, row: "red" if column.name == "health" else "")
