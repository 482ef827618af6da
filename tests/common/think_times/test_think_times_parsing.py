"""Think times are read in every form, and anything else is reported with what is allowed."""

import re
from typing import Any, Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from gradual_common.think_times.parsing import DISTRIBUTIONS, Wait, read_think_time
from gradual_common.think_times.think_time import ThinkTime, Time, WaitAt

S = 1_000_000_000
MS = 1_000_000
WAIT: TypeAdapter[ThinkTime] = TypeAdapter(Wait)


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
        ({"distribution": ["normal"], "mean": 1}, "distribution ['normal'] is not one of"),
        ({"distribution": "normal", "mean": 1}, "needs stddev"),
        ({"distribution": "exponential", "mean": 1, "stddev": 1}, "stddev means nothing to distribution exponential"),
        ({"distribution": "exponential", "maen": 1}, "unknown key 'maen'"),
        ({"distribution": "exponential", "mean": "x"}, "mean: 'x' is not a duration"),
        ({"distribution": "uniform", "low": 2, "high": 1}, "ends before it"),
        ({"distribution": "lognormal", "mean": 0, "stddev": 1}, "above 0"),
    ],
)
def test_what_is_not_a_think_time_is_reported(written: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        WAIT.validate_python(written)


class GammaTime(ThinkTime):
    """A distribution with a key that is a number and may be left out."""

    distribution: Literal["gamma"]
    mean: Time
    shape: float = 2.0

    def wait_at(self) -> WaitAt:
        return lambda u: self.mean


def test_a_new_distribution_may_have_keys_that_are_no_times_and_keys_with_a_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(DISTRIBUTIONS, "gamma", GammaTime)
    wait: TypeAdapter[ThinkTime] = TypeAdapter(Wait)
    numbered = wait.validate_python({"distribution": "gamma", "mean": "3s", "shape": 1.5, "max": 9})
    assert numbered == GammaTime(distribution="gamma", mean=3 * S, shape=1.5, max=9 * S)
    assert wait.validate_python({"distribution": "gamma", "mean": 3}) == GammaTime(distribution="gamma", mean=3 * S)
    with pytest.raises(ValidationError, match="gamma needs mean"):
        wait.validate_python({"distribution": "gamma", "shape": 1.5})
    with pytest.raises(ValidationError, match="shape means nothing to distribution normal; it takes mean, stddev"):
        wait.validate_python({"distribution": "normal", "mean": 3, "stddev": 1, "shape": 1.5})
