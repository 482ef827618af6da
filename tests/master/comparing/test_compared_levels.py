"""A level of a summary gives its metrics; of one whose numbers are not the system's it gives the reason instead."""

from typing import Any

import pytest
from compared_summaries import level

from gradual_master.analysis.comparison.metrics import METRICS
from gradual_master.comparing.levels import REASONS, compared_level, counts_in_comparisons, is_level
from gradual_master.results.summary.scalability import MISLEADING

NAMES = {metric.name for metric in METRICS}


def test_a_level_has_every_metric_and_its_blocks() -> None:
    found = compared_level(level(20, failures=30))
    assert found.values == {"throughput": 200, "mean": 50, "p50": 40, "p95": 90, "p99": 200, "error_rate": 0.03}
    assert found.blocks.keys() == NAMES
    assert found.blocks["p95"] == [pytest.approx(89.1), 90, pytest.approx(90.9)]
    assert found.blocks["error_rate"] == [pytest.approx(1 / 30)] * 3
    assert (found.target, found.reason) == (20, "")


def test_every_misleading_mark_has_its_reason() -> None:
    assert REASONS.keys() == MISLEADING


@pytest.mark.parametrize(
    ("marks", "kept", "reason"),
    [
        (["unsteady"], NAMES, ""),  # its values are over the whole level, but the system's
        (["failures"], {"error_rate"}, "more than 5 % of its requests failed"),
        (["saturated"], set(), "the load generator was saturated"),
        (["missing"], set(), "users were missing"),
        # A busy generator may be why they failed.
        (["saturated", "failures"], set(), "more than 5 % of its requests failed, the load generator was saturated"),
    ],
)
def test_marks_decide_which_values_are_compared(marks: list[str], kept: set[str], reason: str) -> None:
    found = compared_level(level(20, marks=marks))
    assert {name for name, value in found.values.items() if value is not None} == kept
    assert found.reason == reason


def test_without_requests_there_is_no_error_rate() -> None:
    assert compared_level({**level(20), "requests": 0}).values["error_rate"] is None


def test_a_summary_without_blocks_has_none() -> None:
    row = level(20)
    del row["blocks"]
    assert is_level(row)
    assert set(map(len, compared_level(row).blocks.values())) == {0}


@pytest.mark.parametrize(
    ("span", "expected"),
    [((60.0, 120.0), 60), ((60.0, None), None), ((None, 9.0), None), (("0", 9.0), None), ((9, 9), None)],
)
def test_a_level_lasts_from_its_begin_to_its_end(span: Any, expected: float | None) -> None:
    row = {**level(20), "start_s": span[0], "end_s": span[1]}
    assert compared_level(row).duration_s == expected
    assert compared_level(row, of_search=True).duration_s is None


def test_warm_up_and_a_level_without_users_do_not_count() -> None:
    assert counts_in_comparisons(level(20))
    assert not counts_in_comparisons({**level(20), "warm_up": True})
    assert not counts_in_comparisons(level(0))


@pytest.mark.parametrize(
    "changed",
    [
        {"target": None},
        {"target": True},
        {"throughput_rps": "12"},
        {"throughput_rps": float("nan")},
        {"requests": -1},
        {"failures": 1e16},
        {"response_time_ms": None},
        {"response_time_ms": {"p95": []}},
        {"marks": "failures"},
        {"marks": [1]},
        {"blocks": {}},
        {"blocks": [1]},
        {"blocks": [{"p95_ms": "1"}]},
    ],
)
def test_what_no_summary_holds_is_no_level(changed: dict[str, Any]) -> None:
    assert not is_level({**level(20), **changed})
    assert not is_level(7)
