"""The title of each chart, and a sentence about its numbers for those who do not see the chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gradual_common.clock import NS_PER_S
from gradual_master.analysis.scalability.result import Scalability
from gradual_master.reporting.charts.over_time import MAX_LATENCY_POINTS
from gradual_master.reporting.charts.parts import Chart
from gradual_master.reporting.charts.system import PREFIX
from gradual_master.reporting.charts.time_series import merged
from gradual_master.reporting.text.failures import show_failures
from gradual_master.reporting.text.formatting import (
    NO_DATA,
    show_count,
    show_counted,
    show_instant,
    show_kinds,
    show_number,
    show_percent,
)
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.measures.series import SeriesTable
from gradual_master.results.measures.watches import WatchSeries

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Captioned:
    """A chart and what is written beside it."""

    chart: Chart
    title: str
    unit: str

    says: str
    """A sentence for those who do not see it."""


def of_level_chart(chart: Chart, levels: Sequence[LevelRow]) -> Captioned:
    """A chart against concurrency; its sentence names the levels with the fewest and with the most users."""
    title, unit, say = LEVEL_CHARTS[chart.name]
    rows = sorted((row for row in levels if row.users_mean is not None), key=lambda row: row.users_mean or 0.0)
    ends = rows if len(rows) == 1 else (rows[0], rows[-1])
    return _captioned(chart, title, unit, " ".join(say(row) for row in ends))


def of_scalability(chart: Chart, found: Scalability) -> Captioned:
    """The fitted law; its sentence names the law's ends. (The answer above it has its peak.)"""
    first, last = found.band[0], found.band[-1]
    ends = (f"{show_number(one.throughput_rps)}/s at {show_counted(one.users, 'user')}" for one in (first, last))
    says = f"Fitted to {show_counted(found.levels, 'level')}: {', '.join(ends)}."
    return _captioned(chart, "Throughput against users, with the fitted law", "successful requests per second", says)


def _throughput_of(row: LevelRow) -> str:
    return f"{show_number(row.throughput_rps)} ok/s at {show_counted(row.users_mean, 'user')}."


def _latency_of(row: LevelRow) -> str:
    times = row.response_time_ms
    percentiles = f"p50 {show_number(times.p50)} ms, p95 {show_number(times.p95)} ms, p99 {show_number(times.p99)} ms"
    return f"At {show_counted(row.users_mean, 'user')} {percentiles}."


def of_time_chart(
    chart: Chart, series: SeriesTable, errors: Sequence[ErrorRow] = (), watches: Sequence[WatchSeries] = ()
) -> Captioned:
    """A chart over time."""
    if chart.name.startswith(PREFIX):
        return _of_watch(chart, watches[int(chart.name.removeprefix(PREFIX))])
    title, unit, say = TIME_CHARTS[chart.name]
    by_label = chart.name == "failures" and errors
    return _captioned(chart, title, unit, f"In all: {show_failures(errors)}." if by_label else say(series))


def _of_watch(chart: Chart, watch: WatchSeries) -> Captioned:
    """One of the system's own metrics; its sentence has the largest value."""
    ends_s = [(number + 1) * watch.interval / NS_PER_S for number in range(len(watch.values))]
    largest, at = _peak(watch.values, ends_s)
    says = "It has no values." if largest == NO_DATA else f"At most {f'{largest} {watch.unit}'.rstrip()}, at {at}."
    return Captioned(chart, watch.name, watch.unit or "in its own unit", says)


def _captioned(chart: Chart, title: str, unit: str, says: str) -> Captioned:
    return Captioned(chart, title, f"{unit}, logarithmic" if chart.is_log and chart.name != "heat" else unit, says)


def _events(series: SeriesTable) -> str:
    return f"The run from its start to {show_instant(float(series.end_s[-1]))}; the news are listed under Fleet."


def _users(series: SeriesTable) -> str:
    target, users = series.target.sum(axis=1), series.users.sum(axis=1)
    scheduled, active = show_counted(float(target.max()), "user"), show_number(float(users.max()))
    return f"Up to {scheduled} scheduled, up to {active} active."


def _throughput(series: SeriesTable) -> str:
    seconds = series.end_s - series.begin_s
    best, at = _peak(series.ok / seconds, series.begin_s)
    failed = show_count(int(series.failed.sum()))
    return f"At most {best} successful requests per second, at {at}; {failed} failed in all."


def _latency(series: SeriesTable) -> str:
    points = list(merged(series, MAX_LATENCY_POINTS))
    worst, at = _peak(np.array([point.quantile_ms(0.99) for point in points]), [point.begin_s for point in points])
    each = show_number(points[0].end_s - points[0].begin_s)
    return f"Percentiles are of {each} s each; the worst p99 is {worst} ms, at {at}."


def _failures(series: SeriesTable) -> str:
    return f"In all: {show_kinds({kind: int(series.failures_of(kind).sum()) for kind in series.kinds})}."


def _agents(series: SeriesTable) -> str:
    cpu, at = _peak(series.cpu_max, series.begin_s, percent=True)
    lag, later = _peak(series.loop_lag_ms_max, series.begin_s)
    return f"At most {cpu} of a core, at {at}; the event loop was late by at most {lag} ms, at {later}."


def _heat(series: SeriesTable) -> str:
    total = sum(int(point.counts.sum()) for point in series.points)
    return f"{show_count(total)} response times, warm-up and drain among them; time runs across, response time up."


def _peak(values: Float64, begin_s: Sequence[float] | Float64, *, percent: bool = False) -> tuple[str, str]:
    """The largest value and when it was."""
    if not np.isfinite(values).any():
        return NO_DATA, NO_DATA
    index = int(np.nanargmax(values))
    show = show_percent if percent else show_number
    return show(float(values[index])), show_instant(float(begin_s[index]))


TIME_CHARTS: dict[str, tuple[str, str, Callable[[SeriesTable], str]]] = {
    "events": ("What happened when", "phases, levels, news of the fleet", _events),
    "users": ("Users", "mean of an interval", _users),
    "throughput": ("Throughput", "requests per second", _throughput),
    "latency": ("Response time", "milliseconds", _latency),
    "failures": ("Failures by kind", "failed requests per second", _failures),
    "agents": ("Load generator", "its busiest agent", _agents),
    "heat": ("Response times as a heat map", "milliseconds; the stronger the colour, the more requests", _heat),
}
"""Title, unit and sentence of each chart over time."""

LEVEL_CHARTS: dict[str, tuple[str, str, Callable[[LevelRow], str]]] = {
    "levels_throughput": ("Throughput against users", "successful requests per second", _throughput_of),
    "levels_latency": ("Response time against users", "milliseconds", _latency_of),
}
"""Title, unit, and the sentence about one level."""
