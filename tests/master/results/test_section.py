"""Sections are records, mappings, JSON and flat rows at once."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from histogram_samples import histogram_of
from simulated_run import simulated_run

from gradual_common.histogram.histogram import Histogram
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.metrics import MetricRow
from gradual_master.results.measures.watches import WatchRow
from gradual_master.results.section import Section, flat_row
from gradual_master.results.summary.sections import TABLES, DataRow, Summary, TransactionRow


@dataclass(frozen=True, slots=True)
class Inner(Section):
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outer(Section):
    inner: Inner
    rows: tuple[Inner, ...]
    counts: dict[str, int]
    nothing: None = None


OUTER = Outer(Inner(("a",)), (Inner(()), Inner(("b", "c"))), {"x": 1})


def test_a_section_becomes_plain_data_in_the_order_of_its_fields() -> None:
    plain = OUTER.to_dict()
    assert plain == {
        "inner": {"names": ["a"]},
        "rows": [{"names": []}, {"names": ["b", "c"]}],
        "counts": {"x": 1},
        "nothing": None,
    }
    assert json.loads(json.dumps(plain)) == plain
    assert OUTER.keys() == ("inner", "rows", "counts", "nothing")


def test_methods_are_not_keys() -> None:
    assert OUTER["inner"]["names"] == ("a",)
    with pytest.raises(KeyError, match="'to_dict'; there are inner, rows, counts, nothing"):
        OUTER["to_dict"]


@dataclass(frozen=True, slots=True)
class Row(Section):
    name: str
    value: float | None
    is_late: bool
    response_time_ms: Distribution
    errors: dict[str, int]
    marks: tuple[str, ...]
    histogram: dict[str, Any]


def test_a_distribution_is_a_column_for_each_statistic_and_counts_are_one_text() -> None:
    histogram = histogram_of([5_000_000])
    row = flat_row(Row("a", None, True, Distribution.of(histogram), {"status": 2, "dns": 1}, ("x", "y"), {"n": [1]}))
    assert list(row)[:5] == ["name", "value", "is_late", "response_time_count", "response_time_min_ms"]
    assert (row["response_time_count"], row["response_time_p99_9_ms"]) == (1, 5.0)
    assert (row["errors"], row["marks"]) == ("status=2;dns=1", "x;y")
    assert "histogram" not in row


@pytest.fixture(scope="module")
def summary() -> Summary:
    return simulated_run(seconds=24, actions=2)


NO_TIMES = Distribution.of(Histogram())
METRIC = MetricRow("m", "histogram", "EUR", 0.01, 1, 5.0, None, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 0, 0)
WATCH = WatchRow("db_cpu", "%", 3, 1, 50.0, 40.0, 60.0, 60.0, None, "refused")
DATA = DataRow("voucher", 10, 10, 7, 3, True)
TRANSACTION = TransactionRow("g", "buy", 2, 1, 0.5, {"status": 1}, NO_TIMES, NO_TIMES, {})


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_a_summary_is_flat(summary: Summary, table: str) -> None:
    rows = replace(summary, data=(DATA,), transactions=(TRANSACTION,), metrics=(METRIC,), watches=(WATCH,)).rows(table)
    assert rows
    assert all(row.keys() == rows[0].keys() for row in rows)
    assert all(isinstance(cell, str | int | float | None) for row in rows for cell in row.values())
    json.dumps(rows, allow_nan=False)


def test_the_rows_say_what_the_sections_say(summary: Summary) -> None:
    assert [row["response_time_p95_ms"] for row in summary.rows("levels")] == [
        level.response_time_ms.p95 for level in summary.levels
    ]
    assert [row["name"] for row in summary.rows("objectives")] == [row.name for row in summary.verdict.objectives]


def test_another_name_is_refused_with_those_that_there_are(summary: Summary) -> None:
    with pytest.raises(
        KeyError, match="'totals'; there are actions, groups, data, transactions, metrics, watches, phases"
    ):
        summary.rows("totals")
