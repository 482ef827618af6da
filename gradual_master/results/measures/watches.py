"""What the watches of a run have said: a row for each, and the means of levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_common.units import count
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.section import Section
from gradual_master.watching.courses import Floats, WatchCourse, mean_of


@dataclass(frozen=True, slots=True)
class WatchRow(Section):
    """One watch over the whole run, in its unit; None without values."""

    name: str
    unit: str
    count: int
    """Intervals with a value."""
    gaps: int
    """Intervals without one."""
    mean: float | None
    min: float | None
    p95: float | None
    max: float | None
    failed_since_s: float | None
    """Since when it has no values, seconds since the schedule's start; None: it had them to the end."""
    reason: str | None
    """Why it has none since then, or had none at first or in between; None if it never failed."""


@dataclass(frozen=True, slots=True)
class WatchSeries:
    """The values of one watch over time, for charts and files."""

    name: str
    unit: str
    interval: int
    """ns."""
    values: Floats
    """float64, one per interval, NaN in gaps; each is of the end of its interval."""


def watch_rows(courses: Mapping[str, WatchCourse], intervals: int) -> tuple[WatchRow, ...]:
    """A row for each watch; `intervals`: how many there were until the end of the run."""
    return tuple(_row(course, intervals) for course in courses.values())


def _row(course: WatchCourse, intervals: int) -> WatchRow:
    values = course.values[:intervals]
    values = values[~np.isnan(values)]
    last = course.failures[-1] if course.failures else None
    return WatchRow(
        name=course.name,
        unit=course.unit,
        count=len(values),
        gaps=max(0, intervals - len(values)),
        mean=_rounded(mean_of(values)),
        min=_rounded(values.min() if len(values) else None),
        p95=_rounded(np.quantile(values, 0.95, method="inverted_cdf") if len(values) else None),
        max=_rounded(values.max() if len(values) else None),
        failed_since_s=None if course.failure is None else round(course.failure.since_s, 3),
        reason=None if last is None else last.reason,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def with_watches(levels: Sequence[LevelRow], courses: Mapping[str, WatchCourse]) -> tuple[LevelRow, ...]:
    """The levels with the mean of each watch over their steady parts, or over all of them where none is steady."""
    if not courses:
        return tuple(levels)
    return tuple(replace(row, watch={name: _mean(row, course) for name, course in courses.items()}) for row in levels)


def _mean(row: LevelRow, course: WatchCourse) -> float | None:
    begin = row.start_s if row.steady_from_s is None else row.steady_from_s
    return _rounded(mean_of(course.between(round(begin * NS_PER_S), round(row.end_s * NS_PER_S))))


def series_of(courses: Mapping[str, WatchCourse]) -> tuple[WatchSeries, ...]:
    """The courses as they are at the end."""
    return tuple(WatchSeries(one.name, one.unit, one.interval, one.values) for one in courses.values())


def watch_warnings(rows: Sequence[WatchRow]) -> Iterator[str]:
    """A sentence for every watch that failed."""
    for row in rows:
        if row.failed_since_s is not None:
            yield f"watch {row.name} has no values since {row.failed_since_s:g} s: {row.reason}"
        elif row.reason is not None:
            yield f"watch {row.name} had no values for {count(row.gaps, 'interval')}: {row.reason}"


def in_unit(value: float, unit: str) -> str:
    """A value in words: `97 %`, `1,240 /s`, `3`."""
    return f"{value:,.4g} {unit}".rstrip() if abs(value) < TOO_LONG else f"{value:,.0f} {unit}".rstrip()


TOO_LONG = 10_000
"""From here on four digits would be an exponent."""
