"""Think times are drawn as the plan says, from the slot's stream, and cost nothing when they are constant."""

from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.randomness import RandomStream
from gradual_common.think_times.constant import ConstantTime
from gradual_common.think_times.exponential import ExponentialTime
from gradual_common.think_times.lognormal import LognormalTime
from gradual_common.think_times.normal import NormalTime
from gradual_common.think_times.think_time import ThinkTime
from gradual_common.think_times.uniform import UniformTime

S = 1_000_000_000


def drawn(think: ThinkTime, count: int = 20_000) -> list[int]:
    stream = RandomStream(1)
    wait_at = think.compile()
    return [wait_at(stream.unit()) for _ in range(count)]


@pytest.mark.parametrize(
    ("think", "fixed"),
    [
        (ConstantTime(distribution="constant", mean=3 * S), 3 * S),
        (ConstantTime(distribution="constant", mean=3 * S, max=S), S),
        (UniformTime(distribution="uniform", low=S, high=S), S),
        (UniformTime(distribution="uniform", low=S, high=2 * S), None),
        (ExponentialTime(distribution="exponential", mean=S), None),
    ],
)
def test_a_wait_that_is_always_the_same_needs_no_stream(think: ThinkTime, fixed: int | None) -> None:
    assert think.fixed == fixed


@pytest.mark.parametrize(
    ("think", "mean", "stddev"),
    [
        (UniformTime(distribution="uniform", low=2 * S, high=5 * S), 3.5, 3 / 12**0.5),
        (ExponentialTime(distribution="exponential", mean=3 * S), 3.0, 3.0),
        (NormalTime(distribution="normal", mean=10 * S, stddev=2 * S), 10.0, 2.0),
        (NormalTime(distribution="normal", mean=2 * S, stddev=0), 2.0, 0.0),
        (LognormalTime(distribution="lognormal", mean=4 * S, stddev=3 * S), 4.0, 3.0),
        (LognormalTime(distribution="lognormal", mean=4 * S, stddev=0), 4.0, 0.0),
    ],
)
def test_mean_and_deviation_are_those_that_the_plan_gives(think: ThinkTime, mean: float, stddev: float) -> None:
    times = drawn(think)
    assert fmean(times) / S == pytest.approx(mean, rel=0.03)
    assert stdev(times) / S == pytest.approx(stddev, rel=0.1, abs=1e-9)


@pytest.mark.parametrize(
    "think",
    [
        UniformTime(distribution="uniform", low=0, high=9 * S, max=4 * S),
        ExponentialTime(distribution="exponential", mean=2 * S, max=4 * S),
        NormalTime(distribution="normal", mean=2 * S, stddev=5 * S, max=4 * S),
        LognormalTime(distribution="lognormal", mean=2 * S, stddev=5 * S, max=4 * S),
    ],
)
@given(state=st.integers(0, 2**64 - 1))
def test_no_wait_is_negative_or_above_its_cap(think: ThinkTime, state: int) -> None:
    assert 0 <= think.compile()(RandomStream(state).unit()) <= 4 * S


@given(st.integers(0, 2**64 - 1))
def test_a_uniform_wait_lies_in_its_range(state: int) -> None:
    wait_at = UniformTime(distribution="uniform", low=2 * S, high=5 * S).compile()
    assert 2 * S <= wait_at(RandomStream(state).unit()) <= 5 * S
