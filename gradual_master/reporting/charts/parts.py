"""What all charts are made of: colours, keys, the tooltip, the axis that those over time share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from bokeh.models import (
    AdaptiveTicker,
    BasicTicker,
    BoxZoomTool,
    CrosshairTool,
    DataRange1d,
    FixedTicker,
    HoverTool,
    LogScale,
    NumeralTickFormatter,
    Range1d,
)
from bokeh.models.annotations import Span
from bokeh.plotting import figure

from gradual_master.reporting.text.formatting import show_instant

Float32 = npt.NDArray[np.float32]
Dash = Literal["solid", "dashed", "dotted", "dotdash"]

BLUE, TEAL, ORANGE, RED, VIOLET, GREY = "#3f7fd6", "#1a9187", "#d0701e", "#d64550", "#8b6bd6", "#7c8794"

PERCENTILES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
DASHES: tuple[Dash, ...] = ("solid", "dashed", "dotted", "dotdash")

WIDE_SPREAD = 40.0
"""Response times further apart than this are drawn on a logarithmic axis."""

LOG_TICKS = [digit * 10.0**power for power in range(-3, 7) for digit in (1, 3)]
"""In ms: bokeh's own ticks of a logarithmic axis are one a decade, too few for most runs."""


@dataclass(frozen=True, slots=True)
class Key:
    """The legend entry of one line or mark of a chart."""

    label: str
    colour: str
    dash: Dash | Literal["round", "diamond", "area"]

    name: str
    """Of its renderers, for the page to hide and show them; "" where nothing is drawn."""

    is_limit: bool = False

    steps: tuple[int, ...] | None = None
    """Of a limit: the rows of actions that it is about; it is visible when one of them is looked at."""


@dataclass(frozen=True, slots=True)
class ColourScale:
    """A logarithmic scale of colours, `#rrggbbaa`, from `low` to `high`."""

    low: float
    high: float
    colours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure and what is drawn in it."""

    name: str
    figure: figure
    keys: tuple[Key, ...]

    scale: ColourScale | None = None
    """What its colours mean."""

    @property
    def is_log(self) -> bool:
        """Whether its vertical axis is logarithmic."""
        return isinstance(self.figure.y_scale, LogScale)


PERCENTILE_KEYS = (
    Key("p50", BLUE, "solid", "p50"),
    Key("p95", VIOLET, "dashed", "p95"),
    Key("p99", ORANGE, "dotted", "p99"),
)
"""How percentiles are drawn wherever they are."""

PERCENTILE_ROWS = {name: f"@{name}{{0,0.[00]}} ms" for _, name in PERCENTILES}
"""The rows of percentiles in a tooltip."""


def new_figure(name: str, height: int, **options: Any) -> figure:
    """An empty chart that is as wide as its place, without anything that would catch a page's scrolling."""
    drawn = figure(
        name=name,
        height=height,
        sizing_mode="stretch_width",
        tools="",
        toolbar_location=None,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        min_border_left=44,
        min_border_right=8,
        **options,
    )
    drawn.xgrid.visible = False
    drawn.toolbar.active_drag = None
    make_plain(drawn)
    is_log = options.get("y_axis_type") == "log"
    drawn.yaxis.ticker = FixedTicker(ticks=LOG_TICKS) if is_log else BasicTicker(desired_num_ticks=4)
    return drawn


def make_plain(drawn: figure) -> None:
    """Axes of few words and no lines."""
    drawn.axis.axis_line_color = drawn.axis.major_tick_line_color = drawn.axis.minor_tick_line_color = None
    drawn.axis.major_label_text_font_size = "12px"
    drawn.yaxis.formatter = NumeralTickFormatter(format="0,0.[000]")


def add_hover(drawn: figure, rows: Mapping[str, str], mode: Literal["mouse", "vline"] = "vline") -> None:
    """One tooltip: for the nearest point of the first line, or for what is under the pointer."""
    first = [renderer for renderer in drawn.renderers if renderer.name and mode == "vline"][-1:]
    options: dict[str, Any] = {"renderers": first} if first else {}
    drawn.add_tools(HoverTool(tooltips=list(rows.items()), mode=mode, point_policy="snap_to_data", **options))


def latency_axis(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The vertical axis of percentiles, which are columns: logarithmic where small ones would vanish otherwise."""
    values = np.concatenate([np.asarray(columns[name], dtype=np.float64) for _, name in PERCENTILES])
    values = values[np.isfinite(values) & (values > 0)]
    is_wide = len(values) and values.max() / values.min() > WIDE_SPREAD
    return {"y_axis_type": "log"} if is_wide else {"y_range": DataRange1d(start=0)}


def compact(values: Any) -> Float32:
    """float32 takes a third of the text that numbers would; None becomes NaN."""
    return np.array(values, dtype=np.float64).astype(np.float32)


WHEN = "@when"
"""In a tooltip: the instant as text, as short as it can be written."""


def instants(starts_s: Iterable[float]) -> list[str]:
    """What `WHEN` shows."""
    return [show_instant(float(start)) for start in starts_s]


class TimeAxis:
    """What charts over time share.

    One `Range1d` object is in the model of every chart, not an equal one in each: setting it (by a drag across
    one chart, the page's button for the whole run) moves all of them in one step, without a callback. It is the same
    with one `Span` for the line under the pointer. So what is drawn above one another happened at the same time,
    whichever part of the run is looked at. The bounds keep a drag within the run.
    """

    def __init__(self, end_s: float) -> None:
        """The axis of a run from 0 to `end_s`; the range is named `time` and the ticker `clock`, for a page to set."""
        self.ends = (0.0, end_s)
        self._ticker = AdaptiveTicker(
            base=60, mantissas=[1, 2, 5, 10, 15, 30], min_interval=1, desired_num_ticks=6, name="clock"
        )
        self._shown = Range1d(start=0.0, end=end_s, bounds=self.ends, name="time")
        self._pointer = Span(dimension="height", line_color=GREY)

    def figure(self, name: str, height: int, **options: Any) -> figure:
        """An empty chart over time."""
        drawn = new_figure(name, height, x_range=self._shown, **options)
        drawn.xaxis.ticker = self._ticker
        drawn.xaxis.formatter = NumeralTickFormatter(format="00:00:00")
        drawn.add_tools(CrosshairTool(overlay=self._pointer, dimensions="height"), BoxZoomTool(dimensions="width"))
        return drawn
