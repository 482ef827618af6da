"""Blocks and batches."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_master.analysis.capacity.blocks import MAX_BATCHES, LevelBlock, batches_of, length_of


def blocks(number: int) -> list[LevelBlock]:
    return [LevelBlock(second, second + 1, ((second, 1.0), (1.0, 2.0))) for second in range(number)]


@given(st.integers(min_value=1, max_value=300))
def test_batches_keep_every_block_once(number: int) -> None:
    tops, bottoms = batches_of(blocks(number), 0)
    assert tops.sum() == sum(range(number))
    assert bottoms.sum() == number
    assert len(tops) == min(number, MAX_BATCHES)


@given(st.integers(min_value=MAX_BATCHES, max_value=300))
def test_batches_are_neighbouring_blocks_and_nearly_equally_long(number: int) -> None:
    tops, bottoms = batches_of(blocks(number), 0)
    assert max(bottoms) - min(bottoms) <= 1
    assert all(earlier < later for earlier, later in pairwise(tops / bottoms))


def test_each_measure_has_its_own_sums() -> None:
    tops, bottoms = batches_of(blocks(20), 1)
    assert list(tops) == [2.0] * 10
    assert list(bottoms) == [4.0] * 10


def test_no_blocks_are_no_batches() -> None:
    assert len(batches_of([], 0)[0]) == 0


def test_the_length_is_that_of_all_blocks() -> None:
    assert length_of([LevelBlock(0, 1, ()), LevelBlock(5, 7.5, ())]) == pytest.approx(3.5)
