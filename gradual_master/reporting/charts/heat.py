"""Response times as a heat map: the grid of counts, and its drawing."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from bokeh.models import ColumnDataSource, HoverTool, LogColorMapper, Range1d
from bokeh.models.glyphs import Image

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.buckets import EDGE_ARRAY
from gradual_master.reporting.charts.parts import Chart, ColourScale, Float32, TimeAxis
from gradual_master.results.measures.series import SeriesTable

MAX_COLUMNS, MAX_ROWS = 240, 64
"""Cells of the grid of response times: some 3 screen pixels wide on a large screen."""

MIN_BUCKETS_PER_ROW = 8
"""Buckets per row: eight rows per doubling; with finer rows the histogram's own resolution would show."""

HEAT_STEPS = 64
HEAT_ENDS = ((63, 127, 214, 70), (139, 107, 214, 190), (224, 82, 40, 255))
"""Few, some, many: red, green, blue, opacity. What is rare fades into the page, light or dark."""


@dataclass(frozen=True, slots=True, eq=False)
class HeatGrid:
    """Response times by time (columns, equally long) and by length (rows, each the same factor high)."""

    begin_s: float
    end_s: float
    low_ms: float
    high_ms: float

    counts: Float32
    """(rows, columns), the lowest row first; NaN where there were none, which is drawn as nothing."""


def heat_grid(series: SeriesTable, columns: int = MAX_COLUMNS, rows: int = MAX_ROWS) -> HeatGrid | None:
    """The histograms of the points, put together to at most `columns` × `rows` cells; None without a response."""
    # A cell is made of whole buckets and of whole points, so that no count has to be divided among cells and their sum
    # is that of the run. Rows: neighbouring buckets, counted from bucket 0, so that their edges do not move with the
    # fastest response. Buckets grow by a factor, as does a logarithmic axis: rows of equally many are equally high
    # there. Columns: an image has columns of one width, but points have not (a pause, the last interval), so a column
    # is a whole number of the longest of them, and a point belongs to the column that its middle lies in.
    counts = series.counts()
    buckets = np.flatnonzero(counts.sum(axis=0))
    if not len(buckets):
        return None
    column, begin, width = _columns(series, columns)
    first, last = int(buckets[0]), int(buckets[-1])
    height = max(MIN_BUCKETS_PER_ROW, ceil((last + 1 - first) / (rows - 1)))
    low = first // height * height
    high = min(counts.shape[1], low + ceil((last + 1 - low) / height) * height)
    by_row = np.add.reduceat(counts[:, low:high], range(0, high - low, height), axis=1)
    grid = np.zeros((by_row.shape[1], int(column.max()) + 1), dtype=np.int64)
    np.add.at(grid.T, column, by_row)
    return HeatGrid(
        begin_s=begin,
        end_s=begin + width * grid.shape[1],
        low_ms=float(EDGE_ARRAY[low]) / NS_PER_MS,
        high_ms=float(EDGE_ARRAY[high]) / NS_PER_MS,
        counts=np.where(grid > 0, grid, np.nan).astype(np.float32),
    )


def _columns(series: SeriesTable, most: int) -> tuple[npt.NDArray[np.int64], float, float]:
    """The column of each point, the first column's start, and the length of one: a whole number of points."""
    begin, grain = float(series.begin_s[0]), float((series.end_s - series.begin_s).max())
    width = grain * max(1, ceil((float(series.end_s[-1]) - begin) / grain / most))
    middle = (series.begin_s + series.end_s) / 2
    return ((middle - begin) // width).astype(np.int64), begin, width


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
    return Chart("heat", drawn, (), scale)


def heat_palette() -> list[str]:
    """Colours with their opacity, from few to many."""
    stops = np.linspace(0, 1, len(HEAT_ENDS))
    channels = [np.interp(np.linspace(0, 1, HEAT_STEPS), stops, [end[n] for end in HEAT_ENDS]) for n in range(4)]
    return ["#" + "".join(f"{round(value):02x}" for value in colour) for colour in zip(*channels, strict=True)]
