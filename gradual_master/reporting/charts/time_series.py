"""The run over time, made small enough to be drawn and read: neighbouring points as one, and the table of these.

Everything is in seconds since the schedule's start and in milliseconds; NaN or None where nothing is known.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import ceil, isfinite

from gradual_common.clock import NS_PER_S
from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.tables import Column, Table, column, show_finely
from gradual_master.reporting.text.formatting import show_instant, show_number, show_percent
from gradual_master.results.measures.series import Point, SeriesTable

MAX_TABLE_ROWS = 60
"""Rows of the table over time, which is read by people."""


def merged(series: SeriesTable, most: int) -> Iterator[Point]:
    """The run as at most `most` points, of equally many of its own each; histograms are merged, and stay exact."""
    each = max(1, ceil(len(series) / most))
    return (_joined(series.points[first : first + each]) for first in range(0, len(series), each))


def _joined(points: Sequence[Point]) -> Point:
    whole = copy.copy(points[0])  # `join` replaces what a point holds and changes none of it
    for point in points[1:]:
        whole.join(point)
    return whole


def _ok_rate(point: Point) -> float:
    return float(point.by_kind[0] / (point.end_s - point.begin_s))


def _failed_rate(point: Point) -> float:
    return float(point.by_kind[1:].sum() / (point.end_s - point.begin_s))


def _quantile(q: float) -> Callable[[Point], float | None]:
    return lambda point: known(point.quantile_ms(q))


def known(value: float) -> float | None:
    """None for NaN."""
    return float(value) if isfinite(value) else None


OVER_TIME = Table(
    partial(merged, most=MAX_TABLE_ROWS),
    (
        column("begin_s", "From", show_instant),
        column("end_s"),
        Column("target_users", "Target", lambda point: float(point.users[0].sum() / point.intervals), show_number),
        Column("active_users", "Users", lambda point: float(point.users[1].sum() / point.intervals), show_number),
        Column("throughput_rps", "ok/s", _ok_rate, show_number),
        Column("failed_rps", "Failed/s", _failed_rate, show_number),
        Column("p50_ms", "p50", _quantile(0.5), show_number),
        Column("p95_ms", "p95", _quantile(0.95), show_number),
        Column("p99_ms", "p99", _quantile(0.99), show_number),
        Column("cpu_max_ratio", "Worst CPU", lambda point: known(point.cpu), show_percent),
        Column("loop_lag_max_ms", "Worst loop lag", lambda point: known(point.loop_lag_ms), show_finely),
    ),
)
"""Neighbouring points as rows; rates per second, times in ms."""


def failures_of(point: Point, names: Sequence[str]) -> dict[str, int]:
    """Failures by kind; `names` of the kinds."""
    return {name: count for name, count in zip(names[1:], point.by_kind[1:].tolist(), strict=True) if count}


def scheduled_users(schedule: Schedule) -> list[tuple[float, float]]:
    """(seconds, users) of every change of the schedule, its end among them."""
    changes = [(change.at / NS_PER_S, float(change.target)) for change in schedule.changes]
    return [*changes, (schedule.end / NS_PER_S, 0.0)] if schedule.end is not None else changes
