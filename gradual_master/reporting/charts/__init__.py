"""Every chart of Gradual, for pages made once and for pages that live: plain tables in, bokeh figures out.

A chart draws no words beside its axes: it comes with its `keys` (what is drawn how), for the page to set as text that
wraps, can be read aloud and can be pressed. Series differ by their dashes too, never by colour alone. The colours of
series are as far from white as from black; ink and grid lines are left to the page, as CSS properties that bokeh reads
(`--bk-major-label-text-color`, `--bk-grid-line-color`), so that one chart stands on light and on dark.

Charts over time share their range, so that a stretch chosen in one is shown by all.
"""

from __future__ import annotations

from gradual_master.reporting.charts.against_users import level_charts, levels_source
from gradual_master.reporting.charts.limits import Limit, limits_of
from gradual_master.reporting.charts.over_time import (
    MOST_PERCENTILES,
    kind_rows,
    percentiles_source,
    series_source,
    time_charts,
)
from gradual_master.reporting.charts.parts import Chart, ColourScale, Key

__all__ = [
    "MOST_PERCENTILES",
    "Chart",
    "ColourScale",
    "Key",
    "Limit",
    "kind_rows",
    "level_charts",
    "levels_source",
    "limits_of",
    "percentiles_source",
    "series_source",
    "time_charts",
]
