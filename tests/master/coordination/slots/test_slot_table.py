"""Who holds which slot under which tenure, and which have ended for good."""

import pytest
from fleet_model import give

from gradual_common.errors import WireError
from gradual_common.protocol.messages import SlotRun
from gradual_master.coordination.slots.table import SlotTable

A = (SlotRun(0, 0, 5, 1), SlotRun(1, 0, 4, 1))
B = (SlotRun(0, 5, 5, 1),)


def table_of() -> SlotTable:
    """Agent a: the first half of group 0 and group 1; agent b: the second half of group 0; rows are stored."""
    table = SlotTable((10, 4))
    for agent, part in (("a", A), ("b", B)):
        assert give(table, agent, table.mask_of(part)) == part
        table.note_named(part, 1)
    return table


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
    assert table_of().knows("a", [run]) is owned
    assert table_of().knows("a", [])
    assert not table_of().knows("stranger", [run])


def test_slots_are_over_when_every_slot_that_is_still_scheduled_has_ended() -> None:
    table = table_of()
    table.end("a", SlotRun(0, 0, 3, 1))
    assert table.is_over((3, 0))
    assert not table.is_over((4, 0))
    assert not table.is_over((3, 1))
    assert table.is_over((0, 0))
    assert table.open_slots() == 11


def test_a_slot_ends_once() -> None:
    table = table_of()
    assert table.end("a", SlotRun(0, 0, 3, 1)) == 3
    assert table.end("a", SlotRun(1, 0, 1, 1)) == 1
    assert table.end("a", SlotRun(0, 1, 4, 1)) == 2
    assert table.end("a", SlotRun(0, 1, 4, 1)) == 0


def test_what_a_lost_agent_held_is_free_but_for_what_had_ended() -> None:
    table = table_of()
    table.end("b", SlotRun(0, 9, 1, 1))
    table.take_all("b")
    assert table.held_by("b") == ()
    assert (table.free().any(), table.vacant((7, 0)), table.vacant((10, 4))) == (True, 2, 4)


def test_a_free_slot_is_given_under_its_next_tenure_and_ordered_once_its_rows_are_stored() -> None:
    table = table_of()
    table.take_all("b")
    given = table.give("a", table.mask_of([SlotRun(0, 5, 2, 0), SlotRun(0, 8, 1, 0)]))
    assert given == (SlotRun(0, 5, 2, 2), SlotRun(0, 8, 1, 2))
    assert table.ordered_of("a", 7) == A
    table.note_due("a", given[:1], 7)
    assert table.ordered_of("a", 6) == A
    assert table.ordered_of("a", 7) == (SlotRun(0, 0, 5, 1), SlotRun(0, 5, 2, 2), SlotRun(1, 0, 4, 1))


def test_rows_of_slots_that_were_lost_since_change_nothing() -> None:
    table = table_of()
    table.take_all("b")
    given = table.give("b", table.mask_of([SlotRun(0, 5, 1, 0)]))
    table.take_all("b")
    table.give("a", table.mask_of([SlotRun(0, 5, 1, 0)]))
    table.note_due("b", given, 1)
    assert table.ordered_of("a", 99) == A


def test_a_slot_that_leaves_is_its_holders_until_it_is_released() -> None:
    table = table_of()
    table.let_go(table.mask_of([SlotRun(0, 1, 2, 0)]))
    assert table.ordered_of("a", 1) == (SlotRun(0, 0, 1, 1), SlotRun(0, 3, 2, 1), SlotRun(1, 0, 4, 1))
    assert (table.held_by("a"), table.leaving(), table.free().any()) == (A, 2, False)
    table.release("a", [SlotRun(0, 1, 1, 1)])
    assert (table.leaving(), table.vacant((10, 4))) == (1, 1)
    table.release("a", [SlotRun(0, 1, 1, 1)])
    assert table.vacant((10, 4)) == 1


IMPOSSIBLE = [
    ("another's", SlotRun(0, 5, 1, 1)),
    ("a tenure to come", SlotRun(0, 0, 1, 2)),
    ("no such group", SlotRun(9, 0, 1, 1)),
    ("no such ordinal", SlotRun(0, 9, 2, 1)),
]


@pytest.mark.parametrize(("reason", "run"), IMPOSSIBLE, ids=[reason for reason, _ in IMPOSSIBLE])
def test_what_was_never_given_cannot_be_given_back(reason: str, run: SlotRun) -> None:
    with pytest.raises(WireError, match="gives back slots"):
        table_of().release("a", [run])
    with pytest.raises(WireError, match="gives back slots"):
        table_of().end("a", run)


def test_a_slot_can_move_once_its_holder_has_put_it_in_force() -> None:
    """Only then does the agent report its end: slots of orders that never came cannot be taken back."""
    table = table_of()
    table.take_all("b")
    given = give(table, "a", table.mask_of([SlotRun(0, 5, 2, 0)]))

    def movable(confirmed: int) -> int:
        return int(table.movable("a", confirmed).sum())

    assert [movable(0), movable(1)] == [0, 9]
    table.note_named(given, 7)
    table.note_named(given, 9)
    assert [movable(6), movable(7)] == [9, 11]
    table.reconcile("a", A, (0, 0))
    assert movable(99) == 9, "its Hello did not name them: the orders are lost"


def test_a_release_of_an_earlier_tenure_comes_late_and_changes_nothing() -> None:
    table = table_of()
    table.take_all("b")
    give(table, "a", table.mask_of([SlotRun(0, 5, 1, 0)]))
    table.release("b", [SlotRun(0, 5, 1, 1)])
    assert SlotRun(0, 5, 1, 2) in table.held_by("a")


def test_an_agent_that_is_back_starts_again_the_slots_that_it_should_run_and_does_not() -> None:
    table = table_of()
    table.end("a", SlotRun(0, 1, 1, 1))
    table.let_go(table.mask_of([SlotRun(1, 1, 2, 0)]))
    restarted = table.reconcile("a", [SlotRun(0, 0, 1, 1), SlotRun(1, 1, 1, 1)], (4, 3))
    assert restarted == (SlotRun(0, 2, 2, 2), SlotRun(1, 0, 1, 2))
    assert (table.leaving(), table.vacant((10, 4))) == (1, 1), "one that it let go has left it"
    assert table.ordered_of("a", 1) == (
        SlotRun(0, 0, 2, 1),
        SlotRun(0, 2, 2, 2),
        SlotRun(0, 4, 1, 1),
        SlotRun(1, 0, 1, 2),
        SlotRun(1, 3, 1, 1),
    )
