"""The CSV files: what was measured and what the summary says, row by row, readable at any moment of the run."""

import csv
import io
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from raw_run import MS, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of
from searched_run import SearchedRun, queue

from gradual_common.kinds.failures import KINDS
from gradual_master.errors import ReporterError
from gradual_master.reporting.csvfiles import AT_THE_END, DURING, NAMES, CsvReporter, cell, header
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.summary.sections import DataRow, Summary
from gradual_master.results.summary.summary import build_summary


def measured(seconds: int = 3) -> tuple[list[IntervalRecord], Summary]:
    """Second k has k + 1 logins of 10 ms; every second but the first two failed browses."""
    plan = plan_of(thresholds=["p95(login) < 500ms", {"rule": "max < 1s", "name": 'odd, "name"', "severity": "warn"}])
    schedule = schedule_of(*[(4, 2)] * seconds, seconds=1, warm_up=1)
    aggregate, records = aggregate_of(plan, schedule), []
    for number in range(seconds):
        failed = [(1, "timeout", 30 * S), (1, "status", MS), (1, "status", MS)] if number else []
        samples = [(0, "", 10 * MS)] * (number + 1) + failed
        users = [(3, 1, 1, 0.5), (2, 0.25, 0.5, 0)]
        stretch = Stretch(
            number,
            number * S,
            (number + 1) * S,
            samples,
            users=users,
            statuses=[(0, 200, number + 1), *([(1, 500, 2)] if number else [])],
        )
        aggregate.merge("a", batch_of(number + 1, number, stretch, last=number == seconds - 1))
        records.append(aggregate.close(number))
    fleet = fleet_of(agent("a"), agent("b", lost=True))
    return records, build_summary(aggregate, fleet, run_of())


