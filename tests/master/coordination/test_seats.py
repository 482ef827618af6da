"""Who holds which slot, and which have ended for good."""

import pytest

from gradual_common.messages import SlotRun
from gradual_master.coordination.seats import Seats


def seats_of() -> Seats:
    """Agent a: the first half of group 0 and group 1; agent b: the second half of group 0."""
    seats = Seats((10, 4))
    seats.give("a", (SlotRun(0, 0, 5, 1), SlotRun(1, 0, 4, 1)))
    seats.give("b", (SlotRun(0, 5, 5, 1),))
    return seats


OWNED = [
    ("all of a run", SlotRun(0, 0, 5, 1), True),
    ("a part of it", SlotRun(0, 2, 2, 1), True),
    ("more than it", SlotRun(0, 2, 4, 1), False),
    ("another's", SlotRun(0, 5, 1, 1), False),
    ("another tenure", SlotRun(0, 0, 5, 2), False),
    ("no such group", SlotRun(9, 0, 1, 1), False),
]


@pytest.mark.parametrize(("reason", "run", "owned"), OWNED, ids=[reason for reason, *_ in OWNED])
def test_an_agent_owns_what_it_was_given(reason: str, run: SlotRun, owned: bool) -> None:
    assert seats_of().owns("a", [run]) is owned


def test_seats_are_over_when_every_slot_that_is_still_scheduled_has_ended() -> None:
    seats = seats_of()
    seats.end([SlotRun(0, 0, 3, 1)])
    assert seats.is_over((3, 0))
    assert not seats.is_over((4, 0))
    assert not seats.is_over((3, 1))
    assert seats.is_over((0, 0))


def test_a_slot_ends_once() -> None:
    seats = seats_of()
    assert seats.end([SlotRun(0, 0, 3, 1), SlotRun(1, 0, 1, 1)]) == {0: 3, 1: 1}
    assert seats.end([SlotRun(0, 1, 4, 1)]) == {0: 2}
    assert seats.end([SlotRun(0, 1, 4, 1)]) == {}


def test_a_lost_agent_leaves_slots_of_which_nothing_is_awaited() -> None:
    seats = seats_of()
    assert seats.take_all("b") == (SlotRun(0, 5, 5, 1),)
    seats.end([SlotRun(0, 0, 5, 1), SlotRun(1, 0, 4, 1)])
    assert seats.is_over((10, 4))
    assert seats.held_by("b") == ()


def test_a_slot_without_a_user_is_one_that_should_have_one_and_has_not_ended() -> None:
    seats = seats_of()
    seats.end([SlotRun(0, 1, 1, 1)])
    held = [SlotRun(0, 0, 1, 1), SlotRun(0, 3, 1, 9), SlotRun(7, 0, 1, 1), SlotRun(0, 5, 4_000_000_000, 1)]
    assert seats.unheld("a", held, (4, 1)) == {(0, 2), (0, 3), (1, 0)}


def test_a_raised_tenure_splits_runs_and_joins_equal_neighbours() -> None:
    seats = seats_of()
    assert seats.raise_tenure("a", {(0, 2), (0, 3), (1, 0)}) == (
        SlotRun(0, 0, 2, 1),
        SlotRun(0, 2, 2, 2),
        SlotRun(0, 4, 1, 1),
        SlotRun(1, 0, 1, 2),
        SlotRun(1, 1, 3, 1),
    )
    assert seats.raise_tenure("a", {(0, 0), (0, 1), (0, 4)})[0] == SlotRun(0, 0, 5, 2)
