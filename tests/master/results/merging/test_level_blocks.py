"""A level is divided into blocks of about 10 s, each with the samples that ended in it."""

import pytest
from contributions import contribution
from raw_run import MS, START, S, Stretch, batch_of, plan_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_master.results.merging.level_blocks import divide
from gradual_master.results.merging.level_measurements import LevelMeasurements
from gradual_master.results.merging.sums import Contribution, Shape

SHAPE = Shape(SeriesIndex.of(plan_of()))


def stretch_of(begin: int, end: int, ms: int = 10, failures: int = 0) -> Contribution:
    """Ten logins a stretch of level 3, of which some fail; times in seconds."""
    samples = [(0, "status" if number < failures else "", ms * MS) for number in range(10)]
    return contribution(batch_of(1, begin, Stretch(3, begin * S, end * S, samples)), SHAPE)


def extents_of(*chunks: tuple[int, int]) -> list[tuple[float, float]]:
    blocks = divide(SHAPE, [[stretch_of(*chunk)] for chunk in chunks])
    return [((block.begin - START) / S, (block.end - START) / S) for block in blocks]


def test_seconds_are_put_together_to_ten() -> None:
    assert extents_of(*((second, second + 1) for second in range(30))) == [(0, 10), (10, 20), (20, 30)]


@pytest.mark.parametrize(("length", "last"), [(24, (10, 24)), (25, (20, 25)), (4, (0, 4))])
def test_a_short_rest_belongs_to_the_block_before_it(length: int, last: tuple[int, int]) -> None:
    assert extents_of(*((second, second + 1) for second in range(length)))[-1] == last


def test_chunks_that_are_longer_are_a_block_each() -> None:
    assert extents_of((0, 16), (16, 32), (32, 48)) == [(0, 16), (16, 32), (32, 48)]


def test_no_chunk_is_no_block() -> None:
    assert divide(SHAPE, []) == []


def test_a_block_has_the_counts_and_the_times_of_its_samples() -> None:
    at_once = [stretch_of(0, 5, 10, failures=1), stretch_of(0, 5, 30)]
    (block,) = divide(SHAPE, [at_once, [stretch_of(5, 10, 20)]])
    assert (block.requests, block.failures) == (30, 1)
    assert (block.response_times.count, block.response_times.mean) == (30, 20)
    assert block.response_times.p50 == pytest.approx(20, rel=0.0055)
    assert block.response_times.p99 == pytest.approx(30, rel=0.0055)


def test_a_level_keeps_the_blocks_of_its_steady_part() -> None:
    levels = LevelMeasurements(SHAPE)
    for second in range(60):
        levels.add(second, stretch_of(second, second + 1, 500 if second < 15 else 10 + second % 2))
    assert levels.blocks(3) == (), "it is still open"
    levels.close()
    found = levels.blocks(3)
    assert [(block.begin - START) // S for block in found] == [15, 25, 35, 45, 55]
    assert sum(block.requests for block in found) == levels.judged(3).sums.requests.sum() == 450
    assert max(block.response_times.max or 0 for block in found) == 11
    assert levels.blocks(9) == ()


def test_a_level_that_is_not_steady_has_blocks_of_all_of_it() -> None:
    levels = LevelMeasurements(SHAPE)
    for second in range(20):
        levels.add(second, stretch_of(second, second + 1))
    levels.close()
    levels.add_late(3, stretch_of(3, 4))
    assert [block.requests for block in levels.blocks(3)] == [100, 100], "a late batch is in no block"