def read(path: Path) -> list[dict[str, str]]:
    """By a reader that refuses what RFC 4180 does not allow."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True, restval="MISSING", restkey="EXTRA"))


def begun(folder: Path) -> CsvReporter:
    reporter = CsvReporter(str(folder))
    reporter.prepare()
    reporter.on_test_start(run_of())
    return reporter


def written(folder: Path) -> tuple[dict[str, list[dict[str, str]]], list[IntervalRecord], Summary]:
    records, summary = measured()
    reporter = begun(folder)
    for record in records:
        reporter.on_interval(record)
    reporter.on_test_complete(summary)
    reporter.close()
    return {name: read(folder / name) for name in NAMES}, records, summary


def number(text: str) -> float | None:
    return float(text) if text else None


def test_every_interval_is_a_row_with_what_it_measured(tmp_path: Path) -> None:
    tables, records, _ = written(tmp_path)
    assert len(tables["intervals.csv"]) == len(records) == 3
    for row, record in zip(tables["intervals.csv"], records, strict=True):
        assert (row["interval"], row["phase"]) == (str(record.number), record.phase)
        assert row["warm_up"] == ("true" if record.number == 0 else "false")
        for column, value in {
            "start_s": record.start_s,
            "end_s": record.end_s,
            "target_users": 6,
            "active_users": 5,
            "stopping_users": 0.5,
            "in_request_users": record.in_flight,
            "thinking_users": record.thinking,
            "requests": record.requests,
            "failures": record.failures,
            "throughput_rps": record.throughput_rps,
            "request_rate_rps": record.request_rate_rps,
            "min_ms": record.response_time_ms.min,
            "mean_ms": record.response_time_ms.mean,
            "p50_ms": record.response_time_ms.p50,
            "p90_ms": record.response_time_ms.p90,
            "p95_ms": record.response_time_ms.p95,
            "p99_ms": record.response_time_ms.p99,
            "p99_9_ms": record.response_time_ms.p99_9,
            "max_ms": record.response_time_ms.max,
            "agents": record.agents,
        }.items():
            assert number(row[column]) == value, column
    assert [row["errors"] for row in tables["intervals.csv"]] == ["", "status=2;timeout=1", "status=2;timeout=1"]


def test_groups_and_steps_of_every_interval_have_files_of_their_own(tmp_path: Path) -> None:
    tables, records, _ = written(tmp_path)
    groups = [tuple(row.values()) for row in tables["interval_groups.csv"]]
    assert groups[:2] == [("0", "customer", "4.0", "3.0", "0.5"), ("0", "guest", "2.0", "2.0", "0.0")]
    assert len(groups) == 6
    steps = [row for record in records for row in record.actions()]
    assert len(tables["interval_actions.csv"]) == len(steps) == 5
    for row, step in zip(tables["interval_actions.csv"], steps, strict=True):
        assert (row["group"], row["step"], row["action"]) == (step.group, step.step, step.action)
        assert (int(row["requests"]), int(row["failures"])) == (step.requests, step.failures)
        for name in ("p50", "p95", "p99", "max"):
            assert number(row[f"{name}_ms"]) == step.response_time_ms[name]
    by_interval = [
        sum(int(row["requests"]) for row in tables["interval_actions.csv"] if row["interval"] == n) for n in "012"
    ]
    assert by_interval == [int(row["requests"]) for row in tables["intervals.csv"]]


def test_the_files_of_the_summary_are_the_summary(tmp_path: Path) -> None:
    tables, _, summary = written(tmp_path)
    sections: dict[str, Any] = {
        "actions.csv": summary.actions,
        "errors.csv": summary.errors,
        "levels.csv": summary.levels,
        "agents.csv": summary.agents,
        "objectives.csv": summary.verdict.objectives,
    }
    for name, rows in sections.items():
        assert len(tables[name]) == len(rows) > 0
        for row, section in zip(tables[name], rows, strict=True):
            for column in row.keys() & set(section.keys()):
                value = section[column]
                if isinstance(value, int | float) and not isinstance(value, bool):
                    assert number(row[column]) == value, (name, column)
                elif isinstance(value, str):
                    assert row[column] == value
    browse = next(row for row in tables["actions.csv"] if row["step"] == "browse")
    assert (browse["requests"], browse["errors"], browse["success_ratio"]) == ("6", "status=4;timeout=2", "0.0")
    assert [(row["label"], row["count"], row["requests_ratio"]) for row in tables["errors.csv"]] == [
        ("HTTP 500", "4", "0.666667"),
        ("timed out", "2", "0.333333"),
    ]
    login = next(row for row in tables["actions.csv"] if row["step"] == "login")
    assert login["status_codes"] == "200=5"
    assert number(login["response_time_p99_9_ms"]) == summary.actions[0].response_time_ms.p99_9
    assert number(tables["levels.csv"][1]["p95_ms"]) == summary.levels[1].response_time_ms.p95
    assert tables["levels.csv"][0]["warm_up"] == "true"
    assert [row["lost"] for row in tables["agents.csv"]] == ["false", "true"]
    assert [row["passed"] for row in tables["objectives.csv"]] == ["true", "false", "false", "true"]
    assert tables["objectives.csv"][1]["name"] == 'odd, "name"'


def test_no_data_is_an_empty_cell(tmp_path: Path) -> None:
    tables, _, _ = written(tmp_path)
    rates = next(row for row in tables["actions.csv"] if row["step"] == "rates")
    empty = {column for column, text in rates.items() if text == ""}
    assert {"success_ratio", "errors", "status_codes", "response_time_p50_ms", "ttfb_max_ms"} <= empty
    assert rates["requests"] == rates["response_time_count"] == "0"
    assert tables["agents.csv"][1]["cpu_p95_ratio"] == ""
    plan, schedule = plan_of(), schedule_of((4, 2), seconds=1)
    idle = aggregate_of(plan, schedule).close(0)
    reporter = begun(tmp_path)
    reporter.on_interval(idle)
    row = read(tmp_path / "intervals.csv")[0]
    assert [row[column] for column in ("requests", "p50_ms", "max_ms", "errors")] == ["0", "", "", ""]
    reporter.close()


def test_what_was_measured_is_there_while_the_run_goes_on(tmp_path: Path) -> None:
    records, _ = measured()
    reporter = begun(tmp_path)
    for count, record in enumerate(records, 1):
        reporter.on_interval(record)
        assert len(read(tmp_path / "intervals.csv")) == count
        assert {row["interval"] for row in read(tmp_path / "interval_actions.csv")} == {str(n) for n in range(count)}
    assert not (tmp_path / "actions.csv").exists()
    reporter.close()


def test_an_earlier_run_is_replaced_and_other_files_are_left_alone(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "mine.csv").write_text("kept")
    reporter = begun(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*DURING, "mine.csv"])
    assert read(tmp_path / "intervals.csv") == []
    reporter.close()


def test_the_form_is_rfc_4180(tmp_path: Path) -> None:
    written(tmp_path)
    for name in NAMES:
        data = (tmp_path / name).read_bytes()
        assert data.endswith(b"\r\n")
        assert data.count(b"\n") == data.count(b"\r\n")
        widths = {len(row) for row in csv.reader(io.StringIO(data.decode(), newline=""), strict=True)}
        assert len(widths) == 1, "every row has as many cells as the header"
    assert b'"odd, ""name"""' in (tmp_path / "objectives.csv").read_bytes()


def test_names_come_back_with_any_characters_in_them(tmp_path: Path) -> None:
    records, summary = measured()
    odd = 'a,"b"\r\nü;='
    reporter = begun(tmp_path)
    reporter.on_interval(replace(records[0], phase=odd))
    reporter.on_test_complete(replace(summary, levels=(replace(summary.levels[0], phase=odd),)))
    reporter.close()
    assert read(tmp_path / "intervals.csv")[0]["phase"] == read(tmp_path / "levels.csv")[0]["phase"] == odd


