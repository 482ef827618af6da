"""What the system did at each concurrency: throughput and response times of the levels against their mean users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bokeh.models import ColumnDataSource, DataRange1d, NumeralTickFormatter
from bokeh.plotting import figure

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
from gradual_master.results.levels import LevelRow


def level_charts(levels: Sequence[LevelRow]) -> tuple[Chart, ...]:
    """Throughput and response times against the mean users of a level; none without a level that had users."""
    source = levels_source(levels)
    if not len(source.data["users"]):
        return ()
    return _level_throughput(source), _level_latency(source)


def levels_source(levels: Sequence[LevelRow]) -> ColumnDataSource:
    """The levels that had users, in the order of the run; those that are set apart have `sign` diamond, unfilled."""
    rows = [row for row in levels if row.users_mean is not None]
    return ColumnDataSource(
        {
            "users": compact([row.users_mean for row in rows]),
            "target": compact([row.target for row in rows]),
            "ok": compact([row.throughput_rps for row in rows]),
            **{name: compact([getattr(row.response_time_ms, name) for row in rows]) for _, name in PERCENTILES},
            "sign": ["diamond" if is_apart(row) else "circle" for row in rows],
            "fill": [0.0 if is_apart(row) else 1.0 for row in rows],
            "marks": [", ".join((*row.marks, *(("warm-up",) if row.warm_up else ()))) or "none" for row in rows],
            "phase": [row.phase for row in rows],
        },
        name="levels",
    )


def is_apart(row: LevelRow) -> bool:
    """Whether something speaks against a level."""
    return bool(row.marks) or row.warm_up


APART = Key("level with a mark, or warm-up", GREY, "diamond", "")


def _level_throughput(source: ColumnDataSource) -> Chart:
    drawn = _level_figure("levels_throughput", y_range=DataRange1d(start=0))
    keys = (_points(drawn, source, Key("ok a second", TEAL, "solid", "ok")),)
    add_hover(drawn, {**_LEVEL_HEAD, "ok": "@ok{0,0.0}/s", "marks": "@marks"}, mode="mouse")
    return Chart("levels_throughput", drawn, _with_apart(keys, source))


def _level_latency(source: ColumnDataSource) -> Chart:
    is_log = is_wide([source.data[name] for _, name in PERCENTILES])
    drawn = _level_figure("levels_latency", **latency_axis(is_log))
    keys = tuple(_points(drawn, source, key) for key in percentile_keys())
    add_hover(drawn, {**_LEVEL_HEAD, **percentile_rows(), "marks": "@marks"}, mode="mouse")
    return Chart("levels_latency", drawn, _with_apart(keys, source), is_log)


_LEVEL_HEAD = {"users": "@users{0,0.0} of @target{0,0.0}", "phase": "@phase"}


def _level_figure(name: str, **options: Any) -> figure:
    drawn = new_figure(name, 280, x_range=DataRange1d(start=0), **options)
    drawn.xaxis.formatter = NumeralTickFormatter(format="0,0")
    return drawn


def _points(drawn: figure, source: ColumnDataSource, key: Key) -> Key:
    """A line through the levels, and their signs."""
    drawn.line("users", key.name, source=source, line_color=key.colour, line_dash=key.dash, line_width=2, name=key.name)
    style: dict[str, Any] = {"line_color": key.colour, "line_width": 2, "fill_color": key.colour, "fill_alpha": "fill"}
    drawn.scatter("users", key.name, source=source, marker="sign", size=10, name=key.name, **style)
    return key


def _with_apart(keys: tuple[Key, ...], source: ColumnDataSource) -> tuple[Key, ...]:
    return (*keys, APART) if "diamond" in source.data["sign"] else keys
