"""What charts and tables over time are made of: nothing is lost or moved when a run is made small."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from raw_run import MS, schedule_of
from simulated_run import LEVELS, series_of, simulated_run

from gradual_master.reporting.charts.time_series import OVER_TIME, failures_of, merged, scheduled_users
from gradual_master.results.measures.series import Point, SeriesTable
from gradual_master.results.summary.sections import Summary


@pytest.fixture(scope="module")
def summary() -> Summary:
    return simulated_run(seconds=2 * LEVELS, actions=4)


@pytest.fixture(scope="module")
def series(summary: Summary) -> SeriesTable:
    assert summary.history is not None
    return summary.history.series


def read(point: Point, names: str) -> list[Any]:
    return [column.read(point) for column in OVER_TIME.choose(names)]


def test_stretches_say_what_the_level_table_says_of_the_same_time(summary: Summary, series: SeriesTable) -> None:
    rows = list(merged(series, LEVELS))
    assert len(rows) == len(summary.levels) == LEVELS
    for row, level in zip(rows, summary.levels, strict=True):
        assert level.steady_from_s is None, "the level's figures are over all of it"
        times = level.response_time_ms
        assert (row.begin_s, row.end_s) == (level.start_s, level.end_s)
        assert read(row, "p50_ms p95_ms p99_ms") == pytest.approx([times.p50, times.p95, times.p99], abs=0.001)
        assert read(row, "throughput_rps") == [pytest.approx(level.throughput_rps, abs=0.001)]
        assert read(row, "active_users target_users") == [level.users_mean, level.target]


@pytest.mark.parametrize("most", [1, 5, 7, 23, 24, 60])
def test_no_sample_is_lost_by_merging_points(series: SeriesTable, most: int) -> None:
    before = copy.deepcopy([point.by_kind for point in series.points])
    points = list(merged(series, most))
    assert len(points) <= most
    assert np.sum([point.by_kind for point in points], axis=0).tolist() == series.by_kind.sum(axis=0).tolist()
    assert np.sum([point.dense() for point in points], axis=0).tolist() == series.counts().sum(axis=0).tolist()
    assert [point.by_kind.tolist() for point in series.points] == [kinds.tolist() for kinds in before], "left as it was"


def test_failures_of_a_stretch_are_by_kind(series: SeriesTable) -> None:
    (whole,) = merged(series, 1)
    names = series.failures.names
    assert failures_of(whole, names) == {kind: int(series.failures_of(kind).sum()) for kind in series.kinds}
    assert read(whole, "failed_rps") == [pytest.approx(series.failed.sum() / (2 * LEVELS))]


def test_a_stretch_without_a_response_has_no_percentiles() -> None:
    _, row = OVER_TIME.rows(series_of(2, (0, 5 * MS)))
    assert read(row, "p50_ms p95_ms p99_ms") == [None, None, None]


def test_no_users_are_scheduled_after_the_end() -> None:
    assert scheduled_users(schedule_of((1, 1), (2, 2), seconds=3)) == [(0, 2), (3, 4), (6, 0)]
    assert scheduled_users(replace(schedule_of((1, 1), seconds=3), end=None)) == [(0, 2)]
