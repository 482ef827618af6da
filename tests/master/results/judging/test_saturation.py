"""Which intervals are saturated, and what share of a run and of a level they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_run import S, schedule_of

from gradual_common.clock import NEVER
from gradual_common.schedule.schedule import Level, Schedule, SchedulePhase
from gradual_master.results.judging.saturation import Saturation, judged_intervals, sustained

JUDGED = judged_intervals(schedule_of((2, 1), (4, 2), seconds=20), S, 40 * S)


@pytest.mark.parametrize(
    ("intervals", "length", "found"),
    [
        ((), 3, ()),
        ((1, 2), 3, ()),
        ((4, 5, 3), 3, (3, 4, 5)),
        ((9, 4, 5, 3, 8), 3, (3, 4, 5)),
        ((1, 2, 3, 5, 6, 7, 8), 3, (1, 2, 3, 5, 6, 7, 8)),
        ((1, 1, 2), 3, ()),
        ((7,), 1, (7,)),
    ],
    ids=["none", "too few", "enough, in any order", "a gap ends a run", "two runs", "twice is once", "one is enough"],
)
def test_strain_is_saturation_when_it_lasts(intervals: tuple[int, ...], length: int, found: tuple[int, ...]) -> None:
    assert sustained(intervals, length) == found


@given(st.sets(st.integers(0, 40)), st.integers(1, 6))
def test_an_interval_is_sustained_when_a_window_around_it_is_full(intervals: set[int], length: int) -> None:
    def is_sustained(number: int) -> bool:
        return any(set(range(first, first + length)) <= intervals for first in range(number - length + 1, number + 1))

    assert sustained(intervals, length) == tuple(sorted(number for number in intervals if is_sustained(number)))


def test_an_interval_is_saturated_when_any_agent_is() -> None:
    strained = {"a": (3, 4, 5, 6, 7), "b": (9, 5, 6, 7, 8, 20), "c": ()}
    found = Saturation.of(strained, JUDGED, S)
    assert (found.measured, found.judged, found.intervals) == (40, 7, (3, 4, 5, 6, 7, 8, 9))
    assert found.by_agent == {"a": (3, 4, 5, 6, 7), "b": (5, 6, 7, 8, 9), "c": ()}


def test_warm_up_and_what_comes_after_the_end_are_not_judged() -> None:
    judged = judged_intervals(schedule_of((2, 1), (4, 2), seconds=20, warm_up=1), S, 30 * S)
    found = Saturation.of({"a": (17, 18, 19, 20, 21, *range(28, 33))}, judged, S)
    assert (found.measured, found.judged) == (10, 4)
    assert found.by_agent == {"a": (20, 21, 28, 29)}


def test_an_endless_schedule_is_judged_to_the_end_of_the_run() -> None:
    phase = SchedulePhase(0, "main", 0, NEVER, False)
    schedule = Schedule((), (Level(0, 0, 0, NEVER, 3.0),), (phase,), None, ("customer", "guest"))
    assert judged_intervals(schedule, S, 12 * S + 1) == [range(13)]


def test_without_measured_time_nothing_is_saturated() -> None:
    found = Saturation.of({"a": range(9)}, judged_intervals(schedule_of((2, 1)), S, 0), S)
    assert (found.measured, found.judged) == (0, 0)


@pytest.mark.parametrize(
    ("begin", "end", "is_marked"),
    [
        (0, 20 * S, True),
        (0, 100 * S, False),
        (0, 99 * S, True),
        (15 * S, 30 * S, False),
        (14 * S + S // 2, 20 * S, True),
        (20 * S, 20 * S, False),
    ],
    ids=["a quarter of it", "five in a hundred", "a little more", "after them", "half of the last", "no length"],
)
def test_a_level_is_marked_for_more_than_a_twentieth_of_its_time(begin: int, end: int, is_marked: bool) -> None:
    found = Saturation.of({"a": (10, 11, 12, 13, 14)}, JUDGED, S)
    assert found.marks(begin, end) is is_marked
