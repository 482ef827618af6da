"""The fitted scalability law with its 95 % band, over the levels that were measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bokeh.models import ColumnDataSource, DataRange1d, NumeralTickFormatter
from bokeh.plotting import figure

from gradual_master.analysis.scalability.result import Scalability
from gradual_master.reporting.charts import parts
from gradual_master.reporting.charts.parts import Chart, Key, compact

MEASURED = Key("measured level", parts.TEAL, "round", "measured")
LAW = Key("fitted law", parts.BLUE, "solid", "law")
BAND = Key("95 % interval of the law", parts.BLUE, "area", "band")
BOUND = Key("bounds without queueing", parts.GREY, "dotdash", "bound")
PEAK = Key("peak of the law", parts.ORANGE, "diamond", "peak")


def scalability_chart(found: Scalability | None) -> Chart | None:
    """Throughput against users: measured, fitted, and what the law may be; None if nothing was fitted."""
    if found is None or not found.band:
        return None
    drawn = parts.new_figure("scalability", 320, x_range=DataRange1d(start=0), y_range=DataRange1d(start=0))
    drawn.xaxis.formatter = NumeralTickFormatter(format="0,0")
    keys = (MEASURED, *_draw_curve(drawn, found), *_draw_bound(drawn, found), *_draw_peak(drawn, found))
    style: dict[str, Any] = {"fill_color": MEASURED.colour, "line_color": MEASURED.colour, "size": 9}
    drawn.scatter("users", "measured", source=measured_source(found), name=MEASURED.name, **style)
    rows = {"users": "@users{0,0.0}", "measured": "@measured{0,0.0}/s", "fitted": "@fitted{0,0.0}/s"}
    parts.add_hover(drawn, rows)
    return Chart("scalability", drawn, keys)


def measured_source(found: Scalability) -> ColumnDataSource:
    """The levels that counted, each with the value of the law there."""
    columns = {
        "users": compact([row.users for row in found.residuals]),
        "measured": compact([row.throughput_rps for row in found.residuals]),
        "fitted": compact([row.fitted_rps for row in found.residuals]),
    }
    return ColumnDataSource(columns, name="measured")


def curve_source(found: Scalability) -> ColumnDataSource:
    """The law and its interval from the fewest to the most users; NaN where there is no interval."""
    columns = {
        "users": compact([point.users for point in found.band]),
        "law": compact([point.throughput_rps for point in found.band]),
        "low": compact([point.low_rps for point in found.band]),
        "high": compact([point.high_rps for point in found.band]),
    }
    return ColumnDataSource(columns, name="curve")


def _draw_curve(drawn: figure, found: Scalability) -> Iterator[Key]:
    source = curve_source(found)
    yield LAW
    if all(point.low_rps is not None and point.high_rps is not None for point in found.band):
        style: dict[str, Any] = {"fill_color": BAND.colour, "fill_alpha": 0.18, "name": BAND.name}
        drawn.varea("users", "low", "high", source=source, **style)
        yield BAND
    drawn.line("users", "law", source=source, name=LAW.name, line_color=LAW.colour, line_width=2)


def _draw_bound(drawn: figure, found: Scalability) -> Iterator[Key]:
    """X ≤ min(1/Dmax, N/(D + Z)), if 1/Dmax is known: from no users over N* to the most users."""
    bounds = found.bounds
    if bounds is None or bounds.n_star is None or found.users_max is None:
        return
    users = [0.0, min(bounds.n_star, found.users_max), found.users_max]
    most = bounds.max_throughput_rps
    style: dict[str, Any] = {"line_color": BOUND.colour, "line_dash": BOUND.dash, "line_width": 1.5}
    drawn.line(users, [most * min(1.0, number / bounds.n_star) for number in users], name=BOUND.name, **style)
    yield BOUND


def _draw_peak(drawn: figure, found: Scalability) -> Iterator[Key]:
    """The peak where it is among the measured users; one that is extrapolated is not drawn."""
    peak, top = found.n_peak, found.x_peak
    if peak is None or top is None or found.peak not in {"measured", "uncertain"}:
        return
    if peak.value < (found.users_min or 0.0):
        return
    style: dict[str, Any] = {"line_color": PEAK.colour, "fill_alpha": 0.0, "line_width": 2}
    drawn.scatter([peak.value], [top.value], marker="diamond", size=16, name=PEAK.name, **style)
    yield PEAK
