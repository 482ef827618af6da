"""The course of a run: users, rates, response times, failures and agents over time, on one shared axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from bokeh.models import (
    AdaptiveTicker,
    BoxZoomTool,
    ColumnDataSource,
    CrosshairTool,
    DataRange1d,
    HoverTool,
    LinearAxis,
    LogColorMapper,
    NumeralTickFormatter,
    Range1d,
)
from bokeh.models.annotations import BoxAnnotation, Span
from bokeh.models.glyphs import Image
from bokeh.plotting import figure

from gradual_master.reporting.charts.parts import (
    BLUE,
    DASHES,
    GREY,
    ORANGE,
    PERCENTILES,
    RED,
    TEAL,
    VIOLET,
    Chart,
    Key,
    Scale,
    add_hover,
    compact,
    is_wide,
    latency_axis,
    make_plain,
    new_figure,
    percentile_keys,
    percentile_rows,
)
from gradual_master.reporting.course import HeatGrid, Mark, merged
from gradual_master.results.series import SeriesTable

KIND_COLOURS = (RED, ORANGE, VIOLET, BLUE, TEAL, GREY)

MOST_KINDS = 6
"""Failure kinds that get a line of their own; the others share the last one."""

MOST_PERCENTILES = 600
"""Points of the lines of response times: a p99 of few samples says little, and more than this run into one another."""

DENSE = 900
"""Points from which on lines are thin."""

MOST_LINES = 60
"""Levels whose begin is marked in every chart; of a ramp with more the target's line says it."""

HEAT_STEPS = 64
HEAT_ENDS = ((63, 127, 214, 70), (139, 107, 214, 190), (224, 82, 40, 255))
"""Few, some, many: red, green, blue, opacity. What is rare fades into the page, light or dark."""


def course_charts(series: SeriesTable, marks: Sequence[Mark] = (), grid: HeatGrid | None = None) -> tuple[Chart, ...]:
    """The run over time, top to bottom: events, users, throughput, response times, failures, agents, heat."""
    source = series_source(series)
    time = TimeAxis.until(float(series.end_s[-1]) if len(series) else 1.0)
    charts = [
        _events(time, marks),
        _users(time, source),
        _throughput(time, source),
        _latency(time, percentiles_source(series)),
        *((_failures(time, source, series),) if series.kinds else ()),
        *((_agents(time, source),) if np.isfinite(series.cpu_max).any() else ()),
        *((_heat(time, grid),) if grid is not None else ()),
    ]
    for chart in charts[1:]:
        _mark(chart.figure, marks)
    return tuple(charts)


def series_source(series: SeriesTable) -> ColumnDataSource:
    """What the charts over time draw, as float32 columns; `at` is the middle of a point, rates are a second."""
    seconds = series.end_s - series.begin_s
    columns: dict[str, npt.NDArray[Any]] = {
        "at": (series.begin_s + series.end_s) / 2,
        "target": series.target.sum(axis=1),
        "users": series.users.sum(axis=1),
        "in_flight": series.in_flight,
        "ok": series.ok / seconds,
        "failed": series.failed / seconds,
        "cpu": 100 * series.cpu_max,
        "loop_lag": series.loop_lag_ms_max,
        **{f"kind_{place}": count / seconds for place, (_, count) in enumerate(kind_rows(series))},
    }
    return ColumnDataSource({name: compact(column) for name, column in columns.items()}, name="series")


def percentiles_source(series: SeriesTable) -> ColumnDataSource:
    """Response times by time, `at` as in `series_source`: of merged histograms where the run has many points."""
    points = list(merged(series, MOST_PERCENTILES))
    columns = {name: compact([point.quantile_ms(q) for point in points]) for q, name in PERCENTILES}
    at = compact([(point.begin_s + point.end_s) / 2 for point in points])
    return ColumnDataSource({"at": at, **columns}, name="percentiles")


