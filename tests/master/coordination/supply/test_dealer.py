"""Rows are handed out in order, each once in a pass, in blocks that fit into a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.plan.data.supplies import Supply
from gradual_common.protocol.messages import MAX_BLOCK_BYTES
from gradual_master.coordination.supply.dealer import Dealer


def dealer_of(rows: int, *, recycles: bool = False) -> Dealer:
    return Dealer(Supply("d", [{"id": number} for number in range(rows)], recycles))


def test_a_block_is_what_was_wanted_and_the_next_one_follows_it() -> None:
    dealer = dealer_of(100)
    first, second = dealer.deal(10, 1), dealer.deal(5, 1)
    assert [row["id"] for row in first.rows + second.rows] == list(range(15))
    assert (first.first, second.first, dealer.handed_out) == (0, 10, 15)
    assert not second.exhausted


@given(st.integers(1, 300), st.lists(st.tuples(st.integers(1, 50), st.integers(1, 5)), min_size=300, max_size=300))
def test_every_row_is_handed_out_once_and_then_nothing(rows: int, requests: list[tuple[int, int]]) -> None:
    dealer = dealer_of(rows)
    blocks = [dealer.deal(wanted, agents) for wanted, agents in requests]
    assert [row["id"] for block in blocks for row in block.rows] == list(range(rows))
    assert [block.exhausted for block in blocks] == [
        sum(len(b.rows) for b in blocks[: n + 1]) == rows for n in range(300)
    ]


def test_no_agent_gets_more_than_half_of_its_share_of_what_is_left() -> None:
    dealer = dealer_of(60)
    assert [len(dealer.deal(1000, 3).rows) for _ in range(4)] == [10, 8, 7, 5]


@given(st.integers(1, 40), st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_a_recycled_supply_never_ends_and_each_pass_has_every_row_once(rows: int, requests: list[int]) -> None:
    dealer = dealer_of(rows, recycles=True)
    blocks = [dealer.deal(wanted, 3) for wanted in requests]
    handed_out = [(block.passes, row["id"]) for block in blocks for row in block.rows]
    assert handed_out == [(number // rows, number % rows) for number in range(len(handed_out))]
    assert all(block.rows and not block.exhausted for block in blocks)


def test_a_block_has_no_more_rows_than_fit_into_a_message() -> None:
    text = "x" * (MAX_BLOCK_BYTES // 10)
    dealer = Dealer(Supply("d", [{"text": text}] * 100))
    assert len(dealer.deal(50, 1).rows) == 9


def test_a_row_that_is_larger_than_a_block_goes_alone() -> None:
    dealer = Dealer(Supply("d", [{"n": 1}, {"text": "x" * 2 * MAX_BLOCK_BYTES}, {"n": 3}], recycles=True))
    assert [len(dealer.deal(3, 1).rows) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("recycles", [False, True])
def test_the_last_block_of_a_pass_has_what_is_left(recycles: bool) -> None:
    dealer = dealer_of(3, recycles=recycles)
    blocks = [dealer.deal(1 if not recycles else 2, 1) for _ in range(3)]
    assert [len(block.rows) for block in blocks] == ([1, 1, 1] if not recycles else [2, 1, 2])
