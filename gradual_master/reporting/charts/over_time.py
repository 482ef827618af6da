"""Charts over time: users, rates, response times, failures and agents, on one shared axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt
from bokeh.models import ColumnDataSource, DataRange1d, LinearAxis
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.plotting import figure

from gradual_master.reporting.charts import parts
from gradual_master.reporting.charts.events import TimeMark, events_chart
from gradual_master.reporting.charts.heat import HeatGrid, heat_chart
from gradual_master.reporting.charts.limits import Limit, draw_limits
from gradual_master.reporting.charts.parts import Chart, Key, TimeAxis, compact, instants
from gradual_master.reporting.charts.system import watch_chart
from gradual_master.reporting.charts.time_series import merged
from gradual_master.results.measures.series import SeriesTable
from gradual_master.results.measures.watches import WatchSeries

KIND_COLOURS = (parts.RED, parts.ORANGE, parts.VIOLET, parts.BLUE, parts.TEAL, parts.GREY)

MAX_FAILURE_LINES = 6
"""Failure kinds that get a line of their own; the others share the last one."""

MAX_LATENCY_POINTS = 600
"""Points of the lines of response times: more would overlap on a screen, and a p99 of few samples means little."""

MIN_POINTS_OF_THIN_LINES = 900
"""Lines with more points are drawn thin."""

MAX_LEVEL_MARKS = 60
"""Vertical marks in a chart. The starts of more levels are not marked: the line of the target shows such a ramp."""


def time_charts(
    series: SeriesTable,
    marks: Sequence[TimeMark] = (),
    grid: HeatGrid | None = None,
    *,
    limits: Sequence[Limit] = (),
    targets: Sequence[tuple[float, float]] = (),
    kind_names: Mapping[str, str] | None = None,
    watches: Sequence[WatchSeries] = (),
) -> tuple[Chart, ...]:
    """The run over time, top to bottom: events, users, throughput, response times, watches, failures, agents, heat.

    `targets`: (seconds, users) of every change of the schedule; `kind_names`: what failures of a kind are called.
    """
    source = series_source(series)
    time = TimeAxis(float(series.end_s[-1]) if len(series) else 1.0)
    charts = [
        events_chart(time, marks),
        _users(time, source, targets_source(series, targets)),
        _throughput(time, rates_source(series), limits),
        _latency(time, percentiles_source(series), limits),
        *(watch_chart(time, number, watch) for number, watch in enumerate(watches)),
        *((_failures(time, source, series, kind_names or {}),) if series.kinds else ()),
        *((_agents(time, source),) if np.isfinite(series.cpu_max).any() else ()),
        *((heat_chart(time, grid),) if grid is not None else ()),
    ]
    for chart in charts[1:]:
        _mark(chart.figure, marks)
    return tuple(charts)


def targets_source(series: SeriesTable, targets: Sequence[tuple[float, float]]) -> ColumnDataSource:
    """The schedule as steps: each level from its start to the next one."""
    # A run may end within a level. So only the steps that had started are drawn, and the last one goes to the end.
    started = [(at, users) for at, users in targets if len(series) and at < series.end_s[-1]]
    steps = [*started, (float(series.end_s[-1]), started[-1][1])] if started else []
    at, users = ([step[part] for step in steps] for part in (0, 1))
    return ColumnDataSource({"at": compact(at), "target": compact(users)}, name="targets")


def series_source(series: SeriesTable) -> ColumnDataSource:
    """The columns of most charts over time; rates are per second."""
    seconds = series.end_s - series.begin_s
    columns = {
        "target": series.target.sum(axis=1),
        "users": series.users.sum(axis=1),
        "in_flight": series.in_flight,
        "cpu": 100 * series.cpu_max,
        "loop_lag": series.loop_lag_ms_max,
        **{f"kind_{number}": count / seconds for number, (_, count) in enumerate(kind_rows(series))},
    }
    return _source("series", series.begin_s, series.end_s, columns)


def rates_source(series: SeriesTable) -> ColumnDataSource:
    """Ok and failed requests per second, in a source of their own: a page can show those of one action instead."""
    seconds = series.end_s - series.begin_s
    columns = {"ok": series.ok / seconds, "failed": series.failed / seconds}
    return _source("rates", series.begin_s, series.end_s, columns)


def percentiles_source(series: SeriesTable) -> ColumnDataSource:
    """Response times by time: of merged histograms where the run has many points."""
    points = list(merged(series, MAX_LATENCY_POINTS))
    begin_s, end_s = (np.array([getattr(point, name) for point in points]) for name in ("begin_s", "end_s"))
    columns = {name: [point.quantile_ms(q) for point in points] for q, name in parts.PERCENTILES}
    return _source("percentiles", begin_s, end_s, columns)


def _source(
    name: str, begin_s: npt.NDArray[Any], end_s: npt.NDArray[Any], columns: Mapping[str, Any]
) -> ColumnDataSource:
    """Columns as float32; `at` is the middle of a point, `when` its start as text."""
    drawn = {key: compact(column) for key, column in {"at": (begin_s + end_s) / 2, **columns}.items()}
    return ColumnDataSource({**drawn, "when": instants(begin_s)}, name=name)


def kind_rows(series: SeriesTable) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Failures by kind and point, the most frequent first; kinds beyond `MAX_FAILURE_LINES` share the last row."""
    rows = sorted(((kind, series.failures_of(kind)) for kind in series.kinds), key=lambda row: -int(row[1].sum()))
    if len(rows) <= MAX_FAILURE_LINES:
        return rows
    rest = np.sum([count for _, count in rows[MAX_FAILURE_LINES - 1 :]], axis=0)
    return [*rows[: MAX_FAILURE_LINES - 1], (f"{len(rows) - MAX_FAILURE_LINES + 1} other kinds", rest)]


