"""The system's own metrics (`watch.db_cpu < 80%`): their values, one per interval, without gaps.

They come a moment after an interval was closed, so a view looks at all that are there, and remembers nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradual_common.histogram.buckets import Int64
from gradual_common.schedule.schedule import Level
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.observing import NOTHING, Observation, worse_of
from gradual_master.results.judging.objectives.views import ClosedInterval, RunSoFar, ViewTerms
from gradual_master.results.judging.objectives.wanted_levels import WantedLevels
from gradual_master.results.judging.objectives.windows import between, intervals_of
from gradual_master.watching.courses import Floats, WatchCourse


class SystemView:
    """A watch over the run, every window of a length, or levels."""

    def __init__(self, objective: Objective, terms: ViewTerms, course: WatchCourse) -> None:
        self._rule = objective.rule
        self._course = course
        self._wanted = WantedLevels(objective, terms)

    def take(self, interval: ClosedInterval) -> None:
        """The course has it."""

    def see(self, run: RunSoFar) -> Observation:
        """What the rule asks of the values that are there."""
        if self._rule.window == "for":
            return self._worst(self._windows())
        if self._rule.window == "levels":
            return self._worst(self._of_levels([level], run) for level in self._wanted.complete(run))
        if self._rule.at is not None:
            return self._of_levels(self._wanted.complete(run), run)
        parts = [self._values(level.start, level.end) for level in self._wanted.levels]
        return self._over(np.concatenate(parts or [NONE]))

    def _of_levels(self, levels: list[Level], run: RunSoFar) -> Observation:
        parts = [self._values(level.start + steady_offset(run, level.number), level.end) for level in levels]
        targets = sorted({level.target for level in levels})
        where = f" at {' to '.join(f'{target:g}' for target in dict.fromkeys((*targets[:1], *targets[-1:])))} users"
        return self._over(np.concatenate(parts or [NONE]), where)

    def _windows(self) -> Iterator[Observation]:
        interval, length = self._course.interval, intervals_of(self._rule.window_ns, self._course.interval)
        values = self._course.values
        measured = np.zeros(len(values), dtype=bool)
        # A window may run over the edge of two levels, which need not be the edge of an interval.
        for start, end in self._wanted.stretches:
            measured[-(-start // interval) : end // interval] = True
        values = np.where(measured, values, np.nan)
        gaps = np.concatenate(([0], np.cumsum(np.isnan(values))))
        # A window with a gap is not known.
        known = np.flatnonzero(gaps[length:] == gaps[:-length])
        for first in self._worst_of(known, values, length).tolist():
            yield self._over(values[first : first + length], between(first * interval, (first + length) * interval))

    def _worst_of(self, known: Int64, values: Floats, length: int) -> Int64:
        """The windows that can be the worst; of a quantile all of them, else the one, found in all at once."""
        rule = self._rule
        if rule.of == "quantile" or not len(known):
            return known
        windows = np.lib.stride_tricks.sliding_window_view(values, length)
        reduce = {"min": np.min, "max": np.max}.get(rule.of, np.mean)
        seen = reduce(windows, axis=1)[known]
        badness = abs(seen - rule.limit) if rule.op == "==" else seen if rule.op.startswith("<") else -seen
        return known[[int(np.argmax(badness))]]

    def _values(self, start: int, end: int) -> Floats:
        return self._course.between(start, end)

    def _over(self, values: Floats, where: str = "") -> Observation:
        return Observation(statistic_of_watch(self._rule.of, self._rule.quantile, values), len(values), where)

    def _worst(self, seen: Iterator[Observation]) -> Observation:
        worst = NOTHING
        for one in seen:
            worst = worse_of(self._rule, worst, one)
        return worst


NONE: Floats = np.empty(0)


def steady_offset(run: RunSoFar, level: int) -> int:
    """How long after its start a level is steady, ns; 0 if it is not."""
    steady = run.levels.steady_part(level)
    return round((steady.from_s or 0) * 1_000_000_000) if steady is not None else 0


def statistic_of_watch(of: str, quantile: float | None, values: Floats) -> float | None:
    """The mean (by default), smallest, greatest value or a quantile; None without values."""
    if not len(values):
        return None
    match of:
        case "min":
            return float(values.min())
        case "max":
            return float(values.max())
        case "quantile":
            return float(np.quantile(values, quantile or 0, method="inverted_cdf"))
    return float(values.mean())
