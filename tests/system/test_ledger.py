"""The checks of the system tests find what they look for."""

from conftest import Books
from ledger import SECOND, Ledger


def ledger_of(*requests: tuple[str, int, int]) -> Ledger:
    """Of (user, arrived, ended), from one sender."""
    rows = [["/ok", user, "", arrived, ended, "10.0.0.1:5"] for user, arrived, ended in requests]
    return Ledger.of(Books(rows, {}, {}, {}, 1))


def test_a_user_is_there_from_its_first_request_to_the_end_of_its_last() -> None:
    ledger = ledger_of(("u/0/0", 1, 2), ("u/1/0", 3, 4), ("u/0/0", 5, 6), ("u/2/0", 7, 8))
    assert ledger.most_present() == 2
    assert ledger.seats == {("u", 0), ("u", 1), ("u", 2)}


def test_two_holders_of_a_seat_at_once_are_two_users() -> None:
    ledger = ledger_of(("u/0/0", 1, 2), ("u/0/1", 3, 4), ("u/0/0", 5, 6))
    assert ledger.most_present() == 2
    assert [request.arrived for request in ledger.stale()] == [5]
    assert ledger.without(ledger.stale()).most_present() == 1


def test_a_holder_that_follows_another_is_no_second_user() -> None:
    ledger = ledger_of(("u/0/0", 1, 2), ("u/0/1", 3, 4), ("u/0/1", 5, 6))
    assert ledger.most_present() == 1
    assert ledger.stale() == []
    assert [(one.arrived, other.arrived) for one, other in ledger.handovers()["u", 0]] == [(1, 3)]


def test_requests_of_one_seat_that_overlap_are_found_whoever_sent_them() -> None:
    ledger = ledger_of(("u/0/0", 1, 9), ("u/1/0", 2, 3), ("u/0/1", 4, 5), ("u/0/1", 6, 7), ("u/1/0", 3, 4))
    assert [(one.arrived, other.arrived) for one, other in ledger.overlapping()] == [(1, 4), (1, 6)]


def test_what_bears_no_user_is_left_out() -> None:
    assert [request.arrived for request in ledger_of(("", 1, 2), ("u/0/0", 3, 4)).requests] == [3]


def test_levels_are_counted_from_the_earliest_sign_of_the_schedule() -> None:
    """The second level came on time, the first one late."""
    begin = 7 * SECOND
    ledger = ledger_of(
        ("u/0/0", begin + SECOND // 2, 0), ("u/0/0", begin + SECOND, 0), ("u/1/0", begin + 2 * SECOND, 0)
    )
    levels = [{"target": 1.0, "start_s": 0, "end_s": 2}, {"target": 2.0, "start_s": 2, "end_s": 4}]
    assert [len(inside.requests) for _, inside in ledger.inside(levels)] == [2, 0]
