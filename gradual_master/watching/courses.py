"""The values of a watch, one per interval. An interval without a value is a gap: NaN, never 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gradual_common.clock import NS_PER_S
from gradual_common.plan.model.watches import WatchedMetric

ROOM = 1024
"""Intervals that a course has room for at first."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WatchFailure:
    """Since when a watch has no values, and why."""

    since_s: float
    """Seconds since the schedule's start."""
    reason: str


@dataclass(frozen=True, slots=True)
class WatchState:
    """What a watch says now."""

    name: str
    unit: str
    value: float | None
    """The newest one; None: there is none yet, or the watch has failed."""
    failed_since_s: float | None
    """Seconds since the schedule's start."""


class WatchCourse:
    """What one watch has said; interval lengths in ns."""

    def __init__(self, name: str, watch: WatchedMetric, interval: int) -> None:
        self.name = name
        self.unit = watch.unit
        self.interval = interval
        self.failure: WatchFailure | None = None
        """While it has no values."""
        self.failures: list[WatchFailure] = []
        """All of them, in order."""
        self._is_rate = watch.rate
        self._scale = watch.scale
        self._values: Floats = np.full(ROOM, np.nan)
        """By interval; longer than there are intervals, so that it seldom grows."""
        self._newest = -1
        """The last interval that has a value."""
        self._former: tuple[int, float] | None = None
        """When a counter was read, ns, and its value."""
        self._end = 0

    def take(self, values: Mapping[int, float], until: int) -> bool:
        """Values by interval, of an answer about all intervals before `until`; whether it has recovered by them."""
        for number, value in values.items():
            if number >= 0:
                self._make_room(number)
                self._values[number] = value
                self._newest = max(self._newest, number)
        self._end = max(self._end, until)
        self._make_room(self._end)
        recovered = bool(values) and self.failure is not None
        self.failure = None if values else self.failure
        return recovered

    def read(self, number: int, at: int, value: float) -> bool:
        """What an exporter's page said at the instant `at`, ns; whether the watch has recovered by it."""
        former, self._former = self._former, (at, value)
        if self._is_rate:
            # A counter that is smaller than before was reset: by how much it grew is not known.
            if former is None or value < former[1] or at <= former[0]:
                return self.take({}, number + 1)
            value = (value - former[1]) / ((at - former[0]) / NS_PER_S)
        return self.take({number: self._scale * value}, number + 1)

    def fail(self, number: int, reason: str) -> bool:
        """There is no value for an interval; whether that is news."""
        self._end = max(self._end, number + 1)
        self._make_room(self._end)
        self._former = None  # A rate over the failure would be a value of intervals that have none.
        is_news = self.failure is None or self.failure.reason != reason
        if self.failure is None:
            self.failure = WatchFailure(number * self.interval / NS_PER_S, reason)
            self.failures.append(self.failure)
        elif is_news:
            self.failure = WatchFailure(self.failure.since_s, reason)
            self.failures[-1] = self.failure
        return is_news

    @property
    def values(self) -> Floats:
        """float64, one per interval so far, NaN where there is none."""
        return self._values[: self._end].copy()

    def _make_room(self, number: int) -> None:
        if number >= len(self._values):
            more = max(number + 1 - len(self._values), len(self._values))
            self._values = np.concatenate((self._values, np.full(more, np.nan)))

    @property
    def latest(self) -> float | None:
        """The newest value, unless the watch has failed since."""
        return float(self._values[self._newest]) if self._newest >= 0 and self.failure is None else None

    @property
    def state(self) -> WatchState:
        """What it says now."""
        return WatchState(self.name, self.unit, self.latest, None if self.failure is None else self.failure.since_s)

    def between(self, start: int, end: int) -> Floats:
        """The values of a stretch, ns since the schedule's start, without gaps.

        A value is of the end of its interval: it belongs to the stretch after whose start, and not after whose end, it
        lies. So of stretches that follow one another each value belongs to exactly one.
        """
        values = self._values[start // self.interval : max(0, min(end // self.interval, self._end))]
        return values[~np.isnan(values)]


def courses_of(watches: Mapping[str, WatchedMetric], interval: int) -> dict[str, WatchCourse]:
    """A course for each watch of a plan."""
    return {name: WatchCourse(name, watch, interval) for name, watch in watches.items()}


def mean_of(values: Iterable[float]) -> float | None:
    """The mean, None without values."""
    found = list(values)
    return float(np.mean(found)) if found else None
