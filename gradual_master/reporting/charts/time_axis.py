"""The axis that all charts over time share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bokeh.models import AdaptiveTicker, BoxZoomTool, CrosshairTool, NumeralTickFormatter, Range1d
from bokeh.models.annotations import Span
from bokeh.plotting import figure

from gradual_master.reporting.charts.parts import GREY, new_figure
from gradual_master.reporting.text.formatting import show_instant

WHEN = "@when"
"""In a tooltip: the instant as text, as short as it can be written."""


def instants(begins_s: Iterable[float]) -> list[str]:
    """What `WHEN` shows."""
    return [show_instant(float(begin)) for begin in begins_s]


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """What charts over time share.

    One `Range1d` object stands in the model of every chart, not an equal one in each: whatever sets it (a drag across
    one chart, the page's button for the whole run) moves all of them in one step, without a callback. It is the same
    with one `Span` for the line under the pointer. So what stands above one another happened at the same time,
    whichever part of the run is looked at. The bounds keep a drag within the run.
    """

    ends: tuple[float, float]
    """Begin and end of the run, s."""

    range: Range1d
    """What part of it is shown."""

    pointer: Span
    ticker: AdaptiveTicker

    @classmethod
    def until(cls, end_s: float) -> TimeAxis:
        """The axis of a run; the range is named `time` and the ticker `clock`, for a page to set them."""
        clock = AdaptiveTicker(
            base=60, mantissas=[1, 2, 5, 10, 15, 30], min_interval=1, desired_num_ticks=6, name="clock"
        )
        return cls(
            (0.0, end_s),
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
