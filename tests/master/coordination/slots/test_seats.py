"""Who holds which slot under which tenure, and which have ended for good."""

import pytest

from gradual_common.errors import WireError
from gradual_common.protocol.messages import SlotRun
from gradual_master.coordination.slots.seats import Seats

A = (SlotRun(0, 0, 5, 1), SlotRun(1, 0, 4, 1))
B = (SlotRun(0, 5, 5, 1),)


def seats_of() -> Seats:
    """Agent a: the first half of group 0 and group 1; agent b: the second half of group 0; rows are stored."""
    seats = Seats((10, 4))
    for agent, hand in (("a", A), ("b", B)):
        assert seats.give(agent, seats.masks(hand), due=1) == hand
        seats.note_named(hand, 1)
    return seats


OWNED = [
    ("all of a run", SlotRun(0, 0, 5, 1), True),
    ("a part of it", SlotRun(0, 2, 2, 1), True),
    ("more than it", SlotRun(0, 2, 4, 1), False),
    ("another's", SlotRun(0, 5, 1, 1), False),
    ("another tenure", SlotRun(0, 0, 5, 2), False),
    ("no such group", SlotRun(9, 0, 1, 1), False),
    ("no such ordinal", SlotRun(0, 9, 2_000_000_000, 1), False),
]


@pytest.mark.parametrize(("reason", "run", "owned"), OWNED, ids=[reason for reason, *_ in OWNED])
def test_an_agent_holds_what_it_was_given(reason: str, run: SlotRun, owned: bool) -> None:
    assert seats_of().knows("a", [run]) is owned
    assert seats_of().knows("a", [])
    assert not seats_of().knows("stranger", [run])


def test_seats_are_over_when_every_slot_that_is_still_scheduled_has_ended() -> None:
    seats = seats_of()
    seats.end("a", [SlotRun(0, 0, 3, 1)])
    assert seats.is_over((3, 0))
    assert not seats.is_over((4, 0))
    assert not seats.is_over((3, 1))
    assert seats.is_over((0, 0))
    assert seats.open_slots() == 11


def test_a_slot_ends_once() -> None:
    seats = seats_of()
    assert seats.end("a", [SlotRun(0, 0, 3, 1), SlotRun(1, 0, 1, 1)]) == {0: 3, 1: 1}
    assert seats.end("a", [SlotRun(0, 1, 4, 1)]) == {0: 2}
    assert seats.end("a", [SlotRun(0, 1, 4, 1)]) == {}


def test_what_a_lost_agent_held_is_free_but_for_what_had_ended() -> None:
    seats = seats_of()
    seats.end("b", [SlotRun(0, 9, 1, 1)])
    assert seats.take_all("b") == B
    assert seats.held_by("b") == ()
    assert (seats.has_free, seats.vacant((7, 0)), seats.vacant((10, 4))) == (True, 2, 4)


def test_a_free_slot_is_given_under_its_next_tenure_and_ordered_once_its_rows_are_stored() -> None:
    seats = seats_of()
    seats.take_all("b")
    given = seats.give("a", seats.masks([SlotRun(0, 5, 2, 0), SlotRun(0, 8, 1, 0)]))
    assert given == (SlotRun(0, 5, 2, 2), SlotRun(0, 8, 1, 2))
    assert seats.ordered_of("a", 7) == A
    seats.note_due("a", given[:1], 7)
    assert seats.ordered_of("a", 6) == A
    assert seats.ordered_of("a", 7) == (SlotRun(0, 0, 5, 1), SlotRun(0, 5, 2, 2), SlotRun(1, 0, 4, 1))


def test_rows_of_slots_that_were_lost_meanwhile_change_nothing() -> None:
    seats = seats_of()
    seats.take_all("b")
    given = seats.give("b", seats.masks([SlotRun(0, 5, 1, 0)]))
    seats.take_all("b")
    seats.give("a", seats.masks([SlotRun(0, 5, 1, 0)]))
    seats.note_due("b", given, 1)
    assert seats.ordered_of("a", 99) == A


def test_a_slot_that_leaves_is_its_holders_until_it_is_released() -> None:
    seats = seats_of()
    seats.let_go(seats.masks([SlotRun(0, 1, 2, 0)]))
    assert seats.ordered_of("a", 1) == (SlotRun(0, 0, 1, 1), SlotRun(0, 3, 2, 1), SlotRun(1, 0, 4, 1))
    assert (seats.held_by("a"), seats.leaving(), seats.has_free) == (A, 2, False)
    seats.release("a", [SlotRun(0, 1, 1, 1)])
    assert (seats.leaving(), seats.vacant((10, 4))) == (1, 1)
    seats.release("a", [SlotRun(0, 1, 1, 1)])
    assert seats.vacant((10, 4)) == 1


IMPOSSIBLE = [
    ("another's", SlotRun(0, 5, 1, 1)),
    ("a tenure to come", SlotRun(0, 0, 1, 2)),
    ("no such group", SlotRun(9, 0, 1, 1)),
    ("no such ordinal", SlotRun(0, 9, 2, 1)),
]


@pytest.mark.parametrize(("reason", "run"), IMPOSSIBLE, ids=[reason for reason, _ in IMPOSSIBLE])
def test_what_was_never_given_cannot_be_given_back(reason: str, run: SlotRun) -> None:
    with pytest.raises(WireError, match="gives back slots"):
        seats_of().release("a", [run])
    with pytest.raises(WireError, match="gives back slots"):
        seats_of().end("a", [run])


def test_a_slot_can_move_once_its_holder_has_put_it_in_force() -> None:
    """Only then does the holder say that it has left: orders that never came cannot be taken back."""
    seats = seats_of()
    seats.take_all("b")
    given = seats.give("a", seats.masks([SlotRun(0, 5, 2, 0)]), due=1)

    def movable(confirmed: int) -> list[int]:
        return [int(mask.sum()) for mask in seats.movable("a", confirmed)]

    assert [movable(0), movable(1)] == [[0, 0], [5, 4]]
    seats.note_named(given, 7)
    seats.note_named(given, 9)
    assert [movable(6), movable(7)] == [[5, 4], [7, 4]]
    seats.settle("a", A, (0, 0))
    assert movable(99) == [5, 4], "its Hello did not name them: the orders are lost"


def test_a_release_of_an_earlier_tenure_comes_late_and_changes_nothing() -> None:
    seats = seats_of()
    seats.take_all("b")
    seats.give("a", seats.masks([SlotRun(0, 5, 1, 0)]), due=1)
    seats.release("b", [SlotRun(0, 5, 1, 1)])
    assert SlotRun(0, 5, 1, 2) in seats.held_by("a")


def test_an_agent_that_is_back_begins_anew_what_it_should_run_and_does_not() -> None:
    seats = seats_of()
    seats.end("a", [SlotRun(0, 1, 1, 1)])
    seats.let_go(seats.masks([SlotRun(1, 1, 2, 0)]))
    left, anew = seats.settle("a", [SlotRun(0, 0, 1, 1), SlotRun(1, 1, 1, 1)], (4, 3))
    assert anew == (SlotRun(0, 2, 2, 2), SlotRun(1, 0, 1, 2))
    assert (left, seats.leaving(), seats.vacant((10, 4))) == (1, 1, 1)
    assert seats.ordered_of("a", 1) == (
        SlotRun(0, 0, 2, 1),
        SlotRun(0, 2, 2, 2),
        SlotRun(0, 4, 1, 1),
        SlotRun(1, 0, 1, 2),
        SlotRun(1, 3, 1, 1),
    )
