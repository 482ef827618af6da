"""Charts so small that they need no script, as the geometry of SVGs.

The whole run at a glance beside the verdict: users, throughput and p95 over time. And histograms of response times, one
per action, all on the same axis; it is logarithmic, as the buckets are, so that equal distances are equal ratios and
histograms can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np
import numpy.typing as npt

from gradual_common.clock import NS_PER_MS
from gradual_common.histogram.buckets import EDGE_ARRAY, Int64
from gradual_common.histogram.histogram import Histogram
from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.charts.limits import Limit
from gradual_master.reporting.charts.time_series import OVER_TIME, merged, scheduled_users
from gradual_master.reporting.text.formatting import show_number
from gradual_master.results.measures.series import SeriesTable
from gradual_master.results.summary.sections import ActionRow

Float64 = npt.NDArray[np.float64]

WIDTH, HEIGHT = 400, 56
MAX_POINTS = 120
ROOM = 1.08
"""The axis goes a little beyond the largest value, so that a line at the top is whole."""

MAX_LIMIT_TO_PEAK = 3.0
"""A limit above this multiple of the largest value is not drawn here, but in the charts below."""


@dataclass(frozen=True, slots=True)
class OverviewChart:
    """A small chart over time; paths and heights lie within `WIDTH` × `HEIGHT`."""

    kind: str
    title: str
    peak: str

    says: str
    """A sentence for those who do not see it."""

    path: str
    """Its line."""

    area: str = ""
    """What is below the line, where that is filled."""

    other: str = ""
    """A second line."""

    limit: float | None = None
    """The height of a horizontal line."""


def overview_charts(series: SeriesTable, schedule: Schedule, limits: Sequence[Limit]) -> tuple[OverviewChart, ...]:
    """Users with their levels, throughput with failures, p95 with its limit."""
    end_s = float(series.end_s[-1])
    points = list(merged(series, MAX_POINTS))
    at = np.array([(point.begin_s + point.end_s) / 2 for point in points])
    users, ok, failed, p95 = (
        np.array([column.read(point) for point in points], dtype=np.float64)
        for column in OVER_TIME.choose("active_users throughput_rps failed_rps p95_ms")
    )
    edges = [edge for point in points for edge in (point.begin_s, point.end_s)]
    both_ends = np.column_stack((edges, np.repeat(users, 2)))
    return (
        _users(both_ends, _scheduled(schedule, end_s), end_s),
        _throughput(at, ok, failed, end_s),
        _latency(at, p95, [limit.value for limit in limits if limit.chart == "latency" and limit.steps is None], end_s),
    )


def _scheduled(schedule: Schedule, end_s: float) -> Float64:
    """(seconds, users), twice for every change: before it and after it.

    A line through these is a staircase: each instant is there once with the users before it and once with the users
    after it. So every instant and every number is there twice, and the instants are moved by one against the numbers.
    """
    times, users = np.array([change for change in scheduled_users(schedule) if change[0] < end_s] or [(0.0, 0.0)]).T
    return np.column_stack((np.append(np.repeat(times, 2)[1:], end_s), np.repeat(users, 2)))


def _users(users: Float64, steps: Float64, end_s: float) -> OverviewChart:
    top = ROOM * max(1.0, float(steps[:, 1].max()), float(users[:, 1].max()))
    peak = show_number(round(float(users[:, 1].max()), 1))
    path, target = (_path(line[:, 0], line[:, 1], end_s, top) for line in (users, steps))
    return OverviewChart("users", "Users", f"up to {peak}", f"Users: up to {peak}.", path, other=target)


def _throughput(at: Float64, ok: Float64, failed: Float64, end_s: float) -> OverviewChart:
    top = ROOM * (max(float(ok.max()), float(failed.max())) or 1.0)
    peak = show_number(float(ok.max()))
    path = _path(at, ok, end_s, top)
    others = _path(at, failed, end_s, top) if failed.any() else ""
    says = f"Throughput: up to {peak} successful requests per second, {show_number(float(failed.max()))} failed."
    return OverviewChart("throughput", "Throughput", f"up to {peak} ok/s", says, path, _area(path), others)


def _latency(at: Float64, p95: Float64, limits: Sequence[float], end_s: float) -> OverviewChart:
    known = p95[np.isfinite(p95)]
    peak = float(known.max()) if len(known) else 0.0
    near = [limit for limit in limits if limit <= MAX_LIMIT_TO_PEAK * peak]
    top = ROOM * (max([peak, *near]) or 1.0)
    height = HEIGHT * (1 - min(near) / top) if near else None
    text = f"up to {show_number(peak)} ms" if len(known) else "-"
    path = _path(at, p95, end_s, top)
    return OverviewChart("latency", "p95", text, f"p95 response time: {text}.", path, limit=height)


def _path(at: Float64, values: Float64, end_s: float, top: float) -> str:
    """A line with a gap where nothing is known."""
    parts, is_open = list[str](), False
    for x, y in zip(WIDTH * at / end_s, HEIGHT * (1 - values / top), strict=True):
        if np.isfinite(y):
            parts.append(f"{'L' if is_open else 'M'}{x:.1f} {y:.1f}")
        is_open = bool(np.isfinite(y))
    return "".join(parts)


def _area(path: str) -> str:
    """From the line down to the axis."""
    ends = re.findall(r"[ML]([\d.]+) ", path)
    return f"{path}L{ends[-1]} {HEIGHT}L{ends[0]} {HEIGHT}Z" if ends else ""


BARS_WIDTH, BARS_HEIGHT = 240, 32
BARS = 60


@dataclass(frozen=True, slots=True)
class ActionHistogram:
    """One histogram."""

    path: str
    """The upper edge of its bars as an SVG path within `BARS_WIDTH` × `BARS_HEIGHT`."""

    ticks: tuple[tuple[str, float, float], ...]
    """Percentiles: what each is called, its position within `BARS_WIDTH`, and its milliseconds."""


@dataclass(frozen=True, slots=True)
class ActionHistograms:
    """The histograms of some actions, and the ends of their axis."""

    low_ms: float
    high_ms: float

    rows: tuple[ActionHistogram | None, ...]
    """None for an action without a response."""


def histograms_of(actions: Sequence[ActionRow]) -> ActionHistograms | None:
    """The histograms of all actions on one axis, at most `BARS` bars each; None when none of them has a response."""
    counts = [Histogram.from_json(row.histogram).counts for row in actions]
    filled = np.flatnonzero(np.sum(counts, axis=0)) if counts else np.array([], dtype=np.int64)
    if not len(filled):
        return None
    first = int(filled[0])
    buckets = max(1, ceil((int(filled[-1]) + 1 - first) / BARS))
    end = min(len(EDGE_ARRAY) - 1, first + buckets * BARS)
    low_ms, high_ms = (float(EDGE_ARRAY[edge]) / NS_PER_MS for edge in (first, end))
    starts = range(0, end - first, buckets)
    rows = tuple(
        ActionHistogram(_bars(np.add.reduceat(each[first:end], starts)), _ticks(row, low_ms, high_ms))
        if each.any()
        else None
        for each, row in zip(counts, actions, strict=True)
    )
    return ActionHistograms(low_ms, high_ms, rows)


def _ticks(row: ActionRow, low_ms: float, high_ms: float) -> tuple[tuple[str, float, float], ...]:
    def position(ms: float) -> float:
        return BARS_WIDTH * min(1.0, max(0.0, log(ms / low_ms) / log(high_ms / low_ms)))

    known = [(name, row.response_time_ms[name]) for name in ("p50", "p95", "p99")]
    return tuple((name, round(position(ms), 1), ms) for name, ms in known if ms)


def _bars(bars: Int64) -> str:
    """Steps from the lower left corner to the lower right one; a bar that holds anything can be seen."""
    width, most = BARS_WIDTH / len(bars), int(bars.max())
    tops = [BARS_HEIGHT - (max(1.0, BARS_HEIGHT * count / most) if count else 0.0) for count in bars.tolist()]
    steps = "".join(f"V{top:.1f}h{width:.2f}" for top in tops)
    return f"M0 {BARS_HEIGHT}{steps}V{BARS_HEIGHT}Z"
