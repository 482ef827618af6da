"""The course of every step: its own samples at any grain, and late batches where they belong."""

import numpy as np
import pytest
from contributions import contribution
from raw_run import MS, S, Stretch, batch_of, plan_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import TTFB
from gradual_master.results.measures.step_series import StepTimeSeries
from gradual_master.results.merging.sums import Contribution, Measurements, Shape

SHAPE = Shape(SeriesIndex.of(plan_of()))
LOGIN, BROWSE, RATES = range(3)


def measured(number: int, *samples: tuple[int, str, int]) -> Contribution:
    """Samples (step, kind, ms) of one interval; each has a time to first byte, which is none of our business."""
    seen = [(step, kind, ms * MS) for step, kind, ms in samples]
    other = [(step, kind, TTFB, 900 * MS) for step, kind, _ in samples]
    measurements = Measurements(SHAPE)
    stretch = Stretch(0, number * S, (number + 1) * S, seen, other=other)
    measurements.add(contribution(batch_of(1, number, stretch), SHAPE))
    return measurements.freeze()


def course_of(*contributions: Contribution, most: int = 100) -> StepTimeSeries:
    course = StepTimeSeries(S, most)
    for number, contributed in enumerate(contributions):
        course.add(number, contributed)
    return course


def test_every_step_has_its_own_rates_and_percentiles() -> None:
    table = course_of(
        measured(0, (LOGIN, "", 5), (LOGIN, "", 9), (RATES, "status", 40)), measured(1, (RATES, "", 20))
    ).table()
    assert (len(table), table.begin_s.tolist(), table.end_s.tolist()) == (2, [0, 1], [1, 2])
    assert [table.rates(step).tolist() for step in (LOGIN, BROWSE, RATES)] == [
        [[2, 0], [0, 0]],
        [[0, 0], [0, 0]],
        [[0, 1], [1, 0]],
    ]
    assert table.quantile_ms(LOGIN, 1.0) == pytest.approx([9, np.nan], rel=0.0055, nan_ok=True)
    assert table.quantile_ms(RATES, 0.5) == pytest.approx([40, 20], rel=0.0055)


def test_samples_of_one_interval_may_come_in_any_order() -> None:
    samples = [(RATES, "status", 40), (LOGIN, "", 9), (RATES, "", 20), (LOGIN, "timeout", 5), (BROWSE, "", 1)]
    table = course_of(measured(0, *samples)).table()
    assert [table.quantile_ms(step, 1.0)[0] for step in (LOGIN, BROWSE, RATES)] == pytest.approx([9, 1, 40], rel=0.0055)


def test_neighbours_are_joined_when_there_is_no_room() -> None:
    table = course_of(*(measured(n, *[(LOGIN, "", n + 1)] * (n + 1)) for n in range(11)), most=4).table()
    assert (table.begin_s.tolist(), table.end_s.tolist()) == ([0, 4, 8], [4, 8, 11])
    assert table.rates(LOGIN)[:, 0].tolist() == [10 / 4, 26 / 4, 30 / 3]
    assert table.quantile_ms(LOGIN, 1.0) == pytest.approx([4, 8, 11], rel=0.0055)
    assert table.quantile_ms(LOGIN, 0.4) == pytest.approx([3, 6, 10], rel=0.0055)


def test_what_comes_late_goes_where_it_belongs() -> None:
    course = course_of(*(measured(n, (LOGIN, "", 5)) for n in range(8)), most=4)
    course.amend(5, measured(5, (LOGIN, "", 70), (BROWSE, "status", 3)))
    table = course.table()
    assert table.rates(LOGIN)[:, 0].tolist() == [1, 1, 1.5, 1]
    assert table.rates(BROWSE)[:, 1].tolist() == [0, 0, 0.5, 0]
    assert table.quantile_ms(LOGIN, 1.0)[2] == pytest.approx(70, rel=0.0055)


def test_a_run_without_an_interval_has_an_empty_course() -> None:
    table = StepTimeSeries(S).table()
    assert (len(table), table.rates(LOGIN).shape, table.quantile_ms(LOGIN, 0.5).tolist()) == (0, (0, 2), [])