def _users(time: TimeAxis, source: ColumnDataSource, targets: ColumnDataSource) -> Chart:
    """Users as steps: the target changes at its instant, an interval's mean is drawn around its middle."""
    drawn = time.figure("users", 200, y_range=DataRange1d(start=0))
    target = Key("target", parts.ORANGE, "dashed", "target")
    style: dict[str, Any] = {"line_color": target.colour, "line_dash": target.dash, "line_width": 1.5}
    drawn.step("at", "target", source=targets, name="target", mode="after", **style)
    keys = (
        target,
        _line(drawn, source, Key("in a request", parts.TEAL, "dotted", "in_flight"), width=2),
        _line(drawn, source, Key("active", parts.BLUE, "solid", "users"), width=2.5, is_stepped=True),
    )
    rows = {"active": "@users{0,0.0}", "target": "@target{0,0.0}", "in a request": "@in_flight{0,0.0}"}
    parts.add_hover(drawn, {"at": parts.WHEN, **rows})
    return Chart("users", drawn, keys)


def _throughput(time: TimeAxis, source: ColumnDataSource, limits: Sequence[Limit]) -> Chart:
    drawn = time.figure("throughput", 200, y_range=DataRange1d(start=0))
    drawn.varea("at", 0, "ok", source=source, fill_color=parts.TEAL, fill_alpha=0.12, name="ok")
    keys = (
        _line(drawn, source, Key("ok", parts.TEAL, "solid", "ok"), width=2),
        _line(drawn, source, Key("failed", parts.RED, "dashed", "failed")),
    )
    parts.add_hover(drawn, {"at": parts.WHEN, "ok": "@ok{0,0.0}/s", "failed": "@failed{0,0.0}/s"})
    peak = float(np.max(source.data["ok"], initial=0.0))
    return Chart("throughput", drawn, (*keys, *draw_limits(drawn, "throughput", limits, time.ends, peak)))


def _latency(time: TimeAxis, source: ColumnDataSource, limits: Sequence[Limit]) -> Chart:
    drawn = time.figure("latency", 240, **parts.latency_axis(source.data))
    keys = tuple(_line(drawn, source, key, width=2) for key in parts.PERCENTILE_KEYS)
    parts.add_hover(drawn, {"at": parts.WHEN, **parts.PERCENTILE_ROWS})
    peak = float(np.nanmax([0.0, *source.data["p99"]]))
    return Chart("latency", drawn, (*keys, *draw_limits(drawn, "latency", limits, time.ends, peak)))


