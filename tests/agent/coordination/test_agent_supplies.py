"""The agent's side of rows for iterations: when it asks, for how many, and what it does with an answer."""

from typing import Any

import pytest

from gradual_agent.coordination.supplies import MAX_ROWS, NONE_YET, NUMBERS, USED_UP, AgentSupplies, AgentSupply
from gradual_common.protocol.messages import SEQUENCE, BlockRequest, BlockUse, DealtBlock, SlotRun

S = 1_000_000_000
SOURCE = (0, "user")


class Waiting:
    def __init__(self) -> None:
        self.notes = 0

    def note_row(self) -> None:
        self.notes += 1


class Supplied:
    """One supply, and what it asked for."""

    def __init__(self) -> None:
        self.needs = 0
        self.all = AgentSupplies(self._need)
        self.supply: AgentSupply = self.all.declare([SOURCE])[SOURCE]

    def _need(self) -> None:
        self.needs += 1

    def answer(self, number: int, *ids: int, exhausted: bool = False) -> None:
        self.all.receive(DealtBlock(*SOURCE, number, 0, 0, tuple({"id": each} for each in ids), exhausted))

    def take(self, now: int = 0) -> Any:
        row = self.supply.take(now)
        return row["id"] if isinstance(row, dict) else row


def request(number: int, count: int) -> tuple[BlockRequest, ...]:
    return (BlockRequest(*SOURCE, number, count),)


def test_it_asks_before_its_users_come_for_as_many_rows_as_it_has_slots() -> None:
    made = Supplied()
    made.all.expect([SlotRun(0, 0, 3, 1), SlotRun(0, 7, 2, 1), SlotRun(1, 0, 9, 1)], 0)
    assert made.all.take_requests() == request(1, 5)
    made.all.expect([SlotRun(0, 0, 9, 1)], 1)
    assert made.all.take_requests() == ()


def test_it_takes_rows_in_order_and_asks_for_the_next_before_they_are_used_up() -> None:
    made = Supplied()
    made.all.expect([SlotRun(0, 0, 4, 1)], 0)
    made.all.take_requests()
    made.answer(1, 10, 11, 12, 13)
    assert [made.take(S), made.take(S)] == [10, 11]
    assert made.all.take_requests() == ()
    assert made.take(S) == 12
    assert made.all.take_requests() == request(2, 3), "3 rows in a second"
    made.answer(2, 14)
    assert [made.take(S), made.take(S)] == [13, 14]


def test_it_asks_for_twice_as_many_at_most() -> None:
    made = Supplied()
    made.all.expect([SlotRun(0, 0, 4, 1)], 0)
    made.answer(1, *range(4))
    for _ in range(3):
        made.take(S // 1000)
    assert made.all.take_requests() == request(2, 8)


def test_a_request_is_bounded() -> None:
    made = Supplied()
    made.all.expect([SlotRun(0, 0, MAX_ROWS * 3, 1)], 0)
    assert made.all.take_requests() == request(1, MAX_ROWS)


def test_there_is_one_request_at_a_time() -> None:
    made = Supplied()
    assert made.take() is NONE_YET
    assert made.take() is NONE_YET
    assert made.needs == 1
    assert made.all.take_requests() == request(1, 1)
    assert made.all.take_requests() == ()


def test_a_new_stream_repeats_what_was_not_answered_and_says_the_use_again() -> None:
    made = Supplied()
    made.take()
    made.all.take_requests()
    made.all.repeat()
    assert made.all.take_requests() == request(1, 1)
    made.answer(1, 5, 6, 7)
    made.take(10 * S)
    assert made.all.take_used() == (BlockUse(*SOURCE, 1),)
    assert made.all.take_used() == ()
    made.all.repeat()
    assert made.all.take_requests() == ()
    assert made.all.take_used() == (BlockUse(*SOURCE, 1),)


def test_a_block_that_comes_twice_is_taken_once() -> None:
    made = Supplied()
    made.take()
    made.answer(1, 5)
    made.answer(1, 5)
    assert made.take(S) == 5
    assert made.take(S) is NONE_YET


def test_users_that_wait_are_told_of_as_many_rows_as_there_are() -> None:
    made, users = Supplied(), [Waiting() for _ in range(3)]
    made.take()
    for user in users:
        made.supply.join(user)
    made.supply.leave(users[0])
    made.answer(1, 5)
    assert [user.notes for user in users] == [0, 1, 0]


@pytest.mark.parametrize("ids", [(), (5,)])
def test_all_users_are_told_that_nothing_will_come(ids: tuple[int, ...]) -> None:
    made, users = Supplied(), [Waiting() for _ in range(3)]
    made.take()
    for user in users:
        made.supply.join(user)
    made.answer(1, *ids, exhausted=True)
    assert [user.notes for user in users] == [1, 1, 1]
    assert [made.take(S) for _ in range(2)] == [*ids, USED_UP, USED_UP][:2]
    assert made.all.take_requests() == ()


def numbers(first: int, number: int) -> DealtBlock:
    return DealtBlock(SEQUENCE, "invoice", number, first, 0, (), count=NUMBERS)


def test_numbers_are_asked_for_before_they_are_needed_and_again_at_the_half() -> None:
    supplies = AgentSupplies(lambda: None)
    supplies.declare([], ["invoice"])
    supplies.expect([], 0)
    assert supplies.take_requests() == (BlockRequest(SEQUENCE, "invoice", 1, NUMBERS),)
    supplies.receive(numbers(1, 1))
    taken = [supplies.next_number("invoice") for _ in range(NUMBERS // 2)]
    assert supplies.take_requests() == ()
    taken.append(supplies.next_number("invoice"))
    assert supplies.take_requests() == (BlockRequest(SEQUENCE, "invoice", 2, NUMBERS),)
    supplies.receive(numbers(500_001, 2))
    supplies.receive(numbers(500_001, 2))
    taken += [supplies.next_number("invoice") for _ in range(NUMBERS // 2)]
    assert taken == [*range(1, NUMBERS + 1), 500_001]
    assert supplies.take_used() == ()


def test_there_is_no_number_before_the_first_block_and_none_of_an_unknown_sequence() -> None:
    supplies = AgentSupplies(lambda: None)
    supplies.declare([], ["invoice"])
    assert (supplies.next_number("invoice"), supplies.next_number("other")) == (None, None)