def test_data_that_is_used_up_is_a_file(tmp_path: Path) -> None:
    _, summary = measured()
    reporter = begun(tmp_path)
    reporter.on_test_complete(replace(summary, data=(DataRow("voucher", 10, 10, 7, 3, True),)))
    reporter.close()
    [row] = read(tmp_path / "data.csv")
    assert list(row.values()) == ["voucher", "10", "10", "7", "3", "true"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0, "0"),
        (0.5, "0.5"),
        (True, "true"),
        (("a", "b"), "a;b"),
        ({"a": 1, "b": 2}, "a=1;b=2"),
        ("x", "x"),
    ],
)
def test_cells(value: Any, text: str) -> None:
    assert cell(value) == text


def test_no_failure_kind_contains_a_separator_of_cells() -> None:
    assert not any(re.search("[;=]", kind) for kind in KINDS)


def test_every_column_but_counts_names_and_flags_bears_its_unit() -> None:
    units = ("_s", "_ms", "_rps", "_users", "_ratio")
    tables = (*DURING.values(), *AT_THE_END.values())
    others = {name for table in tables for name in header(table) if not name.endswith(units)}
    assert others == {
        *("interval", "phase", "warm_up", "group", "step", "transaction", "action", "service", "agents"),
        *("errors", "status_codes", "marks", "tags"),
        *("requests", "failures", "sent", "unsent", "interrupted", "skipped", "count"),
        *("response_time_count", "exchange_count", "ttfb_count", "duration_count"),
        *("id", "name", "host", "begun", "merged", "saturated_intervals", "lost", "left"),
        *(
            "type",
            "resolution",
            "sum",
            "rate",
            "mean",
            "min",
            "p50",
            "p90",
            "p95",
            "p99",
            "max",
            "missing",
            "out_of_range",
        ),
        *("rows", "handed_out", "used", "exhausted"),
        *("purpose", "outcome", "certain", "too_few", "why"),
        *("confirmed", "recovered", "ended_by", "objectives"),
        *("watch", "value", "gaps"),
        *("kind", "status_code", "label", "cause", "example"),
        *("rule", "scope", "observed", "limit", "unit", "samples", "severity", "passed", "worst", "reason"),
    }


def test_without_an_argument_the_folder_is_gradual_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reporter = CsvReporter()
    reporter.prepare()
    assert list(tmp_path.iterdir()) == [], "preparing leaves nothing behind"
    reporter.on_test_start(run_of())
    reporter.close()
    assert (tmp_path / "gradual-csv" / "intervals.csv").exists()


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    begun(tmp_path / "a" / "b").close()
    assert (tmp_path / "a" / "b" / "intervals.csv").exists()


def test_closing_without_a_run_is_not_an_error(tmp_path: Path) -> None:
    reporter = CsvReporter(str(tmp_path))
    reporter.close()
    reporter.prepare()
    reporter.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_reported_before_the_load(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "levels.csv").mkdir(parents=True)
    for arg, message in (
        ("file", "cannot be made or written to: Not a directory"),
        ("file/folder", "cannot be made or written to: Not a directory"),
        ("taken", "levels.csv: this is a folder"),
    ):
        with pytest.raises(ReporterError, match=f"-o csv={tmp_path}/{arg}: .*{message}"):
            CsvReporter(str(tmp_path / arg)).prepare()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_reported_before_the_load(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ReporterError, match="Permission denied"):
        CsvReporter(str(tmp_path / "new")).prepare()


def test_the_documentation_names_every_file_and_the_columns_of_the_intervals() -> None:
    page = (Path(__file__).parents[3] / "docs/reporters.md").read_text()
    assert all(name in page for name in NAMES)
    shown = re.search(r"`intervals.csv` has the columns\n\n```text\n(.*?)\n```", page, re.DOTALL)
    assert shown is not None
    assert re.split(r",\s+", shown[1].strip()) == header(DURING["intervals.csv"])


def test_a_search_has_a_row_with_its_result_and_other_runs_have_none(tmp_path: Path) -> None:
    tables, _, _ = written(tmp_path / "ramp")
    assert tables["capacity.csv"] == []
    summary = SearchedRun(queue()).run()
    found = summary.analysis.capacity
    assert found is not None
    reporter = CsvReporter(str(tmp_path / "search"))
    reporter.on_test_complete(summary)
    (row,) = read(tmp_path / "search" / "capacity.csv")
    assert row == {
        "found_users": str(found.users),
        "low_users": str(found.low),
        "high_users": str(found.high),
        "confirmed": "true",
        "recovered": "true",
        "ended_by": "found",
        "initial_users": "10",
        "max_users": "200",
        "objectives": "mean < 100ms;error_rate < 5%",
    }
