"""The course of a run: the same figures at any grain, and late batches where they belong."""

from dataclasses import replace

import numpy as np
import pytest
from contributions import contribution
from raw_run import MS, S, Stretch, batch_of, plan_of, schedule_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_master.results.measures.intervals import IntervalRecord, IntervalWriter
from gradual_master.results.measures.series import Series
from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.merging.sums import Measurements, Shape

INDEX = SeriesIndex.of(plan_of())
SHAPE = Shape(INDEX)
SCHEDULE = schedule_of((2, 1), (4, 2), seconds=50)
GROUPS = ("customer", "guest")


def record_of(number: int, *milliseconds: int, failed: int = 0) -> IntervalRecord:
    steps = [(0, "", ms * MS) for ms in milliseconds] + [(1, "reset", MS)] * failed
    stretch = Stretch(0, number * S, (number + 1) * S, steps, users=[(number, 1, 0.5, 0), (1, 0, 1, 0)])
    measured = Measurements(SHAPE)
    measured.add(contribution(batch_of(1, number, stretch), SHAPE))
    health = AgentHealth("a", 0.1 * number, float(number), None, 3, 2, strained=False)
    return IntervalWriter(INDEX, SCHEDULE, S).write(number, measured.freeze(), 1, (health,), ())


def series_of(*records: IntervalRecord, most_points: int = 100) -> Series:
    series = Series(GROUPS, most=most_points)
    for record in records:
        series.add(record)
    return series


def test_a_point_is_an_interval_while_there_is_room() -> None:
    table = series_of(record_of(0, 5, 5, 9, failed=1), record_of(1), record_of(2, 40)).table()
    assert len(table) == 3
    assert table.begin_s.tolist() == [0, 1, 2]
    assert table.end_s.tolist() == [1, 2, 3]
    assert table.ok.tolist() == [3, 0, 1]
    assert table.failed.tolist() == [1, 0, 0]
    assert table.kinds == ("reset",)
    assert table.failures_of("reset").tolist() == [1, 0, 0]
    assert table.users[:, 0].tolist() == [0, 1, 2]
    assert table.target.tolist() == [[2, 1]] * 3
    assert table.in_flight.tolist() == [1, 1, 1]
    assert table.cpu_max.tolist() == [0, 0.1, 0.2]
    assert table.loop_lag_ms_max.tolist() == [0, 1, 2]
    assert table.quantile_ms(0.5) == pytest.approx([5, np.nan, 40], rel=0.0055, nan_ok=True)
    assert table.counts().sum(axis=1).tolist() == [3, 0, 1]


def test_neighbours_are_joined_when_there_is_no_room() -> None:
    records = [record_of(number, *range(1, number + 2), failed=number % 2) for number in range(11)]
    table = series_of(*records, most_points=4).table()
    assert table.begin_s.tolist() == [0, 4, 8]
    assert table.end_s.tolist() == [4, 8, 11]
    assert table.ok.tolist() == [1 + 2 + 3 + 4, 5 + 6 + 7 + 8, 9 + 10 + 11]
    assert table.failed.tolist() == [2, 2, 1]
    assert table.users[:, 0].tolist() == [1.5, 5.5, 9]
    assert table.cpu_max == pytest.approx([0.3, 0.7, 1.0])
    assert table.quantile_ms(1) == pytest.approx([4, 8, 11], rel=0.0055)
    assert table.quantile_ms(0) == pytest.approx([1, 1, 1], rel=0.0055)


def test_what_comes_late_goes_where_it_belongs() -> None:
    late = replace(record_of(5, 5, 70), agents=2)
    series = series_of(*(record_of(number, 5) for number in range(8)), most_points=4)
    series.amend(record_of(5, 5), late)
    table = series.table()
    assert table.ok.tolist() == [2, 2, 3, 2]
    assert table.agents.tolist() == [1, 1, 2, 1]
    assert table.quantile_ms(1)[2] == 70


def test_a_run_without_an_interval_has_an_empty_course() -> None:
    table = Series(GROUPS).table()
    assert len(table) == 0
    assert table.users.shape == (0, 2)
    assert table.kinds == ()
    assert table.counts().shape[0] == 0
