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
    assert [intervals.take_ended(now) for now in (1099, 1100, 1100)] == [False, True, False]
    assert [intervals.take_ended(1430) for _ in range(4)] == [True, True, True, False]
    assert (intervals.next, intervals.next_deadline) == (4, 1500)


@given(st.integers(0, 10**12), st.integers(1, 10**10), st.lists(st.integers(0, 10**13)))
def test_no_interval_is_left_out_or_taken_twice(start: int, length: int, wakes: list[int]) -> None:
    intervals = Intervals(start, length, now=0)
    taken = 0
    for now in wakes:
        while taken < 1000 and intervals.take_ended(now):
            assert intervals.end_of(taken) <= now
            taken += 1
    assert intervals.next == taken
