"""The sentence of a chart has the chart's numbers."""

from __future__ import annotations

import pytest
from raw_run import MS
from simulated_run import series_of, simulated_run

from gradual_master.reporting.charts.against_users import level_charts
from gradual_master.reporting.charts.heat import heat_grid
from gradual_master.reporting.charts.over_time import time_charts
from gradual_master.reporting.html.captions import Captioned, of_level_chart, of_time_chart
from gradual_master.results.measures.series import SeriesTable
from gradual_master.results.summary.sections import Summary


@pytest.fixture(scope="module")
def summary() -> Summary:
    return simulated_run(seconds=24, actions=2)


def captions_of(series: SeriesTable) -> dict[str, Captioned]:
    return {chart.name: of_time_chart(chart, series) for chart in time_charts(series, (), heat_grid(series))}


def test_levels_are_described_by_their_ends(summary: Summary) -> None:
    first, last = summary.levels[0], summary.levels[-1]
    captions = [of_level_chart(chart, summary.levels) for chart in level_charts(summary.levels)]
    assert captions[0].says == f"{first.throughput_rps:g} ok/s at 6 users. {last.throughput_rps:g} ok/s at 72 users."
    assert captions[1].says.startswith("At 6 users p50 ")
    assert " At 72 users p50 " in captions[1].says


def test_one_level_is_described_once(summary: Summary) -> None:
    caption = of_level_chart(level_charts(summary.levels[:1])[0], summary.levels[:1])
    assert caption.says.count("users") == 1


def test_the_course_is_described_by_its_peaks() -> None:
    captions = captions_of(series_of(4, (0, 5 * MS), (2, 7 * MS), (2, 40 * MS)))
    assert captions["throughput"].says == "At most 2 successful requests per second, at 0:02; 0 failed in all."
    assert captions["latency"].says == "Percentiles are of 1 s each; the worst p99 is 39.9 ms, at 0:02.", (
        "within 0.55 %"
    )
    assert captions["heat"].says.startswith("3 response times")
    assert captions["agents"].says.startswith("At most 50% of a core, at 0:00;")
    assert captions["users"].says == "Up to 2 users scheduled, up to 0 active."


def test_no_response_is_reported_as_no_data() -> None:
    assert captions_of(series_of(2))["latency"].says == "Percentiles are of 1 s each; the worst p99 is - ms, at -."


@pytest.mark.parametrize(("longest", "unit"), [(20, "milliseconds"), (900, "milliseconds, logarithmic")])
def test_a_logarithmic_axis_is_reported(longest: int, unit: str) -> None:
    assert captions_of(series_of(3, (0, MS), (1, longest * MS)))["latency"].unit == unit
