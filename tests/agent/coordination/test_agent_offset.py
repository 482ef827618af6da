"""The clock offset is estimated from round trips."""

from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.coordination.offset import WINDOW, OffsetEstimate

delays = st.integers(min_value=0, max_value=10_000_000)


def test_there_is_no_offset_before_the_first_round_trip() -> None:
    estimate = OffsetEstimate()
    assert estimate.value is None


def test_the_round_trip_with_the_least_delay_decides() -> None:
    estimate = OffsetEstimate()
    estimate.observe(sent=100, received=200, now=1150)
    estimate.observe(sent=300, received=310, now=1303)
    estimate.observe(sent=400, received=480, now=1440)
    assert estimate.value == 998


def test_a_contradiction_begins_the_estimate_anew() -> None:
    estimate = OffsetEstimate()
    estimate.observe(sent=0, received=2, now=1001)
    assert estimate.observe(sent=100, received=200, now=5150)
    assert estimate.value == 5000


def test_a_slow_round_trip_that_agrees_begins_nothing_anew() -> None:
    estimate = OffsetEstimate()
    estimate.observe(sent=0, received=2, now=1001)
    assert not estimate.observe(sent=100, received=900, now=1890)
    assert estimate.value == 1000


def test_a_round_trip_is_forgotten_after_64_others() -> None:
    estimate = OffsetEstimate()
    estimate.observe(sent=0, received=2, now=1001)
    for number in range(WINDOW):
        estimate.observe(sent=1000 * number, received=1000 * number + 100, now=1000 * number + 1090)
    assert estimate.value == 1040


@given(st.integers(-(10**15), 10**15), st.lists(st.tuples(delays, delays), min_size=1, max_size=200))
def test_the_true_offset_is_missed_by_half_the_least_delay_at_most(truth: int, trips: list[tuple[int, int]]) -> None:
    """Whatever the two directions take, one constant offset never contradicts itself."""
    estimate = OffsetEstimate()
    clock = 0
    taken: list[int] = []
    for there, back in trips:
        anew = estimate.observe(sent=clock, received=clock + there + back, now=clock + there + truth)
        clock += there + back + 1_000_000
        assert not anew
        assert estimate.value is not None
        taken.append(there + back)
        assert abs(estimate.value - truth) <= (min(taken[-WINDOW:]) + 1) // 2


@given(st.integers(-(10**12), 10**12), st.integers(30_000_000, 10**12), st.lists(st.tuples(delays, delays), min_size=1))
def test_a_clock_that_was_set_is_found_by_the_next_round_trip(
    truth: int, step: int, trips: list[tuple[int, int]]
) -> None:
    """A step beyond two delays cannot be explained by them."""
    estimate = OffsetEstimate()
    clock = 0
    for there, back in trips:
        estimate.observe(sent=clock, received=clock + there + back, now=clock + there + truth)
        clock += there + back + 1_000_000
    there, back = trips[0]
    assert estimate.observe(sent=clock, received=clock + there + back, now=clock + there + truth + step)
    assert estimate.value is not None
    assert abs(estimate.value - truth - step) <= 10_000_000
