"""A value is counted once, in the frame in which it was recorded, with what was missing and out of range."""

from array import array
from typing import Any

import pytest

from gradual_agent.recording.metric_record import MetricRecords
from gradual_common.plan.model.series import MetricSeries
from gradual_common.protocol.batch import MISSING, OUT_OF_RANGE, RECORDED


class Frame:
    boundary = 100
    begun = 0

    def __init__(self) -> None:
        self.rolled: list[int] = []

    def roll(self, now: int) -> None:
        self.rolled.append(now)


def records(frame: Frame, now: int = 0) -> MetricRecords:
    return MetricRecords(frame, [MetricSeries(7, "basket", "histogram", "EUR", 0.01)], lambda: now)


def test_values_are_steps_and_others_are_counted() -> None:
    made = records(Frame())
    given: list[tuple[Any, bool]] = [(19.99, True), ("5", True), (None, False), ("x", False), (-1, True), (0, True)]
    assert [made.record("basket", value) for value, _ in given] == [is_number for _, is_number in given]
    assert made.take() == [
        (7, RECORDED, 3, array("q", [1_999_000, 500_000, 0])),
        (7, MISSING, 2, array("q")),
        (7, OUT_OF_RANGE, 1, array("q")),
    ]
    assert made.take() == []


def test_a_frame_that_has_ended_is_closed_first() -> None:
    frame = Frame()
    records(frame, now=99).record("basket", 1)
    records(frame, now=100).record("basket", 1)
    assert frame.rolled == [100]


def test_a_metric_that_the_plan_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError):
        records(Frame()).record("other", 1)
