"""The records of custom metrics: values as integers, and how many were missing or out of range.

A value belongs to the frame in which it was recorded.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from typing import Any

from gradual_agent.recording.frames import OpenFrame
from gradual_common.kinds.values.metrics import NS_PER_STEP, as_number, steps_of
from gradual_common.plan.model.series import MetricSeries
from gradual_common.protocol.batch import MISSING, OUT_OF_RANGE, RECORDED


class MetricRecord:
    """What was recorded of one metric in the open frame."""

    def __init__(self, frame: OpenFrame, series: MetricSeries) -> None:
        self._frame = frame
        self._resolution = series.resolution
        self.number = series.number
        self._clear()

    def _clear(self) -> None:
        self._values = array("q")
        self._missing = self._out_of_range = 0

    def record(self, value: Any, now: int) -> bool:
        """Record a value; whether it is a number."""
        if now >= self._frame.boundary:
            self._frame.roll(now)
        number = as_number(value)
        if number is None:
            self._missing += 1
            return False
        steps = steps_of(number, self._resolution)
        if steps < 0:
            self._out_of_range += 1
        else:
            self._values.append(steps * NS_PER_STEP)
        return True

    def take(self) -> list[tuple[int, int, array[int]]]:
        """(outcome, how many, values) since the last call."""
        nothing = array("q")
        taken = [
            (RECORDED, len(self._values), self._values),
            (MISSING, self._missing, nothing),
            (OUT_OF_RANGE, self._out_of_range, nothing),
        ]
        self._clear()
        return [row for row in taken if row[1]]


class MetricRecords:
    """The metrics of a plan."""

    def __init__(self, frame: OpenFrame, metrics: Iterable[MetricSeries], clock: Callable[[], int]) -> None:
        self._by_name = {series.name: MetricRecord(frame, series) for series in metrics}
        self._clock = clock

    def record(self, name: str, value: Any) -> bool:
        """Record a value of a metric of the plan now; whether it is a number. None is a missing value.

        KeyError for a metric that the plan does not have.
        """
        return self._by_name[name].record(value, self._clock())

    def take(self) -> list[tuple[int, int, int, array[int]]]:
        """(series number, outcome, how many, values) since the last call."""
        return [(record.number, *row) for record in self._by_name.values() for row in record.take()]
