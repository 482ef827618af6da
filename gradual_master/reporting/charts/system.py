"""Charts over time of the system's own metrics (`watch:`), one each, as every metric has its own unit."""

from __future__ import annotations

import numpy as np
from bokeh.models import ColumnDataSource, DataRange1d

from gradual_common.clock import NS_PER_S
from gradual_master.reporting.charts import parts
from gradual_master.reporting.charts.parts import Chart, Key, TimeAxis, compact, instants
from gradual_master.results.measures.watches import WatchSeries

PREFIX = "watch_"
"""Of the name of a chart; after it comes the number of the watch."""


def watch_chart(time: TimeAxis, number: int, watch: WatchSeries) -> Chart:
    """The values of one watch; its gaps are gaps."""
    name = f"{PREFIX}{number}"
    at = np.arange(1, len(watch.values) + 1) * (watch.interval / NS_PER_S)
    shown = at <= time.ends[1]
    columns = {"at": compact(at[shown]), "value": compact(watch.values[shown]), "when": instants(at[shown])}
    source = ColumnDataSource(columns, name=name)
    drawn = time.figure(name, 160, y_range=DataRange1d(start=0))
    key = Key(watch.name, parts.VIOLET, "solid", "value")
    drawn.line("at", "value", source=source, name="value", line_color=key.colour, line_width=2)
    parts.add_hover(drawn, {"at": parts.WHEN, "value": f"@value{{0,0.[00]}} {watch.unit}".rstrip()})
    return Chart(name, drawn, (key,))
