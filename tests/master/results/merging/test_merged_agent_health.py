"""What an agent's health says of one interval: strained or not, and how much user time nobody attended to."""

import numpy as np
import pytest
from contributions import reading
from hypothesis import given
from hypothesis import strategies as st
from raw_run import MS, S, Stretch, batch_of, plan_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Health
from gradual_master.results.merging.agent_health import MAX_LOOP_LAG_NS, START_LAG_ALLOWANCE_NS
from gradual_master.results.merging.batches import ReadBatch
from gradual_master.results.merging.sums import Shape

SHAPE = Shape(SeriesIndex.of(plan_of()))
ERROR = 0.0055


def read(*stretches: Stretch, cpu: float = 0.5, loop: tuple[int, ...] = (), start: tuple[int, ...] = ()) -> ReadBatch:
    batch = batch_of(1, 0, *stretches, health=Health(cpu, 1, 1, 0), loop_lags=loop, start_lags=start)
    return reading(batch, SHAPE)


def second(active: float, in_request: float, thinking: float, begin: int = 0, length: int = S) -> Stretch:
    """One group's mean users over a stretch; the other group has none."""
    return Stretch(0, begin, begin + length, users=[(active, in_request, thinking, 0), (0, 0, 0, 0)])


@pytest.mark.parametrize(
    ("cpu", "loop", "strained"),
    [
        (0.899, (), False),
        (0.9, (), True),
        (1.7, (), True),
        (0.1, (MS,) * 19 + (150 * MS,), True),
        (0.1, (MS,) * 198 + (150 * MS,) * 2, False),
        (0.1, (MS,) * 197 + (150 * MS,) * 3, True),
        (0.1, (100 * MS,) * 20, False),
        (0.1, (101 * MS,) * 20, True),
    ],
    ids=[
        "below the share",
        "at it",
        "several threads",
        "of 20 samples the p99 is the longest",
        "of 200 it is the 198th",
        "and that one is late",
        "at the bound",
        "above it",
    ],
)
def test_an_agent_is_strained_by_its_core_or_by_its_loop(cpu: float, loop: tuple[int, ...], strained: bool) -> None:
    assert read(second(1, 0, 1), cpu=cpu, loop=loop).health.strained is strained


def test_a_user_who_goes_on_late_was_not_thinking_any_more() -> None:
    """10 ms + 500 ms beyond the allowance of 2 ms; what is within it is the grain of the timers."""
    late = read(second(8, 2, 6), start=(MS, 2 * MS, 12 * MS, 502 * MS))
    assert late.unattended == [pytest.approx(510 * MS, rel=ERROR)]


def test_while_the_loop_is_blocked_no_user_sees_responses() -> None:
    """Four users in a request for 3 s; a lag of 50 ms is none."""
    still = read(second(10, 4, 6), loop=(MS, 50 * MS, 3000 * MS))
    assert still.unattended == [pytest.approx(12 * S, rel=ERROR)]


def test_frames_share_it_by_who_was_concerned() -> None:
    """Thinking 1 and 3 user-seconds; in a request 2 users for half the time and none for the other half."""
    halves = second(4, 2, 2, 0, S // 2), second(6, 0, 6, S // 2, S // 2)
    both = read(*halves, start=(402 * MS,), loop=(1000 * MS,))
    assert both.unattended == [pytest.approx((100 + 1000) * MS, rel=0.01), pytest.approx(300 * MS, rel=0.01)]
    assert both.users == [[2 * S, S, S, 0], [3 * S, 0, 3 * S, 0]]


def test_users_are_added_up_over_groups() -> None:
    stretch = Stretch(0, 0, S, users=[(2, 1, 1, 0), (5, 2, 2, 1)])
    assert read(stretch).users == [[7 * S, 3 * S, 3 * S, S]]


def test_a_batch_without_frames_or_without_anybody_thinking_has_nothing_to_attend_to() -> None:
    assert read(start=(S,), loop=(S,)).unattended == []
    assert read(second(0, 0, 0), start=(S,)).unattended == [0]


def test_what_cannot_be_true_is_bounded() -> None:
    crowd = Stretch(0, 0, 1, users=[(9e15, 9e15, 0, 0), (0, 0, 0, 0)])
    assert read(crowd, loop=(20 * S,)).unattended == [1 << 56]


LAGS = st.lists(st.integers(0, 20 * S), max_size=40)


@given(LAGS, LAGS)
def test_sums_of_lags_are_within_the_histograms_error(loop: list[int], start: list[int]) -> None:
    made = read(second(3, 1, 2), loop=tuple(loop), start=tuple(start))
    still = sum(lag for lag in loop if lag > MAX_LOOP_LAG_NS)
    late = sum(max(0, lag - START_LAG_ALLOWANCE_NS) for lag in start)
    # A lag beside a bound may fall on its other side, by the width of a bucket.
    edges = 0.011 * MAX_LOOP_LAG_NS * len(loop) + MAX_LOOP_LAG_NS * sum(
        abs(lag - MAX_LOOP_LAG_NS) < 0.011 * MAX_LOOP_LAG_NS for lag in loop
    )
    slack = (
        ERROR * (sum(loop) + sum(start))
        + edges
        + 0.011 * START_LAG_ALLOWANCE_NS * len(start)
        + len(loop)
        + len(start)
        + 1
    )
    assert abs(made.unattended[0] - still - late) <= slack


@given(LAGS)
def test_strain_by_the_loop_is_the_p99_of_its_lags(loop: list[int]) -> None:
    truth = float(np.percentile(loop, 99, method="inverted_cdf")) if loop else 0.0
    if abs(truth - MAX_LOOP_LAG_NS) > 0.011 * MAX_LOOP_LAG_NS:
        assert read(second(1, 0, 1), loop=tuple(loop)).health.strained is (truth > MAX_LOOP_LAG_NS)
