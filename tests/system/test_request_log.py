"""The request log finds what the system tests search for."""

from fleet_processes import TargetRecords
from request_log import SECOND, RequestLog


def log_of(*requests: tuple[str, int, int]) -> RequestLog:
    """A log of (user, arrived, ended), all of one sender."""
    rows = [["/ok", user, "", arrived, ended, "10.0.0.1:5"] for user, arrived, ended in requests]
    return RequestLog.of(TargetRecords(rows, {}, {}, {}, 1))


def test_a_user_counts_from_its_first_request_to_the_end_of_its_last() -> None:
    log = log_of(("u/0/0", 1, 2), ("u/1/0", 3, 4), ("u/0/0", 5, 6), ("u/2/0", 7, 8))
    assert log.max_users() == 2
    assert log.slots == {("u", 0), ("u", 1), ("u", 2)}


def test_a_slot_with_two_users_at_the_same_time_counts_twice() -> None:
    log = log_of(("u/0/0", 1, 2), ("u/0/1", 3, 4), ("u/0/0", 5, 6))
    assert log.max_users() == 2
    assert [request.arrived for request in log.stale()] == [5]
    assert log.without(log.stale()).max_users() == 1


def test_a_slot_with_one_user_after_the_other_counts_once() -> None:
    log = log_of(("u/0/0", 1, 2), ("u/0/1", 3, 4), ("u/0/1", 5, 6))
    assert log.max_users() == 1
    assert log.stale() == []
    assert [(last.arrived, first.arrived) for last, first in log.handovers()["u", 0]] == [(1, 3)]


def test_overlapping_requests_of_a_slot_are_found_for_one_and_for_several_users() -> None:
    log = log_of(("u/0/0", 1, 9), ("u/1/0", 2, 3), ("u/0/1", 4, 5), ("u/0/1", 6, 7), ("u/1/0", 3, 4))
    assert [(first.arrived, second.arrived) for first, second in log.overlapping()] == [(1, 4), (1, 6)]


def test_requests_without_a_user_are_left_out() -> None:
    assert [request.arrived for request in log_of(("", 1, 2), ("u/0/0", 3, 4)).requests] == [3]


def test_levels_are_counted_from_the_earliest_estimate_of_the_schedules_start() -> None:
    """The second level was on time, the first one was late."""
    start = 7 * SECOND
    log = log_of(("u/0/0", start + SECOND, 0), ("u/0/0", start + SECOND * 3 // 2, 0), ("u/1/0", start + 2 * SECOND, 0))
    levels = [{"target": 1.0, "start_s": 0, "end_s": 2}, {"target": 2.0, "start_s": 2, "end_s": 4}]
    assert [len(requests.requests) for _, requests in log.by_level(levels)] == [2, 0]
