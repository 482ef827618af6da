"""Each level by itself, and its steady part; late batches come in without opening or closing another level."""

import numpy as np
from contributions import contribution
from raw_run import MS, START, S, Stretch, batch_of, plan_of

from gradual_common.histogram.histogram import Histogram
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import RESPONSE_TIME
from gradual_master.results.merging.level_measurements import LevelMeasurements
from gradual_master.results.merging.sums import BEGIN, Contribution, Shape

SHAPE = Shape(SeriesIndex.of(plan_of()))


def second_of(second: int, level: int, ms: int, requests: int = 10) -> Contribution:
    """What one second has: logins that took as long."""
    stretch = Stretch(level, second * S, (second + 1) * S, [(0, "", ms * MS)] * requests)
    return contribution(batch_of(1, second, stretch), SHAPE)


def times_of(levels: LevelMeasurements, level: int) -> Histogram:
    return levels.judged(level).histograms.total([SHAPE.code(level, 0, 0, RESPONSE_TIME)])


def exact(values: list[int]) -> Histogram:
    histogram = Histogram()
    histogram.add_many(np.array(values, dtype=np.int64) * MS)
    return histogram


def with_a_level_of(seconds: int, *, slow: int) -> LevelMeasurements:
    """Level 3, whose first `slow` seconds have responses after 500 ms, the others after 10 or 11; then level 4."""
    levels = LevelMeasurements(SHAPE)
    for second in range(seconds):
        levels.add(second, second_of(second, 3, 500 if second < slow else 10 + second % 2))
    levels.add(seconds, second_of(seconds, 4, 20))
    return levels


def test_a_level_is_complete_when_an_interval_comes_without_it() -> None:
    levels = with_a_level_of(3, slow=0)
    assert levels.complete == {3}
    levels.close()
    assert levels.complete == {3, 4}


def test_a_short_level_is_judged_by_all_of_it() -> None:
    levels = with_a_level_of(3, slow=1)
    found = levels.steady_part(3)
    assert found is not None
    assert (found.steady, found.needed_s) == (False, 50)
    assert times_of(levels, 3).count == 30


def test_the_slow_start_of_a_level_is_not_in_its_steady_part() -> None:
    levels = with_a_level_of(60, slow=15)
    found, judged = levels.steady_part(3), levels.judged(3)
    assert found is not None
    assert found.from_s == 15
    assert judged.extents[0, BEGIN] == START + 15 * S
    assert judged.sums.requests.sum() == times_of(levels, 3).count == 450
    assert times_of(levels, 3).max == 11 * MS


def test_of_a_long_level_the_steady_part_begins_with_a_chunk() -> None:
    levels = with_a_level_of(300, slow=15)
    # 300 intervals are kept in chunks of 8.
    assert levels.judged(3).extents[0, BEGIN] == START + 16 * S
    assert times_of(levels, 3).count == 2840


def test_a_late_batch_is_in_the_steady_part_if_its_interval_is() -> None:
    levels = with_a_level_of(60, slow=15)
    levels.add_late(59, second_of(59, 3, 12, requests=1))
    levels.add_late(2, second_of(2, 3, 900, requests=1))
    assert (times_of(levels, 3).count, times_of(levels, 3).max) == (451, 12 * MS)
    assert levels.sums.over([3]).requests.sum() == 602


def test_a_late_batch_closes_no_level() -> None:
    levels = with_a_level_of(3, slow=0)
    levels.add_late(2, second_of(2, 3, 10, requests=1))
    levels.add_late(1, second_of(1, 9, 10, requests=1))
    assert levels.complete == {3, 9}
    assert times_of(levels, 3) == exact([10, 11, 10] * 10 + [10])
    assert times_of(levels, 9).count == 1


def test_nothing_is_known_of_a_level_that_was_not_measured() -> None:
    assert with_a_level_of(3, slow=0).steady_part(9) is None
