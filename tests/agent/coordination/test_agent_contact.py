"""The master is dialled and given up in time; it is silent only while this process is awake; pongs give run time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.coordination.contact import (
    BURST_PINGS,
    MAX_ROUND_TRIPS,
    OFFSET_SLACK_NS,
    OffsetEstimate,
    OffsetInUse,
    Pinging,
    Redial,
)
from gradual_common.clock import NEVER

SECOND = 1_000_000_000
LEASE = 1000
NOW = 5000

delays = st.integers(min_value=0, max_value=10_000_000)


@pytest.mark.parametrize(
    ("jitter", "delays_ms"),
    [
        (0.0, [100, 100, 100, 100, 100, 100]),
        (0.5, [150, 200, 300, 500, 550, 550]),
        (1.0, [200, 300, 500, 900, 1000, 1000]),
    ],
)
def test_the_delay_grows_within_its_bounds(jitter: float, delays_ms: list[int]) -> None:
    redial = Redial(60 * SECOND, lambda: jitter, now=0)
    delays = []
    for _ in delays_ms:
        redial.lost(0)
        delays.append(redial.next_at // 1_000_000)
    assert delays == delays_ms


def test_the_first_dial_is_at_once() -> None:
    assert Redial(60 * SECOND, lambda: 0.5, now=7).next_at == 7


def test_the_wait_is_reported_at_its_start_and_every_ten_seconds() -> None:
    redial = Redial(60 * SECOND, lambda: 0.0, now=0)
    notices = {second: redial.notice(second * SECOND) for second in (0, 1, 9, 10, 19, 21)}
    assert {second: waiting for second, waiting in notices.items() if waiting} == {
        0: (0, 60 * SECOND),
        10: (10 * SECOND, 50 * SECOND),
        21: (21 * SECOND, 39 * SECOND),
    }


def test_a_master_that_is_there_is_not_waited_for_and_one_that_is_lost_is_from_then_on() -> None:
    redial = Redial(60 * SECOND, lambda: 0.0, now=0)
    redial.notice(0)
    redial.found()
    assert redial.notice(SECOND) is None
    redial.lost(2 * SECOND)
    assert redial.notice(3 * SECOND) == (SECOND, 59 * SECOND)


def test_patience_counts_from_the_moment_that_the_master_was_lost() -> None:
    redial = Redial(60 * SECOND, lambda: 0.0, now=0)
    assert redial.give_up_at == 60 * SECOND
    redial.found()
    assert redial.give_up_at >= NEVER
    redial.lost(10 * SECOND)
    redial.lost(20 * SECOND)
    assert redial.give_up_at == 70 * SECOND


def test_finding_the_master_makes_the_next_dial_soon_again() -> None:
    redial = Redial(60 * SECOND, lambda: 1.0, now=0)
    for _ in range(5):
        redial.lost(0)
    redial.found()
    redial.lost(0)
    assert redial.next_at == SECOND // 5


def begun(answered: int = BURST_PINGS) -> Pinging:
    """A stream that began at NOW, with so many of its first pings answered at once."""
    pinging = Pinging()
    pinging.start(LEASE, NOW)
    for _ in range(answered):
        assert pinging.is_due(NOW, riding=False)
        pinging.ping(NOW)
        pinging.answer(NOW)
    return pinging


def test_the_first_pings_follow_each_other_and_then_one_is_due_every_tenth_of_the_lease() -> None:
    assert begun(BURST_PINGS - 1).is_bursting
    pinging = begun()
    assert not pinging.is_bursting
    assert pinging.next_at == NOW + 100
    assert not pinging.is_due(NOW + 99, riding=False)
    assert pinging.is_due(NOW + 100, riding=False)


def test_a_ping_rides_on_another_message_when_half_of_the_wait_is_over() -> None:
    assert not begun().is_due(NOW + 49, riding=True)
    assert begun().is_due(NOW + 50, riding=True)


def test_silence_counts_while_a_ping_waits_for_its_answer() -> None:
    pinging = begun()
    assert pinging.silence_deadline >= NEVER
    assert not pinging.is_silent(NOW + 10 * LEASE), "nothing was asked"
    for at in (100, 200, 300):
        pinging.ping(NOW + at)
    assert pinging.silence_deadline == NOW + 300
    assert not pinging.is_silent(NOW + 299)
    assert pinging.is_silent(NOW + 300)
    pinging.answer(NOW + 301)
    assert pinging.silence_deadline >= NEVER


def test_the_first_unanswered_ping_has_two_intervals_to_be_answered() -> None:
    pinging = begun()
    pinging.ping(NOW + 250)
    assert pinging.silence_deadline == NOW + 450


def test_after_a_stall_of_our_own_the_next_ping_must_be_answered() -> None:
    pinging = begun()
    pinging.ping(NOW + 100)
    assert not pinging.is_silent(NOW + 5000), "a pong may wait unread"
    pinging.ping(NOW + 5000)
    assert pinging.silence_deadline == NOW + 5200
    pinging.ping(NOW + 5100)
    assert not pinging.is_silent(NOW + 5199)
    assert pinging.is_silent(NOW + 5200)


def test_there_is_no_offset_before_the_first_round_trip() -> None:
    estimate = OffsetEstimate()
    assert estimate.value is None


def test_the_round_trip_with_the_least_delay_decides() -> None:
    estimate = OffsetEstimate()
    estimate.observe(sent=100, received=200, now=1150)
    estimate.observe(sent=300, received=310, now=1303)
    estimate.observe(sent=400, received=480, now=1440)
    assert estimate.value == 998


def test_a_contradiction_starts_the_estimate_again() -> None:
    estimate = OffsetEstimate()
    estimate.observe(sent=0, received=2, now=1001)
    assert estimate.observe(sent=100, received=200, now=5150)
    assert estimate.value == 5000


def test_a_slow_round_trip_that_agrees_keeps_the_estimate() -> None:
    estimate = OffsetEstimate()
    estimate.observe(sent=0, received=2, now=1001)
    assert not estimate.observe(sent=100, received=900, now=1890)
    assert estimate.value == 1000


def test_a_round_trip_is_forgotten_after_64_others() -> None:
    estimate = OffsetEstimate()
    estimate.observe(sent=0, received=2, now=1001)
    for number in range(MAX_ROUND_TRIPS):
        estimate.observe(sent=1000 * number, received=1000 * number + 100, now=1000 * number + 1090)
    assert estimate.value == 1040


@given(st.integers(-(10**15), 10**15), st.lists(st.tuples(delays, delays), min_size=1, max_size=200))
def test_the_true_offset_is_missed_by_half_the_least_delay_at_most(truth: int, trips: list[tuple[int, int]]) -> None:
    """Whatever the two directions take, one constant offset never contradicts itself."""
    estimate = OffsetEstimate()
    clock = 0
    taken: list[int] = []
    for there, back in trips:
        contradicts = estimate.observe(sent=clock, received=clock + there + back, now=clock + there + truth)
        clock += there + back + 1_000_000
        assert not contradicts
        assert estimate.value is not None
        taken.append(there + back)
        assert abs(estimate.value - truth) <= (min(taken[-MAX_ROUND_TRIPS:]) + 1) // 2


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


def exchange(offset: OffsetInUse, value: int, *, delay: int = 0, bursting: bool = False) -> int | None:
    """A round trip of so much delay whose midpoint gives `value`."""
    return offset.follow(0, delay, value + delay // 2, bursting=bursting)


def test_the_first_offset_is_used_once_the_first_round_trips_are_in() -> None:
    offset = OffsetInUse()
    assert exchange(offset, 700, delay=400, bursting=True) is None
    assert exchange(offset, 750, delay=100, bursting=True) is None
    assert offset.value is None
    assert exchange(offset, 800, delay=300) == 750, "the best of them"
    assert offset.value == 750


def test_the_offset_in_use_stays_until_the_estimate_is_too_far_from_it() -> None:
    offset = OffsetInUse()
    delay = 8 * OFFSET_SLACK_NS
    exchange(offset, 0, delay=delay)
    assert exchange(offset, OFFSET_SLACK_NS, delay=delay - 2) is None
    assert offset.value == 0
    assert exchange(offset, OFFSET_SLACK_NS + 1, delay=delay - 4) == OFFSET_SLACK_NS + 1
    assert exchange(offset, 0, delay=delay - 6) == 0, "in both directions"


def test_on_a_new_stream_the_offset_in_use_goes_on() -> None:
    offset = OffsetInUse()
    exchange(offset, 100)
    assert exchange(offset, 100, bursting=True) is None
    assert offset.value == 100


def test_a_contradiction_is_followed_at_once_however_small() -> None:
    offset = OffsetInUse()
    exchange(offset, 0)
    assert exchange(offset, 1) == 1
    assert exchange(offset, 2, bursting=True) == 2