def _failures(time: TimeAxis, source: ColumnDataSource, series: SeriesTable, names: Mapping[str, str]) -> Chart:
    """A line for each kind of failure."""
    drawn = time.figure("failures", 200, y_range=DataRange1d(start=0))
    labels = [names.get(kind, kind) for kind, _ in kind_rows(series)]
    looks = zip(KIND_COLOURS, cycle(parts.DASHES), strict=False)
    keys = tuple(
        _line(drawn, source, Key(label, colour, dash, f"kind_{number}"), width=2)
        for number, (label, (colour, dash)) in enumerate(zip(labels, looks, strict=False))
    )
    rows = {label: f"@kind_{number}{{0,0.0}}/s" for number, label in enumerate(labels)}
    parts.add_hover(drawn, {"at": parts.WHEN, **rows})
    return Chart("failures", drawn, keys)


def _agents(time: TimeAxis, source: ColumnDataSource) -> Chart:
    """The worst agent: CPU in % of a core to the left, loop lag in ms to the right."""
    cpu, lag = DataRange1d(start=0), DataRange1d(start=0)
    drawn = time.figure("agents", 200, y_range=cpu)
    drawn.extra_y_ranges = {"lag": lag}
    drawn.add_layout(LinearAxis(y_range_name="lag"), "right")
    parts.make_plain(drawn)
    keys = (
        _line(drawn, source, Key("CPU, % of a core (left)", parts.VIOLET, "solid", "cpu")),
        _line(drawn, source, Key("loop lag, ms (right)", parts.ORANGE, "dashed", "loop_lag"), y_range_name="lag"),
    )
    cpu.renderers, lag.renderers = [drawn.renderers[0]], [drawn.renderers[1]]
    parts.add_hover(drawn, {"at": parts.WHEN, "CPU": "@cpu{0,0.0}%", "loop lag": "@loop_lag{0,0.[00]} ms"})
    return Chart("agents", drawn, keys)


def _line(
    drawn: figure, source: ColumnDataSource, key: Key, width: float = 1.5, *, is_stepped: bool = False, **to: Any
) -> Key:
    """A line over time of the column that the key names."""
    thickness = min(width, 1.0) if len(source.data["at"]) > MIN_POINTS_OF_THIN_LINES else width
    style: dict[str, Any] = {"line_color": key.colour, "line_dash": key.dash, "line_width": thickness}
    if is_stepped:
        drawn.step("at", key.name, source=source, name=key.name, mode="center", **style, **to)
    else:
        drawn.line("at", key.name, source=source, name=key.name, **style, **to)
    return key


def _mark(drawn: figure, marks: Sequence[TimeMark]) -> None:
    """Warm-up shaded; thin lines where levels start and where something went wrong."""
    levels = [mark for mark in marks if mark.kind == "level"]
    # Levels come first, so that a burst of warnings cannot use up the limit and hide them.
    shown = [
        *(levels[1:] if len(levels) <= MAX_LEVEL_MARKS else ()),
        *(m for m in marks if m.kind in {"warning", "error"}),
    ]
    for mark in shown[:MAX_LEVEL_MARKS]:
        colour = {"level": parts.GREY, "warning": parts.ORANGE}.get(mark.kind, parts.RED)
        alpha, dash = (0.25, "solid") if mark.kind == "level" else (0.8, "dotted")
        drawn.add_layout(
            Span(location=mark.at_s, dimension="height", line_color=colour, line_alpha=alpha, line_dash=dash)
        )
    for mark in marks:
        if mark.warm_up:
            shade = BoxAnnotation(
                left=mark.at_s, right=mark.end_s, fill_color=parts.GREY, fill_alpha=0.1, line_color=None
            )
            drawn.add_layout(shade)
