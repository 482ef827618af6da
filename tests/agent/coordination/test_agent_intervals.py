"""Every interval is sealed once, when it has ended."""

from hypothesis import given
from hypothesis import strategies as st

from gradual_agent.coordination.intervals import Intervals


def test_orders_before_the_start_begin_with_interval_0() -> None:
    intervals = Intervals(start=1000, length=100, now=500)
    assert intervals.next == 0
    assert intervals.next_deadline == 1100


def test_an_agent_that_comes_late_begins_with_the_interval_it_comes_in() -> None:
    assert Intervals(start=1000, length=100, now=1250).next == 2


def test_an_interval_is_taken_once_it_has_ended() -> None:
    intervals = Intervals(start=1000, length=100, now=0)
    assert list(intervals.take_ended(1099)) == []
    assert list(intervals.take_ended(1100)) == [0]
    assert list(intervals.take_ended(1100)) == []
    assert list(intervals.take_ended(1430)) == [1, 2, 3]
    assert intervals.next_deadline == 1500


@given(st.integers(0, 10**12), st.integers(1, 10**10), st.lists(st.integers(0, 10**13)))
def test_no_interval_is_left_out_or_taken_twice(start: int, length: int, wakes: list[int]) -> None:
    intervals = Intervals(start, length, now=0)
    taken: list[int] = []
    for now in wakes:
        ended = intervals.take_ended(now)
        assert all(intervals.end_of(interval) <= now for interval in (ended[:1], ended[-1:]) for interval in interval)
        if len(ended) > 1000:
            return
        taken += ended
    assert taken == list(range(len(taken)))
