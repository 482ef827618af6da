"""A file of measurements is read as it was meant, or refused with the line and what would be right."""

import json
from typing import Any

import pytest
from searched_run import SearchedRun, queue
from simulated_run import simulated_run

from gradual.analyze.measurements import read_measurements
from gradual.errors import MeasurementsRefusedError
from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.levels import MeasuredLevel

ROW = {
    "target": 10,
    "users_mean": 9.9,
    "throughput_rps": 20.0,
    "request_rate_rps": 25.0,
    "thinking_mean": 5.0,
    "response_time_ms": {"mean": 250.0},
    "marks": [],
    "warm_up": False,
}


def summary(*levels: Any, schema: str = "gradual.summary/1") -> str:
    return json.dumps({"schema": schema, "levels": list(levels)})


def refusal(text: str) -> str:
    with pytest.raises(MeasurementsRefusedError) as caught:
        read_measurements(text, "data.csv")
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "concurrency,throughput,latency_ms\n10,95.5,50\n20,180,62.5\n",
        "time,Throughput , Latency_ms,CONCURRENCY\n1,95.5,50,10\n\n2, 180, 62.5, 20\n",
        '"concurrency","throughput","latency_ms"\r\n"10","95.5","50"\r\n20,1.8e2,62.5\r\n',
    ],
    ids=["as documented", "other columns, order, case, spaces and empty lines", "quotes, CR LF and exponents"],
)
def test_a_table_is_read_by_the_names_of_its_columns(text: str) -> None:
    read = read_measurements(text, "data.csv")
    assert read.levels == (MeasuredLevel(10, 95.5, 0.05), MeasuredLevel(20, 180, 0.0625))
    assert read.left_out == 0


def test_empty_cells_after_the_last_column_are_nothing() -> None:
    assert read_measurements("concurrency,throughput\n1,2,, \n", "-").levels == (MeasuredLevel(1, 2),)


def test_response_times_may_be_missing_in_a_line_or_everywhere() -> None:
    assert read_measurements("concurrency,throughput\n1,2\n", "-").levels == (MeasuredLevel(1, 2),)
    lines = read_measurements("concurrency,throughput,latency_ms\n1,2,\n2,3\n3,4,10\n", "-").levels
    assert [level.latency_s for level in lines] == [None, None, 0.01]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (" \n", "data.csv is empty; the first line names the columns"),
        ("users,throughput\n1,2\n", "line 1: there is no column concurrency, only users, throughput"),
        ("concurrency;throughput\n1;2\n", "line 1: there is no column concurrency, only concurrency;throughput"),
        ("\nconcurrency\n1\n", "line 2: there is no column throughput"),
        ("concurrency,throughput,throughput\n1,2,3\n", "line 1: there are 2 columns throughput; keep one"),
        ("concurrency,throughput\n1,2\n\n2,\n", "line 4: there is no throughput; add it, or leave the line out"),
        ("concurrency,throughput\n1\n", "line 2: there is no throughput"),
        ("concurrency,throughput\n1,-2\n", "line 2: throughput is -2; allowed is a number above 0"),
        ("concurrency,throughput\n0,2\n", "line 2: concurrency is 0"),
        ("concurrency,throughput\n1,nan\n", "line 2: throughput is nan"),
        ("concurrency,throughput\n1,1e300\n", "(1e-06 to 1e+12)"),
        ("concurrency,throughput\n1,1_000\n", "throughput is 1_000"),
        ('concurrency,throughput\n1,"1,000.5"\n', "without separators, such as 1234.5"),
        (
            "concurrency,throughput\n10,1,234\n",
            "line 2: there are 3 cells, but 2 columns in the first line; numbers have",
        ),
        ("concurrency,throughput\n5,600\n10,1234,5\n", "line 3: there are 3 cells, but 2 columns"),
        ("concurrency,throughput,latency_ms\n10,1,234,56\n", "(1234.5, not 1,234.5 or 1234,5)"),
        ("concurrency,throughput,latency_ms\n1,2,fast\n", "line 2: latency_ms is fast"),
        (f"concurrency,throughput\n1,{'9' * 200_000}\n", "line 2: "),
    ],
)
def test_what_cannot_be_a_table_is_refused_by_its_line(text: str, says: str) -> None:
    assert says in refusal(text)


def test_a_long_value_is_shortened() -> None:
    assert len(refusal(f"concurrency,throughput\n1,{'x' * 5000}\n")) < 400


def test_a_level_of_a_summary_has_its_users_and_times() -> None:
    read = read_measurements(summary(ROW), "run.json")
    assert read.levels == (MeasuredLevel(9.9, 20.0, latency_s=0.25, think_s=0.2),)


def test_a_summary_gives_what_the_run_itself_found() -> None:
    summary = simulated_run(120)
    read = read_measurements(json.dumps(summary.to_dict()), "run.json")
    assert summary.analysis.scalability is not None
    assert analyse_scalability(read.levels) == summary.analysis.scalability


def test_of_a_search_only_the_levels_that_it_tried_count_as_in_its_own_report() -> None:
    summary = SearchedRun(queue()).run()
    found = summary.analysis.scalability
    assert found is not None
    assert found.reason is None
    measured = [level for level in summary.levels if level.throughput_rps]
    read = read_measurements(json.dumps(summary.to_dict()), "run.json")
    assert len(read.levels) == found.values < len(measured), "it settled, and looked for recovery, at others"
    assert analyse_scalability(read.levels) == found


def test_levels_that_do_not_show_the_system_are_left_out_and_counted() -> None:
    warm_up, empty = {**ROW, "warm_up": True}, {**ROW, "throughput_rps": None}
    busy, unsteady = {**ROW, "marks": ["saturated"]}, {**ROW, "marks": ["unsteady"]}
    read = read_measurements(summary(ROW, warm_up, empty, busy, unsteady), "run.json")
    assert (len(read.levels), read.left_out, read.unanswered) == (2, 1, ())
    hung = read_measurements(summary(ROW, {**ROW, "throughput_rps": 0.0}, busy), "run.json")
    assert (len(hung.levels), hung.left_out, hung.unanswered, hung.total) == (1, 1, (9.9,), 3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "begins like a JSON document, but is none"),
        ('{"a":' * 100_000, "begins like a JSON document, but is none"),
        ("{}", "`schema` is none; of JSON, gradual.summary/1 can be read"),
        (summary(schema="k6"), "`schema` is k6"),
        ('{"schema": "gradual.summary/1"}', "`levels` is no list"),
        (summary(ROW, 3), "number 2 of `levels` is no level"),
        (summary({**ROW, "users_mean": "10"}), "number 1 of `levels`"),
        (summary({**ROW, "throughput_rps": -1}), "number 1 of `levels`"),
        (summary({**ROW, "thinking_mean": True}), "number 1 of `levels`"),
        (summary({**ROW, "marks": "saturated"}), "number 1 of `levels`"),
        (summary({**ROW, "response_time_ms": 5}), "number 1 of `levels`"),
        (summary({**ROW, "response_time_ms": {"mean": float("inf")}}), "number 1 of `levels`"),
    ],
)
def test_json_that_is_no_summary_is_refused(text: str, says: str) -> None:
    assert says in refusal(text)
