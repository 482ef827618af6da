"""The values of a watch by interval."""

from itertools import pairwise

import numpy as np
import pytest

from gradual_common.clock import NS_PER_S as S
from gradual_common.plan.model.watches import WatchedMetric
from gradual_master.watching.courses import ROOM, WatchCourse, WatchFailure


def course(**settings: object) -> WatchCourse:
    watch = WatchedMetric(exporter="http://h/metrics", metric="m", unit="%", **settings)
    return WatchCourse("db_cpu", watch, S)


def test_an_interval_without_a_value_is_a_gap_and_never_zero() -> None:
    one = course()
    one.take({0: 5.0, 2: 7.0}, until=4)
    assert np.array_equal(one.values, [5.0, np.nan, 7.0, np.nan], equal_nan=True)
    assert one.between(0, 4 * S).tolist() == [5.0, 7.0]
    assert one.between(S, 3 * S).tolist() == [7.0]


def test_a_value_belongs_to_the_stretch_that_holds_the_end_of_its_interval() -> None:
    one = course()
    one.take({number: float(number) for number in range(10)}, until=10)
    edges = [0, 5 * S // 2, 5 * S, 15 * S // 2, 10 * S]
    parts = [one.between(start, end).tolist() for start, end in pairwise(edges)]
    assert parts == [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]


def test_a_failure_is_news_once_and_remembered_since_when() -> None:
    one = course()
    one.take({0: 5.0, 1: 6.0}, until=2)
    assert one.fail(2, "refused")
    assert not one.fail(3, "refused")
    assert one.state.failed_since_s == 2
    assert one.latest is None
    assert one.take({4: 8.0}, until=5)
    assert not one.take({5: 8.0}, until=6)
    assert one.failure is None
    assert one.failures == [WatchFailure(2, "refused")]
    assert np.isnan(one.values[2:4]).all()


def test_another_reason_is_news_but_not_another_failure() -> None:
    one = course()
    one.fail(0, "refused")
    assert one.fail(1, "401")
    assert one.failures == [WatchFailure(0, "401")]


def test_a_rate_is_the_growth_per_second_times_the_scale() -> None:
    one = course(rate=True, scale=100)
    one.read(0, 10 * S, 3.0)
    one.read(1, 12 * S, 4.0)
    assert one.values[1] == pytest.approx(50)
    assert np.isnan(one.values[0])


def test_a_counter_that_was_reset_or_not_read_has_no_rate() -> None:
    one = course(rate=True)
    one.read(0, S, 10)
    one.read(1, 2 * S, 2)
    one.read(2, 3 * S, 5)
    one.fail(3, "refused")
    one.read(4, 5 * S, 9)
    one.read(5, 6 * S, 10)
    assert np.array_equal(one.values, [np.nan, np.nan, 3, np.nan, np.nan, 1], equal_nan=True)


def test_a_course_grows_and_keeps_its_values() -> None:
    one = course()
    for number in range(2 * ROOM + 2):
        one.take({number: float(number)}, until=number + 1)
    one.fail(5 * ROOM, "refused")
    assert one.values[: 2 * ROOM + 2].tolist() == [float(number) for number in range(2 * ROOM + 2)]
    assert (len(one.values), one.failures[0].since_s) == (5 * ROOM + 1, 5 * ROOM)
    assert np.isnan(one.values[2 * ROOM + 2 :]).all()


def test_a_stretch_is_cut_out_of_the_course_without_a_copy_of_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one = course()
    one.take({0: 5.0, 1: 6.0}, until=2)
    monkeypatch.setattr(WatchCourse, "values", property(lambda _: pytest.fail("all values were copied")))
    assert one.between(0, 9 * S).tolist() == [5.0, 6.0]
