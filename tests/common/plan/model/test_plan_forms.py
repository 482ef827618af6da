"""Short forms are read, and what is not one is told with what is allowed."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.kinds.http.model import check_header_value, read_method
from gradual_common.language.model import read_name, read_whole
from gradual_common.language.plan_view import name_steps
from gradual_common.plan.model.ramps import RampMistakeError, fold_ramp, read_ramp
from gradual_common.plan.model.think_time import read_think_time

S = 1_000_000_000
MS = 1_000_000


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3s", {"distribution": "constant", "mean": 3 * S}),
        (3, {"distribution": "constant", "mean": 3 * S}),
        (0, {"distribution": "constant", "mean": 0}),
        ("0.5", {"distribution": "constant", "mean": 500 * MS}),
        ("2-5s", {"distribution": "uniform", "low": 2 * S, "high": 5 * S}),
        ("0.2-1s", {"distribution": "uniform", "low": 200 * MS, "high": S}),
        ("500ms - 2s", {"distribution": "uniform", "low": 500 * MS, "high": 2 * S}),
        ("2-5", {"distribution": "uniform", "low": 2 * S, "high": 5 * S}),
        (
            {"distribution": "lognormal", "mean": "3s", "stddev": 1, "max": "10s"},
            {"distribution": "lognormal", "mean": 3 * S, "stddev": S, "max": 10 * S},
        ),
        (
            {"distribution": "uniform", "low": "1s", "high": "2s"},
            {"distribution": "uniform", "low": S, "high": 2 * S},
        ),
    ],
)
def test_think_times_are_read(written: Any, read: Any) -> None:
    assert read_think_time(written) == read


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("soon", "'soon' is not a think time; write \"3s\""),
        ("5-2s", "the range begins at 5s and ends before it, at 2s"),
        ("2s-5", 'gives no unit to 5; write "2s-5s"'),
        ("2-5x", "not a think time"),
        (-1, "not a think time"),
        (True, "True is not a think time"),
        (None, "nothing is not a think time"),
        ([1], "a list is not a think time"),
        ({"distribution": "exponental", "mean": 1}, "did you mean 'exponential'"),
        ({"mean": 1}, "distribution None is not one of"),
        ({"distribution": "normal", "mean": 1}, "needs stddev"),
        ({"distribution": "exponential", "mean": 1, "stddev": 1}, "stddev means nothing to distribution exponential"),
        ({"distribution": "exponential", "maen": 1}, "unknown key 'maen'"),
        ({"distribution": "exponential", "mean": "x"}, "mean: 'x' is not a duration"),
        ({"distribution": "uniform", "low": 2, "high": 1}, "ends before it"),
        ({"distribution": "lognormal", "mean": 0, "stddev": 1}, "above 0"),
    ],
)
def test_what_is_no_think_time_is_told(written: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read_think_time(written)


ADDITIVE = {"strategy": "additive", "increment": 1, "interval": 5}


@pytest.mark.parametrize(
    ("owner", "ramp"),
    [
        ({}, (None, "ramp_up")),
        ({"ramp_up": "additive"}, ("additive", "ramp_up")),
        ({"ramp": "multiplicative"}, ("multiplicative", "ramp")),
        ({"ramp_up": "linear"}, ({"strategy": "linear"}, "ramp_up")),
        ({"ramp_up": ADDITIVE}, (ADDITIVE, "ramp_up")),
        ({"ramp_config": ADDITIVE}, (ADDITIVE, "ramp_config")),
        ({"ramp_up": "additive", "ramp_config": ADDITIVE}, (ADDITIVE, "ramp_config")),
        ({"ramp": "additive", "ramp_config": {"increment": 1, "interval": 5}}, (ADDITIVE, "ramp_config")),
        ({"ramp_config": str(ADDITIVE)}, (ADDITIVE, "ramp_config")),
    ],
)
def test_a_ramp_is_read_however_it_is_written(owner: dict[str, Any], ramp: Any) -> None:
    assert read_ramp(owner) == ramp


@pytest.mark.parametrize(
    ("owner", "key", "message"),
    [
        ({"ramp_up": "additive", "ramp": "additive"}, "ramp", "two names for one thing"),
        ({"ramp_up": "aditive"}, "ramp_up", "did you mean 'additive'"),
        ({"ramp_up": 5}, "ramp_up", "found 5"),
        ({"ramp_up": "levels"}, "ramp_up", "levels needs a list"),
        ({"ramp_up": {"initial": 1}}, "ramp_up", "strategy is missing"),
        ({"ramp_config": "additive"}, "ramp_config", "a mapping is expected"),
        ({"ramp_up": ADDITIVE, "ramp_config": ADDITIVE}, "ramp_up", "keep one of them"),
        ({"ramp_up": "linear", "ramp_config": ADDITIVE}, "ramp_config", "they must agree"),
        ({"ramp_up": "{'a': }"}, "ramp_up", "neither a strategy nor a mapping"),
        ({"ramp_up": "{1, 2}"}, "ramp_up", "a strategy or a mapping"),
    ],
)
def test_ramps_that_do_not_fit_together_are_told_at_their_key(owner: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(RampMistakeError, match=message) as caught:
        read_ramp(owner)
    assert caught.value.key == key
    assert isinstance(fold_ramp(owner)["ramp"], RampMistakeError)


def test_names_of_steps_are_made_unique() -> None:
    assert name_steps(["a", "b", "a", "a"]) == ["a", "b", "a#2", "a#3"]
    assert name_steps(["a", "a", "a#2"]) == ["a", "a#3", "a#2"]


@given(st.lists(st.sampled_from(["a", "b", "a#2", "a#3", "b#2"])))
def test_names_of_steps_are_unique_and_the_first_of_each_stays(names: list[str]) -> None:
    unique = name_steps(names)
    assert len(set(unique)) == len(unique) == len(names)
    for name in set(names):
        assert unique[names.index(name)] == name


def test_names_are_text_and_counts_are_numbers() -> None:
    assert read_name("x") == "x"
    with pytest.raises(ValueError, match='quote it: "404"'):
        read_name(404)
    with pytest.raises(ValueError, match="true is not a whole number"):
        read_whole(True)


def test_methods_are_capitals() -> None:
    assert read_method("post") == "POST"
    for wrong in ("GET /x", 5, "CONNECT", ""):
        with pytest.raises(ValueError, match="not an HTTP method"):
            read_method(wrong)


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, "a\r\nX: 1"])
def test_a_header_is_one_line_of_text(value: Any) -> None:
    with pytest.raises(ValueError, match="header's value"):
        check_header_value(value)
