"""Failures in words: joined by what people call them, with the first cause, and no repetition."""

from dataclasses import replace

import pytest

from gradual_master.reporting.text.failures import by_label, counts_of, show_failures, title_of, when, why
from gradual_master.results.measures.errors import ErrorRow

NOT_FOUND = ErrorRow(
    group="customer",
    step="rates",
    action="rates",
    service=None,
    kind="status",
    status_code=404,
    label="HTTP 404",
    count=200,
    share=0.5,
    first_s=4.0,
    last_s=9.04,
    cause="the server answered 404 Not Found",
    example="GET http://bank.example/rates → 404",
)
ELSEWHERE = replace(NOT_FOUND, step="help", count=100, first_s=2.0, last_s=6.0)
REFUSED = replace(
    NOT_FOUND,
    kind="connect",
    status_code=None,
    label="connection refused",
    count=96,
    cause="no connection to http://bank.example (127.0.0.1:9: connection refused)",
    example="GET http://bank.example/rates → connection refused",
)


def test_failures_of_one_label_are_shown_together_by_the_one_that_came_first() -> None:
    first, second = by_label([NOT_FOUND, REFUSED, ELSEWHERE])
    assert (first.label, first.count, first.first.step, first.last_s) == ("HTTP 404", 300, "help", 9.04)
    assert (second.label, second.count) == ("connection refused", 96)
    assert show_failures([NOT_FOUND, REFUSED, ELSEWHERE]) == "HTTP 404 × 300, connection refused × 96"


def test_a_failure_without_a_row_keeps_the_name_of_its_kind() -> None:
    counts = counts_of({"status": 310, "connect": 96, "dns": 2}, [NOT_FOUND, ELSEWHERE, REFUSED])
    assert counts == {"HTTP 404": 300, "connection refused": 96, "HTTP error": 10, "host name not resolved": 2}


def test_an_interval_that_is_still_open_takes_nothing_away() -> None:
    assert counts_of({"status": 199}, [NOT_FOUND]) == {"HTTP 404": 200}


def test_a_row_is_shown_with_its_step_its_share_and_its_times() -> None:
    assert title_of(NOT_FOUND) == "HTTP 404 × 200 in customer / rates: 50% of its requests, 0:04 to 0:09"
    assert title_of(replace(NOT_FOUND, share=None)) == "HTTP 404 × 200 in customer / rates: 0:04 to 0:09"


@pytest.mark.parametrize(("first", "last", "expected"), [(4.0, 72.5, "0:04 to 1:12.5"), (4.01, 4.04, "at 0:04")])
def test_one_instant_is_shown_as_an_instant(first: float, last: float, expected: str) -> None:
    assert when(replace(NOT_FOUND, first_s=first, last_s=last)) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (NOT_FOUND, "GET http://bank.example/rates → 404"),
        (REFUSED, f"GET http://bank.example/rates: {REFUSED.cause}"),
        (replace(REFUSED, example=None), REFUSED.cause),
        (replace(REFUSED, example=None, cause=None), ""),
    ],
)
def test_the_cause_is_shown_with_the_request(row: ErrorRow, expected: str) -> None:
    assert why(row) == expected