def kind_rows(series: SeriesTable) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Failures by kind and point, the most frequent first; of more than `MOST_KINDS` the rest together."""
    rows = sorted(((kind, series.failures_of(kind)) for kind in series.kinds), key=lambda row: -int(row[1].sum()))
    if len(rows) <= MOST_KINDS:
        return rows
    rest = np.sum([count for _, count in rows[MOST_KINDS - 1 :]], axis=0)
    return [*rows[: MOST_KINDS - 1], (f"{len(rows) - MOST_KINDS + 1} other kinds", rest)]


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """What charts over time share: the stretch that is shown, and the line under the pointer."""

    range: Range1d
    pointer: Span
    ticker: AdaptiveTicker

    @classmethod
    def until(cls, end_s: float) -> TimeAxis:
        """The axis of a run; the range is named `time` and the ticker `clock`, for a page to set them."""
        clock = AdaptiveTicker(
            base=60, mantissas=[1, 2, 5, 10, 15, 30], min_interval=1, desired_num_ticks=6, name="clock"
        )
        return cls(
            Range1d(start=0.0, end=end_s, bounds=(0.0, end_s), name="time"),
            Span(dimension="height", line_color=GREY),
            clock,
        )

    def figure(self, name: str, height: int, **options: Any) -> figure:
        """An empty chart over time."""
        drawn = new_figure(name, height, x_range=self.range, **options)
        drawn.xaxis.ticker = self.ticker
        drawn.xaxis.formatter = NumeralTickFormatter(format="00:00:00")
        drawn.add_tools(CrosshairTool(overlay=self.pointer, dimensions="height"), BoxZoomTool(dimensions="width"))
        return drawn


def _events(time: TimeAxis, marks: Sequence[Mark]) -> Chart:
    """A strip: phases as bars, levels as ticks in them, news as signs above."""
    drawn = time.figure("events", 96, y_range=Range1d(start=0, end=3))
    drawn.yaxis.visible = drawn.ygrid.visible = False
    keys = []
    for kind, label, colour in (("phase", "phase", TEAL), ("level", "level begins", GREY)):
        if rows := [mark for mark in marks if mark.kind == kind]:
            source = ColumnDataSource(_bars(rows), name=f"event_{kind}")
            low, high = (0.35, 1.25) if kind == "phase" else (0.35, 0.6)
            right = "end" if kind == "phase" else "begin"
            bars = drawn.quad("begin", right, high, low, source=source, name=kind, line_color=colour, fill_color=colour)
            bars.glyph.fill_alpha = "alpha"
            keys.append(Key(label, colour, "solid", kind))
    for kind, label, colour, sign in (
        ("info", "news", BLUE, "circle"),
        ("warning", "warning", ORANGE, "triangle"),
        ("error", "error", RED, "x"),
    ):
        if rows := [mark for mark in marks if mark.kind == kind]:
            source = ColumnDataSource(_bars(rows), name=f"event_{kind}")
            drawn.scatter("begin", 2.1, source=source, marker=sign, size=9, color=colour, line_width=2, name=kind)
            keys.append(Key(label, colour, "round", kind))
    add_hover(drawn, {"at": "@begin{00:00:00}", "": "@text"}, mode="mouse")
    return Chart("events", drawn, tuple(keys))


def _bars(marks: Sequence[Mark]) -> dict[str, Any]:
    return {
        "begin": compact([mark.at_s for mark in marks]),
        "end": compact([mark.end_s for mark in marks]),
        "text": [f"{mark.text} (warm-up)" if mark.warm_up else mark.text for mark in marks],
        "alpha": [0.1 if mark.warm_up else 0.3 for mark in marks],
    }


def _users(time: TimeAxis, source: ColumnDataSource) -> Chart:
    drawn = time.figure("users", 200, y_range=DataRange1d(start=0))
    keys = (
        _line(drawn, source, Key("active", BLUE, "solid", "users"), width=2.5),
        _line(drawn, source, Key("target", ORANGE, "dashed", "target")),
        _line(drawn, source, Key("in a request", TEAL, "dotted", "in_flight"), width=2),
    )
    add_hover(
        drawn,
        {
            "at": "@at{00:00:00}",
            "active": "@users{0,0.0}",
            "target": "@target{0,0.0}",
            "in a request": "@in_flight{0,0.0}",
        },
    )
    return Chart("users", drawn, keys)


def _throughput(time: TimeAxis, source: ColumnDataSource) -> Chart:
    drawn = time.figure("throughput", 200, y_range=DataRange1d(start=0))
    drawn.varea("at", 0, "ok", source=source, fill_color=TEAL, fill_alpha=0.12, name="ok")
    keys = (
        _line(drawn, source, Key("ok", TEAL, "solid", "ok"), width=2),
        _line(drawn, source, Key("failed", RED, "dashed", "failed")),
    )
    add_hover(drawn, {"at": "@at{00:00:00}", "ok": "@ok{0,0.0}/s", "failed": "@failed{0,0.0}/s"})
    return Chart("throughput", drawn, keys)


def _latency(time: TimeAxis, source: ColumnDataSource) -> Chart:
    is_log = is_wide([source.data[name] for _, name in PERCENTILES])
    drawn = time.figure("latency", 240, **latency_axis(is_log))
    keys = tuple(_line(drawn, source, key, width=2) for key in percentile_keys())
    add_hover(drawn, {"at": "@at{00:00:00}", **percentile_rows()})
    return Chart("latency", drawn, keys, is_log)


def _failures(time: TimeAxis, source: ColumnDataSource, series: SeriesTable) -> Chart:
    """A line for each kind of failure."""
    drawn = time.figure("failures", 200, y_range=DataRange1d(start=0))
    labels = [label for label, _ in kind_rows(series)]
    keys = tuple(
        _line(drawn, source, Key(label, KIND_COLOURS[place], DASHES[place % len(DASHES)], f"kind_{place}"), width=2)
        for place, label in enumerate(labels)
    )
    rows = {label: f"@kind_{place}{{0,0.0}}/s" for place, label in enumerate(labels)}
    add_hover(drawn, {"at": "@at{00:00:00}", **rows})
    return Chart("failures", drawn, keys)


def _agents(time: TimeAxis, source: ColumnDataSource) -> Chart:
    """The worst agent: CPU in % of a core to the left, loop lag in ms to the right."""
    cpu, lag = DataRange1d(start=0), DataRange1d(start=0)
    drawn = time.figure("agents", 200, y_range=cpu)
    drawn.extra_y_ranges = {"lag": lag}
    drawn.add_layout(LinearAxis(y_range_name="lag"), "right")
    make_plain(drawn)
    keys = (
        _line(drawn, source, Key("CPU, % of a core (left)", VIOLET, "solid", "cpu")),
        _line(drawn, source, Key("loop lag, ms (right)", ORANGE, "dashed", "loop_lag"), y_range_name="lag"),
    )
    cpu.renderers, lag.renderers = [drawn.renderers[0]], [drawn.renderers[1]]
    add_hover(drawn, {"at": "@at{00:00:00}", "CPU": "@cpu{0,0.0} %", "loop lag": "@loop_lag{0,0.[00]} ms"})
    return Chart("agents", drawn, keys)


def _heat(time: TimeAxis, grid: HeatGrid) -> Chart:
    """Response times by time (across) and length (up, logarithmic); the more there were, the stronger the colour."""
    drawn = time.figure("heat", 300, y_axis_type="log", y_range=Range1d(start=grid.low_ms, end=grid.high_ms))
    scale = Scale(1, max(2.0, float(np.nanmax(grid.counts))), tuple(heat_palette()))
    colours = LogColorMapper(palette=list(scale.colours), low=scale.low, high=scale.high, nan_color="rgba(0,0,0,0)")
    cells = Image(
        image="image",
        x=grid.begin_s,
        y=grid.low_ms,
        dw=grid.end_s - grid.begin_s,
        dh=grid.high_ms - grid.low_ms,
        color_mapper=colours,
    )
    drawn.add_glyph(ColumnDataSource({"image": [grid.counts]}, name="heat"), cells, name="heat")
    drawn.grid.level = "underlay"
    drawn.add_tools(
        HoverTool(tooltips=[("at", "$x{00:00:00}"), ("around", "$y{0,0.[0]} ms"), ("requests", "@image{0,0}")])
    )
    return Chart("heat", drawn, (), is_log=True, scale=scale)


def heat_palette() -> list[str]:
    """Colours with their opacity, from few to many."""
    stops = np.linspace(0, 1, len(HEAT_ENDS))
    channels = [np.interp(np.linspace(0, 1, HEAT_STEPS), stops, [end[n] for end in HEAT_ENDS]) for n in range(4)]
    return ["#" + "".join(f"{round(value):02x}" for value in colour) for colour in zip(*channels, strict=True)]


def _line(drawn: figure, source: ColumnDataSource, key: Key, width: float = 1.5, **to: Any) -> Key:
    """A line over time of the column that the key names."""
    thickness = min(width, 1.0) if len(source.data["at"]) > DENSE else width
    style: dict[str, Any] = {"line_color": key.colour, "line_dash": key.dash, "line_width": thickness}
    drawn.line("at", key.name, source=source, name=key.name, **style, **to)
    return key


def _mark(drawn: figure, marks: Sequence[Mark]) -> None:
    """Warm-up shaded; thin lines where levels begin and where something went wrong."""
    levels = [mark for mark in marks if mark.kind == "level"]
    shown = [*(levels[1:] if len(levels) <= MOST_LINES else ()), *(m for m in marks if m.kind in {"warning", "error"})]
    for mark in shown[:MOST_LINES]:
        colour = {"level": GREY, "warning": ORANGE}.get(mark.kind, RED)
        alpha, dash = (0.25, "solid") if mark.kind == "level" else (0.8, "dotted")
        drawn.add_layout(
            Span(location=mark.at_s, dimension="height", line_color=colour, line_alpha=alpha, line_dash=dash)
        )
    for mark in marks:
        if mark.warm_up:
            shade = BoxAnnotation(left=mark.at_s, right=mark.end_s, fill_color=GREY, fill_alpha=0.1, line_color=None)
            drawn.add_layout(shade)
