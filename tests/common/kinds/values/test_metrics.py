"""Metrics are read in all their forms, and their values are whole steps that are told back exactly."""

import math
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.kinds.http.kind import HttpActionSpec
from gradual_common.kinds.values.metrics import MAX_STEPS, as_number, steps_of, value_of


def read(written: Any) -> Any:
    return HttpActionSpec.model_validate({"url": "/", "record": {"m": written}}).record["m"]


@pytest.mark.parametrize(
    ("written", "source", "expression", "type_"),
    [
        ("json: total", "json", "total", "histogram"),
        ({"json": "total", "unit": "EUR"}, "json", "total", "histogram"),
        ({"value": 1.5}, "value", "1.5", "histogram"),
        ({"value": "{{n * 2}}", "type": "counter"}, "value", "{{n * 2}}", "counter"),
        ({"header": "X-Cost", "required": True}, "header", "X-Cost", "histogram"),
        ({"type": "counter"}, "", "", "counter"),
    ],
)
def test_every_form_is_read(written: Any, source: str, expression: str, type_: str) -> None:
    metric = read(written)
    assert (metric.source, metric.expression, metric.type) == (source, expression, type_)
    assert read(metric) == metric


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (5, "5 is not a metric; write {json: total, unit: EUR}"),
        ({}, "what is recorded is missing"),
        ({"json": "a..b"}, "is not a JMESPath expression"),
        ({"jsn": "a"}, "unknown key 'jsn'; did you mean 'json'?"),
        ({"json": "a", "css": "b"}, "a metric has one source"),
        ({"json": 5}, "json takes an expression; found 5"),
        ({"value": "many"}, "value is a number or a template"),
        ({"value": True}, "value is a number or a template"),
        ({"json": "a", "resolution": 0}, "greater than 0"),
        ({"json": "a", "type": "gauge"}, "'histogram' or 'counter'"),
    ],
)
def test_what_is_no_metric_is_reported(written: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read(written)


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), ("12.50", 12.5), (" +3 ", 3), (True, None), ("1,234", None), (None, None), ([1], None), ("NaN", None)],
)
def test_numbers_may_be_written_as_texts(value: Any, number: float | None) -> None:
    assert as_number(value) == number


@given(st.integers(0, MAX_STEPS), st.sampled_from([1.0, 0.1, 0.01, 0.001, 1000.0, 0.25]))
def test_a_multiple_of_the_resolution_is_told_back_as_it_was(steps: int, resolution: float) -> None:
    value = float(steps * Decimal(repr(resolution)))
    assert steps_of(value, resolution) == steps
    assert value_of(steps, resolution) == value


@pytest.mark.parametrize("value", [-0.01, -1, MAX_STEPS + 1, 10**400, math.inf, math.nan])
def test_what_is_too_large_or_negative_is_out_of_range(value: float) -> None:
    assert steps_of(value, 1.0) == -1
