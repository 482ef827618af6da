"""Waits that are equally likely within a range."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import model_validator

from gradual_common.think_times.think_time import ThinkTime, Time, WaitAt
from gradual_common.units import format_duration, read_wait

_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*(?:-|–|to)\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*")


class UniformTime(ThinkTime):
    """`low` … `high`; written `"2-5s"` for short."""

    distribution: Literal["uniform"]
    """Equally likely within a range."""

    low: Time
    """The shortest wait."""

    high: Time
    """The longest wait."""

    @classmethod
    def read_short(cls, value: str | float) -> dict[str, Any] | None:
        """`2-5s`: the unit of the second holds for the first where that has none."""
        if not isinstance(value, str) or (match := _RANGE.fullmatch(value)) is None:
            return None
        low, low_unit, high, high_unit = match.groups()
        try:
            ends = {"low": read_wait(low + (low_unit or high_unit)), "high": read_wait(high + high_unit)}
        except ValueError:
            return None
        if low_unit and not high_unit:
            raise ValueError(f'{value!r} gives no unit to {high}; write "{low}{low_unit}-{high}{low_unit}"')
        return {"distribution": "uniform", **ends}

    @model_validator(mode="after")
    def _check_range(self) -> UniformTime:
        if self.low > self.high:
            low, high = format_duration(self.low), format_duration(self.high)
            raise ValueError(f"the range begins at {low} and ends before it, at {high}")
        return self

    @property
    def fixed(self) -> int | None:
        return self.compile()(0) if self.low == self.high else None

    def wait_at(self) -> WaitAt:
        low, span = self.low, self.high - self.low
        return lambda u: low + round(span * u)
