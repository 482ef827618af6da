"""The users that were wanted, to the nanosecond."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from raw_run import START, S, schedule_of

from gradual_master.results.facts import SlotsFinished
from gradual_master.results.measures.scheduled_users import ScheduledUsers

USERS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6)


@given(USERS, st.integers(0, 12 * S), st.integers(0, 12 * S))
def test_scheduled_users_are_the_integral_of_the_schedule(levels: list[tuple[int, int]], one: int, two: int) -> None:
    begin, end = sorted((one, two))
    schedule = schedule_of(*levels, seconds=2)
    expected = np.zeros(2, dtype=np.int64)
    for number, users in enumerate(levels):
        overlap = max(0, min(end, (number + 1) * 2 * S) - max(begin, number * 2 * S))
        expected += np.array(users, dtype=np.int64) * overlap
    assert ScheduledUsers(schedule).between(begin, end).tolist() == expected.tolist()


def test_a_slot_that_ended_for_good_is_wanted_no_more() -> None:
    schedule = schedule_of((2, 1), seconds=4)
    finished = (SlotsFinished(START + S, 0, 1), SlotsFinished(START + 2 * S, 0, 1), SlotsFinished(START, 1, 5))
    assert ScheduledUsers(schedule, finished, START).between(0, 4 * S).tolist() == [3 * S, 0]
