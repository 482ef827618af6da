"""The course of a run, made small enough to be drawn and read: stretches, a grid of response times, marks in time.

Everything is in seconds since the schedule's begin and in milliseconds; NaN or None where nothing is known.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Literal

import numpy as np
import numpy.typing as npt

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_common.histogram.buckets import EDGE_ARRAY
from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.text.formatting import show_counted
from gradual_master.results.measures.series import Point, SeriesTable
from gradual_master.results.summary.history import News

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
MarkKind = Literal["phase", "level", "info", "warning", "error"]

MOST_STRETCHES = 60
"""Rows of a table that is read by people."""

MOST_COLUMNS, MOST_ROWS = 240, 64
"""Cells of the grid of response times: some 3 screen pixels wide on a large screen."""

FINEST_ROW = 8
"""Buckets of a row at least: eight rows a doubling; finer ones would show the histogram's own grain."""


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """Some neighbouring points together. Rates a second, response times in ms; `errors` by failure kind."""

    begin_s: float
    end_s: float
    target: float
    users: float
    throughput_rps: float
    failed_rps: float
    errors: dict[str, int]
    p50: float | None
    p95: float | None
    p99: float | None
    cpu_max: float | None
    loop_lag_ms_max: float | None


def merged(series: SeriesTable, most: int) -> Iterator[Point]:
    """The run as at most `most` points, of equally many of its own each; histograms are merged, and stay exact."""
    each = max(1, ceil(len(series) / most))
    return (_joined(series.points[first : first + each]) for first in range(0, len(series), each))


def _joined(points: Sequence[Point]) -> Point:
    whole = copy.copy(points[0])  # `join` replaces what a point holds and changes none of it
    for point in points[1:]:
        whole.join(point)
    return whole


def stretches(series: SeriesTable, most: int = MOST_STRETCHES) -> tuple[SeriesRow, ...]:
    """The run in at most `most` rows."""
    return tuple(_stretch(point, series.failures.names) for point in merged(series, most))


def _stretch(whole: Point, names: Sequence[str]) -> SeriesRow:
    seconds = whole.end_s - whole.begin_s
    target, users, _ = whole.users.sum(axis=1) / whole.intervals
    by_kind = whole.by_kind.tolist()
    return SeriesRow(
        begin_s=whole.begin_s,
        end_s=whole.end_s,
        target=float(target),
        users=float(users),
        throughput_rps=by_kind[0] / seconds,
        failed_rps=sum(by_kind[1:]) / seconds,
        errors={names[kind]: count for kind, count in enumerate(by_kind) if kind and count},
        p50=known(whole.quantile_ms(0.5)),
        p95=known(whole.quantile_ms(0.95)),
        p99=known(whole.quantile_ms(0.99)),
        cpu_max=known(whole.cpu),
        loop_lag_ms_max=known(whole.loop_lag_ms),
    )


def known(value: float) -> float | None:
    """None for NaN."""
    return float(value) if isfinite(value) else None


@dataclass(frozen=True, slots=True, eq=False)
class HeatGrid:
    """Response times by time and length: `counts` float32 (rows, columns), NaN where there were none.

    Rows go up from `low_ms` to `high_ms`, each the same factor high; columns are equally long.
    """

    begin_s: float
    end_s: float
    low_ms: float
    high_ms: float
    counts: Float32


def heat_grid(series: SeriesTable, columns: int = MOST_COLUMNS, rows: int = MOST_ROWS) -> HeatGrid | None:
    """The histograms of the points, put together to at most `columns` × `rows` cells; None without a response."""
    counts = series.counts()
    buckets = np.flatnonzero(counts.sum(axis=0))
    if not len(buckets):
        return None
    place, begin, width = _columns(series, columns)
    low, height = _rows(int(buckets[0]), int(buckets[-1]), rows)
    high = min(counts.shape[1], low + ceil((int(buckets[-1]) + 1 - low) / height) * height)
    by_row = np.add.reduceat(counts[:, low:high], range(0, high - low, height), axis=1)
    grid = np.zeros((by_row.shape[1], int(place.max()) + 1), dtype=np.int64)
    np.add.at(grid.T, place, by_row)
    return HeatGrid(
        begin_s=begin,
        end_s=begin + width * grid.shape[1],
        low_ms=float(EDGE_ARRAY[low]) / NS_PER_MS,
        high_ms=float(EDGE_ARRAY[high]) / NS_PER_MS,
        counts=np.where(grid > 0, grid, np.nan).astype(np.float32),
    )


def _columns(series: SeriesTable, most: int) -> tuple[npt.NDArray[np.int64], float, float]:
    """The column of each point, the first column's begin, and the length of one: a whole number of points."""
    begin, grain = float(series.begin_s[0]), float((series.end_s - series.begin_s).max())
    width = grain * max(1, ceil((float(series.end_s[-1]) - begin) / grain / most))
    middle = (series.begin_s + series.end_s) / 2
    return ((middle - begin) // width).astype(np.int64), begin, width


def _rows(first: int, last: int, most: int) -> tuple[int, int]:
    """The lowest bucket of the lowest row, and how many buckets make one."""
    height = max(FINEST_ROW, ceil((last + 1 - first) / (most - 1)))
    return first // height * height, height


@dataclass(frozen=True, slots=True)
class TimeMark:
    """Something at an instant of the run, or (a phase, a level) a stretch of it that begins there."""

    at_s: float
    end_s: float
    kind: MarkKind
    text: str
    warm_up: bool = False


def scheduled_users(schedule: Schedule) -> list[tuple[float, float]]:
    """(seconds, users) of every change of the schedule, its end among them."""
    changes = [(change.at / NS_PER_S, float(change.target)) for change in schedule.changes]
    return [*changes, (schedule.end / NS_PER_S, 0.0)] if schedule.end is not None else changes


def marks_of(schedule: Schedule, news: Iterable[News], until_s: float) -> tuple[TimeMark, ...]:
    """Phases, levels and news, cut off where the run ended; in this order."""
    return (*_scheduled(schedule, until_s), *(_mark_of(entry, until_s) for entry in news))


def _mark_of(news: News, until_s: float) -> TimeMark:
    at_s = min(news.at_s, until_s)
    return TimeMark(at_s, at_s, news.level, news.text)


def _scheduled(schedule: Schedule, until_s: float) -> Iterator[TimeMark]:
    for phase in schedule.phases:
        if (start_s := phase.start / NS_PER_S) < until_s:
            yield TimeMark(start_s, min(phase.end / NS_PER_S, until_s), "phase", phase.name, phase.warm_up)
    for level in schedule.levels:
        if (start_s := level.start / NS_PER_S) < until_s:
            yield TimeMark(start_s, min(level.end / NS_PER_S, until_s), "level", show_counted(level.target, "user"))
