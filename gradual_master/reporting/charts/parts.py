"""What all charts are made of: colours, axes, keys, the tooltip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from bokeh.models import BasicTicker, DataRange1d, FixedTicker, HoverTool, NumeralTickFormatter
from bokeh.plotting import figure

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
    """What one line or mark of a chart stands for."""

    label: str
    colour: str
    dash: Dash | Literal["round", "diamond"]

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

    is_log: bool = False
    """Whether its vertical axis is logarithmic."""

    scale: ColourScale | None = None
    """What its colours mean."""


def percentile_keys() -> tuple[Key, ...]:
    """How percentiles are drawn wherever they are."""
    colours = (BLUE, VIOLET, ORANGE)
    return tuple(
        Key(name, colour, dash, name) for (_, name), colour, dash in zip(PERCENTILES, colours, DASHES, strict=False)
    )


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


def percentile_rows() -> dict[str, str]:
    return {name: f"@{name}{{0,0.[00]}} ms" for _, name in PERCENTILES}


def latency_axis(is_log: bool) -> dict[str, Any]:
    """The vertical axis of response times."""
    return {"y_axis_type": "log"} if is_log else {"y_range": DataRange1d(start=0)}


def is_wide(columns: Sequence[Any]) -> bool:
    """Whether response times lie so far apart that small ones would vanish."""
    values = np.concatenate([np.asarray(column, dtype=np.float64) for column in columns])
    values = values[np.isfinite(values) & (values > 0)]
    return bool(len(values)) and float(values.max() / values.min()) > WIDE_SPREAD


def compact(values: Any) -> Float32:
    """float32 takes a third of the text that numbers would; None becomes NaN."""
    return np.array(values, dtype=np.float64).astype(np.float32)
