"""Response times as a heat map."""

from __future__ import annotations

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, LogColorMapper, Range1d
from bokeh.models.glyphs import Image

from gradual_master.reporting.charts.parts import Chart, ColourScale
from gradual_master.reporting.charts.time_axis import TimeAxis
from gradual_master.reporting.charts.time_series import HeatGrid

HEAT_STEPS = 64
HEAT_ENDS = ((63, 127, 214, 70), (139, 107, 214, 190), (224, 82, 40, 255))
"""Few, some, many: red, green, blue, opacity. What is rare fades into the page, light or dark."""


def heat_chart(time: TimeAxis, grid: HeatGrid) -> Chart:
    """Response times by time (across) and length (up, logarithmic); the more there were, the stronger the colour."""
    drawn = time.figure("heat", 300, y_axis_type="log", y_range=Range1d(start=grid.low_ms, end=grid.high_ms))
    scale = ColourScale(1, max(2.0, float(np.nanmax(grid.counts))), tuple(heat_palette()))
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
        HoverTool(tooltips=[("at", "$x{0,0} s"), ("around", "$y{0,0.[0]} ms"), ("requests", "@image{0,0}")])
    )
    return Chart("heat", drawn, (), is_log=True, scale=scale)


def heat_palette() -> list[str]:
    """Colours with their opacity, from few to many."""
    stops = np.linspace(0, 1, len(HEAT_ENDS))
    channels = [np.interp(np.linspace(0, 1, HEAT_STEPS), stops, [end[n] for end in HEAT_ENDS]) for n in range(4)]
    return ["#" + "".join(f"{round(value):02x}" for value in colour) for colour in zip(*channels, strict=True)]
