"""The run at a glance: what the charts below show, small."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from simulated_run import simulated_run

from gradual_master.reporting.charts.limits import Limit
from gradual_master.reporting.html.embedding import MAX_STEPS_WITH_LINES, steps_document
from gradual_master.reporting.html.small_charts import HEIGHT, MAX_POINTS, WIDTH, OverviewChart, overview_charts
from gradual_master.results.summary.history import History
from gradual_master.results.summary.sections import Summary


@pytest.fixture(scope="module")
def summary() -> Summary:
    return simulated_run(seconds=360, actions=3)


@pytest.fixture(scope="module")
def history(summary: Summary) -> History:
    assert summary.history is not None
    return summary.history


def panels(history: History, *limits: Limit) -> tuple[OverviewChart, ...]:
    return overview_charts(history.series, history.schedule, limits)


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def test_there_are_users_throughput_and_p95_within_their_frames(history: History) -> None:
    drawn = panels(history)
    assert [panel.title for panel in drawn] == ["Users", "Throughput", "p95"]
    assert drawn[0].peak == "up to 72"
    for panel in drawn:
        for path in (panel.path, panel.area, panel.other):
            assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points(path))
        assert re.search(r"\d", panel.says)


def test_levels_are_steps(history: History) -> None:
    corners = points(panels(history)[0].other)
    assert len(corners) == 2 * len(history.schedule.changes)
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(corners))


def test_it_has_few_points_however_long_the_run_was(history: History) -> None:
    assert len(points(panels(history)[2].path)) == MAX_POINTS


def test_a_limit_near_the_line_is_drawn(history: History) -> None:
    near, far = Limit("latency", "p95 < 100ms", 100.0, None), Limit("latency", "p95 < 1h", 3.6e6, None)
    of_one = Limit("latency", "p95(a) < 100ms", 100.0, (0,))
    assert panels(history, near, far)[2].limit == pytest.approx(panels(history, near)[2].limit)
    assert panels(history, far, of_one)[2].limit is None


def test_where_nothing_was_answered_there_is_a_gap(history: History) -> None:
    silent = simulated_run(seconds=12, actions=2)
    assert silent.history is not None
    series = silent.history.series
    for point in series.points[3:6]:
        point.buckets, point.counts, point.extremes = point.buckets[:0], point.counts[:0], (np.nan, np.nan)
    drawn = overview_charts(series, silent.history.schedule, ())[2]
    assert (drawn.path.count("M"), len(points(drawn.path))) == (2, 9)


def test_the_filter_has_the_course_of_each_step_that_did_something(summary: Summary, history: History) -> None:
    idle = replace(summary.actions[1], requests=0)
    document = steps_document((summary.actions[0], idle, summary.actions[2]), history.steps)
    assert document is not None
    assert set(document["steps"]) == {"0", "2"}
    assert set(document["steps"]["0"]) == {"ok", "failed", "p50", "p95", "p99"}
    assert document["when"][0] == "0:00"
    assert steps_document(summary.actions, None) is None


def test_of_very_many_steps_the_busiest_have_theirs(summary: Summary, history: History) -> None:
    rows = tuple(replace(summary.actions[place % 3], requests=place + 1) for place in range(MAX_STEPS_WITH_LINES + 5))
    table = history.steps
    assert table is not None
    for frame in table.points:
        frame.counts = np.resize(frame.counts, (len(rows), 2))
    document = steps_document(rows, table)
    assert document is not None
    assert set(document["steps"]) == {str(place) for place in range(5, MAX_STEPS_WITH_LINES + 5)}
