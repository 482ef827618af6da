"""What the system did at each concurrency: throughput and response times of the levels against their mean users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, DataRange1d, NumeralTickFormatter
from bokeh.plotting import figure

from gradual_master.reporting.charts.limits import Limit, draw_limits
from gradual_master.reporting.charts.parts import (
    GREY,
    PERCENTILES,
    TEAL,
    Chart,
    Key,
    add_hover,
    compact,
    is_wide,
    latency_axis,
    new_figure,
    percentile_keys,
    percentile_rows,
)
from gradual_master.reporting.text.level_notes import notes_of
from gradual_master.results.judging.levels import LevelRow


def level_charts(levels: Sequence[LevelRow], limits: Sequence[Limit] = ()) -> tuple[Chart, ...]:
    """Throughput and response times against the mean users of a level; none without a level that had users."""
    source = levels_source(levels)
    if not len(source.data["users"]):
        return ()
    whole = [limit for limit in limits if limit.steps is None]
    return _throughput(source, whole), _latency(source, whole)


def levels_source(levels: Sequence[LevelRow]) -> ColumnDataSource:
    """The levels that had users, in the order of the run; those that are set apart have `sign` diamond, unfilled."""
    rows = [row for row in levels if row.users_mean is not None]
    notes = [notes_of(row) for row in rows]
    return ColumnDataSource(
        {
            "users": compact([row.users_mean for row in rows]),
            "target": compact([row.target for row in rows]),
            "ok": compact([row.throughput_rps for row in rows]),
            **{name: compact([getattr(row.response_time_ms, name) for row in rows]) for _, name in PERCENTILES},
            "sign": ["diamond" if noted else "circle" for noted in notes],
            "fill": [0.0 if noted else 1.0 for noted in notes],
            "marks": ["; ".join(noted) or "none" for noted in notes],
            "phase": [row.phase for row in rows],
        },
        name="levels",
    )


APART = Key("a level with a note", GREY, "diamond", "")


HEAD = {"users": "@users{0,0.0} of @target{0,0.0}", "phase": "@phase"}
"""What the tooltip of any level says first."""


def _throughput(source: ColumnDataSource, limits: Sequence[Limit]) -> Chart:
    drawn = _figure("levels_throughput", y_range=DataRange1d(start=0))
    keys = (_points(drawn, source, Key("ok a second", TEAL, "solid", "ok")),)
    add_hover(drawn, {**HEAD, "ok": "@ok{0,0.0}/s", "marks": "@marks"}, mode="mouse")
    peak = float(np.max(source.data["ok"]))
    return Chart("levels_throughput", drawn, (*keys, *_others(drawn, source, limits, "throughput", peak)))


def _latency(source: ColumnDataSource, limits: Sequence[Limit]) -> Chart:
    is_log = is_wide([source.data[name] for _, name in PERCENTILES])
    drawn = _figure("levels_latency", **latency_axis(is_log))
    keys = tuple(_points(drawn, source, key) for key in percentile_keys())
    add_hover(drawn, {**HEAD, **percentile_rows(), "marks": "@marks"}, mode="mouse")
    peak = float(np.nanmax([0.0, *source.data["p99"]]))
    return Chart("levels_latency", drawn, (*keys, *_others(drawn, source, limits, "latency", peak)), is_log)


def _others(
    drawn: figure, source: ColumnDataSource, limits: Sequence[Limit], name: str, peak: float
) -> tuple[Key, ...]:
    """The key of levels with a note, if there are any, and the limits, from no users to the most that there were."""
    apart = (APART,) if "diamond" in source.data["sign"] else ()
    ends = (0.0, float(np.max(source.data["users"])))
    return (*apart, *draw_limits(drawn, [limit for limit in limits if limit.chart == name], ends, peak))


def _figure(name: str, **options: Any) -> figure:
    drawn = new_figure(name, 280, x_range=DataRange1d(start=0), **options)
    drawn.xaxis.formatter = NumeralTickFormatter(format="0,0")
    return drawn


def _points(drawn: figure, source: ColumnDataSource, key: Key) -> Key:
    """A line through the levels, and their signs."""
    drawn.line("users", key.name, source=source, line_color=key.colour, line_dash=key.dash, line_width=2, name=key.name)
    style: dict[str, Any] = {"line_color": key.colour, "line_width": 2, "fill_color": key.colour, "fill_alpha": "fill"}
    drawn.scatter("users", key.name, source=source, marker="sign", size=10, name=key.name, **style)
    return key
