"""What the system did at each concurrency: throughput and response times of the levels against their mean users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, DataRange1d, NumeralTickFormatter

from gradual_master.reporting.charts import parts
from gradual_master.reporting.charts.limits import Limit, draw_limits
from gradual_master.reporting.charts.parts import (
    PERCENTILE_KEYS,
    PERCENTILE_ROWS,
    PERCENTILES,
    Chart,
    Key,
    compact,
    latency_axis,
)
from gradual_master.reporting.text.formatting import notes_of
from gradual_master.results.judging.levels import LevelRow


def level_charts(levels: Sequence[LevelRow], limits: Sequence[Limit] = ()) -> tuple[Chart, ...]:
    """Throughput and response times against the mean users of a level; none without a level that had users."""
    source = levels_source(levels)
    if not len(source.data["users"]):
        return ()
    whole = [limit for limit in limits if limit.steps is None]
    ok = Key("ok per second", parts.TEAL, "solid", "ok")
    from_zero = {"y_range": DataRange1d(start=0)}
    return (
        _chart("throughput", source, from_zero, (ok,), {"ok": "@ok{0,0.0}/s"}, limits=whole),
        _chart("latency", source, latency_axis(source.data), PERCENTILE_KEYS, PERCENTILE_ROWS, limits=whole),
    )


def levels_source(levels: Sequence[LevelRow]) -> ColumnDataSource:
    """The levels that had users, in the order of the run; those with a note have `sign` diamond, unfilled."""
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


APART = Key("a level with a note", parts.GREY, "diamond", "")

HEAD = {"users": "@users{0,0.0} of @target{0,0.0}", "phase": "@phase"}
"""The first rows of every level's tooltip."""


def _chart(
    name: str,
    source: ColumnDataSource,
    axis: Mapping[str, Any],
    keys: Sequence[Key],
    rows: Mapping[str, str],
    *,
    limits: Sequence[Limit],
) -> Chart:
    """A chart with a line through the levels for each key; limits are drawn from no users to the most users.

    The last key is that of the largest values. `rows`: the rows of the tooltip.
    """
    drawn = parts.new_figure(f"levels_{name}", 280, x_range=DataRange1d(start=0), **axis)
    drawn.xaxis.formatter = NumeralTickFormatter(format="0,0")
    for key in keys:
        style: dict[str, Any] = {"name": key.name, "source": source, "line_color": key.colour, "line_width": 2}
        drawn.line("users", key.name, line_dash=key.dash, **style)
        drawn.scatter("users", key.name, marker="sign", size=10, fill_color=key.colour, fill_alpha="fill", **style)
    parts.add_hover(drawn, {**HEAD, **rows, "marks": "@marks"}, mode="mouse")
    apart = (APART,) if "diamond" in source.data["sign"] else ()
    ends = (0.0, float(np.max(source.data["users"])))
    peak = float(np.nanmax([0.0, *source.data[keys[-1].name]]))
    return Chart(f"levels_{name}", drawn, (*keys, *apart, *draw_limits(drawn, name, limits, ends, peak)))
