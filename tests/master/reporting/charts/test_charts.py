"""Charts draw the summary's own figures, and leave out what there is none of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bokeh.core.validation import check_integrity
from bokeh.core.validation.issue import Warning as BokehWarning
from bokeh.document import Document
from bokeh.models import BoxAnnotation, ColumnDataSource, Span
from colours import contrast
from simulated_run import simulated_run

from gradual_common.clock import NS_PER_S
from gradual_common.kinds.failures import KINDS
from gradual_master.reporting.charts import over_time, parts
from gradual_master.reporting.charts.against_users import level_charts, levels_source
from gradual_master.reporting.charts.events import TimeMark, marks_of
from gradual_master.reporting.charts.heat import heat_grid
from gradual_master.reporting.charts.limits import Limit, limits_of
from gradual_master.reporting.charts.over_time import kind_rows, series_source, time_charts
from gradual_master.reporting.charts.parts import Chart
from gradual_master.reporting.html.captions import of_time_chart
from gradual_master.reporting.html.embedding import package_text
from gradual_master.reporting.text.formatting import always_failing
from gradual_master.results.measures.series import SeriesTable
from gradual_master.results.measures.watches import WatchSeries
from gradual_master.results.summary.history import History, News
from gradual_master.results.summary.sections import Summary

NEWS = (News(3, "info", "$$\\alpha$$ joined"), News(5, "warning", "late"), News(9, "error", "lost"))
GRAPHICS = 3.0
"""Contrast that WCAG 2.2 (1.4.11) wants of graphics against what is beside them."""


@pytest.fixture(scope="module")
def summary() -> Summary:
    return simulated_run(seconds=36, actions=4, news=NEWS)


@pytest.fixture(scope="module")
def history(summary: Summary) -> History:
    assert summary.history is not None
    return summary.history


@pytest.fixture
def drawn(history: History) -> dict[str, Chart]:
    series = history.series
    made = time_charts(series, marks_of(history.schedule, history.news, 36), heat_grid(series))
    return {chart.name: chart for chart in made}


def source_of(chart: Chart, name: str) -> ColumnDataSource:
    (found,) = {renderer.data_source for renderer in chart.figure.renderers if renderer.data_source.name == name}
    return found


def notes_of(chart: Chart, kind: type) -> list[Any]:
    return [note for note in chart.figure.center if isinstance(note, kind)]


def float32(values: Any) -> list[float]:
    return np.asarray(values, dtype=np.float32).tolist()


def test_the_series_are_drawn_as_they_are(drawn: dict[str, Chart], history: History) -> None:
    series, rates = history.series, source_of(drawn["throughput"], "rates").data
    assert rates["at"].tolist() == [second + 0.5 for second in range(36)]
    assert rates["ok"].tolist() == series.ok.tolist()
    assert rates["failed"].tolist() == series.failed.tolist()
    data = source_of(drawn["users"], "series").data
    assert data["at"].tolist() == rates["at"].tolist()
    assert data["users"].tolist() == float32(series.users.sum(axis=1))
    assert data["target"].tolist() == float32(series.target.sum(axis=1))
    assert data["in_flight"].tolist() == float32(series.in_flight)
    assert data["cpu"].tolist() == float32(100 * series.cpu_max)
    percentiles = source_of(drawn["latency"], "percentiles").data
    assert percentiles["p95"].tolist() == float32(series.quantile_ms(0.95))
    for place, (kind, _) in enumerate(kind_rows(series)):
        assert data[f"kind_{place}"].tolist() == series.failures_of(kind).tolist()
    assert {column.dtype for name, column in data.items() if name != "when"} == {np.dtype(np.float32)}
    assert [data["when"][0], data["when"][35]] == ["0:00", "0:35"], "no hours where there are none"


def test_every_line_is_of_a_column_that_is_there(drawn: dict[str, Chart], summary: Summary) -> None:
    for chart in (*drawn.values(), *level_charts(summary.levels)):
        names = {renderer.name for renderer in chart.figure.renderers}
        assert {key.name for key in chart.keys if key.name} <= names, "each key has something to show and hide"
        for renderer in chart.figure.renderers:
            assert len({len(column) for column in renderer.data_source.data.values()}) == 1


def test_the_heat_map_is_the_grid(drawn: dict[str, Chart], history: History) -> None:
    grid = heat_grid(history.series)
    assert grid is not None
    chart = drawn["heat"]
    (image,) = source_of(chart, "heat").data["image"]
    assert np.array_equal(image, grid.counts, equal_nan=True)
    assert chart.scale is not None
    assert (chart.scale.low, chart.scale.high) == (1, np.nanmax(grid.counts))
    assert all(re.fullmatch(r"#[0-9a-f]{8}", colour) for colour in chart.scale.colours)


def test_charts_over_time_share_their_range(drawn: dict[str, Chart]) -> None:
    assert len({chart.figure.x_range for chart in drawn.values()}) == 1
    assert (drawn["heat"].figure.x_range.start, drawn["heat"].figure.x_range.end) == (0, 36)


def test_nothing_catches_a_finger_that_scrolls(drawn: dict[str, Chart]) -> None:
    for chart in drawn.values():
        assert chart.figure.toolbar.active_drag is None
        assert not {type(tool).__name__ for tool in chart.figure.tools} & {"PanTool", "WheelZoomTool"}


def test_levels_and_mishaps_are_marked_in_every_chart(drawn: dict[str, Chart]) -> None:
    for chart in [chart for chart in drawn.values() if chart.name != "events"]:
        places = sorted(span.location for span in notes_of(chart, Span))
        assert places == sorted([*range(3, 36, 3), 5, 9]), "eleven changes of the level, a warning, an error"
        (warm_up,) = notes_of(chart, BoxAnnotation)
        assert (warm_up.left, warm_up.right) == (0, 3)


def test_the_strip_of_events_has_them_all(drawn: dict[str, Chart]) -> None:
    chart = drawn["events"]
    assert source_of(chart, "event_phase").data["text"] == ["warm (warm-up)", "climb"]
    assert source_of(chart, "event_level").data["begin"].tolist() == [float(at) for at in range(0, 36, 3)]
    for kind, news in zip(("info", "warning", "error"), NEWS, strict=True):
        assert source_of(chart, f"event_{kind}").data["text"] == [news.text]
    assert [key.label for key in chart.keys] == ["phase", "level begins", "news", "warning", "error"]


def test_a_ramp_of_many_levels_is_not_hatched(history: History) -> None:
    marks = [TimeMark(at / 10, at / 10, "level", "1 users") for at in range(over_time.MAX_LEVEL_MARKS + 1)]
    users = time_charts(history.series, marks)[1]
    assert notes_of(users, Span) == []


def test_what_did_not_happen_has_no_chart(history: History) -> None:
    series = history.series
    calm = replace(
        series, by_kind=series.by_kind * np.eye(len(KINDS), dtype=np.int64)[0], cpu_max=series.cpu_max * np.nan
    )
    assert [chart.name for chart in time_charts(calm)] == ["events", "users", "throughput", "latency"]


def test_of_many_kinds_the_rare_ones_are_one_line(history: History) -> None:
    series = history.series
    many = np.arange(1, len(KINDS) + 1) * np.ones((len(series), 1), dtype=np.int64)
    rows = kind_rows(replace(series, by_kind=many))
    assert [label for label, _ in rows] == [*KINDS[:-6:-1], f"{len(KINDS) - 6} other kinds"]
    assert sum(int(count.sum()) for _, count in rows) == many[:, 1:].sum(), "no failure is lost"


def test_levels_are_drawn_as_the_table_has_them(summary: Summary) -> None:
    levels = [replace(row, marks=()) for row in summary.levels]
    marked = (*levels[:5], replace(levels[5], marks=("failures",), failing=("customer / pay",)), *levels[6:])
    data = levels_source(marked).data
    assert data["users"].tolist() == float32([row.users_mean for row in marked])
    assert data["ok"].tolist() == float32([row.throughput_rps for row in marked])
    assert data["p99"].tolist() == float32([row.response_time_ms.p99 for row in marked])
    apart = [number for number, sign in enumerate(data["sign"]) if sign == "diamond"]
    assert apart == [0, 5], "the warm-up and the marked one"
    assert [number for number, fill in enumerate(data["fill"]) if fill == 0] == apart
    assert data["marks"][0] == "warm-up"
    assert data["marks"][5] == "failures: customer / pay"


def test_a_step_that_fails_at_every_level_is_not_a_note_of_a_level(summary: Summary) -> None:
    always = {"failing": ("a / dead",), "failing_always": ("a / dead",), "marks": ("failures",), "warm_up": False}
    broken = [replace(row, **always) for row in summary.levels]
    worse = replace(broken[5], failing=("a / dead", "a / pay"), marks=("failures", "missing"))
    rows = (*broken[:5], worse, *broken[6:])
    assert always_failing(rows) == {"a / dead"}
    assert levels_source(rows).data["marks"] == ["none"] * 5 + ["missing users; failures: a / pay"] + ["none"] * 6


def test_levels_are_steps_that_start_when_they_were_scheduled(history: History) -> None:
    targets = [(change.at / 1e9, float(change.target)) for change in history.schedule.changes]
    users = time_charts(history.series, targets=targets)[1]
    data = source_of(users, "targets").data
    assert data["at"].tolist() == [*(at for at, _ in targets), 36]
    assert data["target"].tolist() == [*(n for _, n in targets), targets[-1][1]]
    modes = {each.name: getattr(each.glyph, "mode", None) for each in users.figure.renderers}
    assert (modes["target"], modes["users"]) == ("after", "center")


LIMITS = (
    {"rule": "p95 < 100ms"},
    {"rule": 'p99("action-1") < 120ms'},
    {"rule": "throughput > 5/s"},
    {"rule": "p95(step=*) < 200ms"},
    {"rule": "count > 1"},
    {"rule": "ttfb.p95 < 1s"},
)


def test_limits_are_those_of_response_times_and_rates_with_the_steps_they_are_about() -> None:
    made = simulated_run(seconds=24, actions=2, rules=LIMITS)
    found = limits_of(made.verdict.objectives, made.actions)
    assert [(limit.chart, limit.text, limit.value, limit.steps) for limit in found] == [
        ("latency", "p95 < 100ms", 100, None),
        ("latency", 'p99("action-1") < 120ms', 120, (1,)),
        ("throughput", "throughput > 5/s", 5, None),
        ("latency", 'p95(step="action-0") < 200ms', 200, (0,)),
        ("latency", 'p95(step="action-1") < 200ms', 200, (1,)),
    ]


def test_a_limit_is_a_line_and_one_far_off_is_only_named(history: History) -> None:
    far = Limit("latency", "max < 1h", 3_600_000, None)
    near, scoped = Limit("latency", "p95 < 100ms", 100, None), Limit("latency", "p95(a) < 90ms", 90, (3,))
    chart = time_charts(history.series, limits=[near, scoped, far])[3]
    drawn = {each.name: each for each in chart.figure.renderers if (each.name or "").startswith("limit_")}
    assert {name: each.visible for name, each in drawn.items()} == {"limit_0": True, "limit_1": False}
    assert drawn["limit_0"].data_source.data["y"] == [100, 100]
    keys = [(key.label, key.name, key.steps) for key in chart.keys if key.is_limit]
    assert keys == [
        ("p95 < 100ms", "limit_0", None),
        ("p95(a) < 90ms", "limit_1", (3,)),
        ("max < 1h (above)", "", None),
    ]


def test_a_level_without_users_is_not_drawn_and_one_without_responses_has_a_gap(summary: Summary) -> None:
    first, second = summary.levels[1:3]
    empty = replace(second.response_time_ms, count=0, p50=None, p95=None, p99=None)
    data = levels_source([replace(first, users_mean=None), replace(second, response_time_ms=empty)]).data
    assert len(data["users"]) == 1
    assert np.isnan(data["p50"]).all()
    assert level_charts([replace(first, users_mean=None)]) == ()


@pytest.mark.parametrize(("spread", "is_log"), [(20, False), (60, True)])
def test_response_times_far_apart_are_drawn_on_a_logarithmic_axis(summary: Summary, spread: int, is_log: bool) -> None:
    row = summary.levels[3]
    times = replace(row.response_time_ms, p50=1.0, p95=2.0, p99=float(spread))
    assert level_charts([replace(row, response_time_ms=times)])[1].is_log is is_log


def test_bokeh_finds_nothing_wrong_with_the_document(drawn: dict[str, Chart], summary: Summary) -> None:
    document = Document()
    for chart in (*drawn.values(), *level_charts(summary.levels)):
        document.add_root(chart.figure)
    issues = check_integrity(document.models)
    assert issues.error == []
    assert [issue for issue in issues.warning if isinstance(issue, BokehWarning)] == []


def test_an_empty_run_is_drawn_too(history: History) -> None:
    nothing = np.zeros((0, 2))
    empty = SeriesTable(
        groups=history.series.groups,
        **dict.fromkeys(("begin_s", "end_s", "in_flight", "thinking", "cpu_max", "loop_lag_ms_max"), nothing[:, 0]),
        **dict.fromkeys(("target", "users", "stopping"), nothing),
        by_kind=np.zeros((0, len(KINDS)), dtype=np.int64),
        agents=np.zeros(0, dtype=np.int64),
        points=(),
    )
    assert len(series_source(empty).data["at"]) == 0
    assert [chart.name for chart in time_charts(empty)] == ["events", "users", "throughput", "latency"]


def surfaces() -> Sequence[str]:
    return re.findall(r"--surface: (#[0-9a-f]{6})", package_text("report.css"))


def test_lines_stand_out_on_light_and_on_dark() -> None:
    assert len(surfaces()) == 2
    for colour in {
        *over_time.KIND_COLOURS,
        parts.BLUE,
        parts.TEAL,
        parts.ORANGE,
        parts.RED,
        parts.VIOLET,
        parts.GREY,
    }:
        for surface in surfaces():
            assert contrast(colour, surface) >= GRAPHICS, (colour, surface)


def test_each_watch_has_a_chart_in_which_gaps_are_gaps_and_the_end_is_that_of_the_run(history: History) -> None:
    values = np.array([50.0, np.nan, 97.5, *[60.0] * 100])
    watches = (WatchSeries("db_cpu", "%", NS_PER_S, values), WatchSeries("queue", "", NS_PER_S, values / 10))
    charts = [chart for chart in time_charts(history.series, watches=watches) if chart.name.startswith("watch_")]
    assert [(chart.name, chart.keys[0].label) for chart in charts] == [("watch_0", "db_cpu"), ("watch_1", "queue")]
    source = source_of(charts[0], "watch_0")
    end_s = float(history.series.end_s[-1])
    assert source.data["at"].tolist() == [float(second) for second in range(1, int(end_s) + 1)]
    assert np.isnan(source.data["value"][1])
    caption = of_time_chart(charts[0], history.series, (), watches)
    assert (caption.title, caption.unit, caption.says) == ("db_cpu", "%", "At most 97.5 %, at 0:03.")
