"""Every column of every table can be read and shown of every row, and says the same in each layout."""

from dataclasses import replace
from typing import Any

import pytest
from simulated_run import simulated_run

from gradual_master.reporting.tables import (
    ACTIONS,
    AGENTS,
    ERRORS,
    LEVELS,
    OBJECTIVES,
    PHASES,
    TOTALS,
    Table,
    state_of,
)
from gradual_master.results.summary.sections import Summary

TABLES = (TOTALS, LEVELS, ACTIONS, PHASES, ERRORS, AGENTS, OBJECTIVES)


@pytest.fixture(scope="module")
def summary() -> Summary:
    return simulated_run(seconds=60, actions=4)


@pytest.mark.parametrize("table", TABLES)
def test_each_name_is_given_once_and_every_cell_can_be_shown(summary: Summary, table: Table) -> None:
    columns = (*table.data, *table.derived)
    assert len({column.name for column in columns}) == len(columns)
    rows = list(table.rows(summary))
    assert rows
    assert all(isinstance(column.text(row), str) for column in columns for row in rows)


def test_columns_are_chosen_by_name_in_the_order_asked_for() -> None:
    assert [column.heading for column in LEVELS.choose("p95_ms target_users")] == ["p95 ms", "Target"]
    with pytest.raises(KeyError):
        LEVELS.choose("nothing")


def test_the_share_of_failures_is_of_the_requests_and_none_without_any(summary: Summary) -> None:
    row = summary.actions[0]
    column = ACTIONS["failed"]
    assert column.text(replace(row, requests=8, failures=1)) == "12.5%"
    assert column.text(replace(row, requests=0, failures=0)) == "-"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"passed": None}, "none"),
        ({"passed": True}, "passed"),
        ({"passed": False, "severity": "fail"}, "failed"),
        ({"passed": False, "severity": "warn"}, "warning"),
    ],
)
def test_how_an_objective_came_out(summary: Summary, changes: dict[str, Any], state: str) -> None:
    assert state_of(replace(summary.verdict.objectives[0], **changes)) == state
