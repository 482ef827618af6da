"""Always the same wait."""

from __future__ import annotations

from typing import Any, Literal

from gradual_common.think_times.think_time import ThinkTime, Time, WaitAt
from gradual_common.units import read_wait


class ConstantTime(ThinkTime):
    """Always `mean`; written `"3s"` or `3` for short."""

    distribution: Literal["constant"]
    """Always the same wait."""

    mean: Time
    """The wait."""

    @classmethod
    def read_short(cls, value: str | float) -> dict[str, Any] | None:
        try:
            return {"distribution": "constant", "mean": read_wait(value)}
        except ValueError:
            return None

    @property
    def fixed(self) -> int:
        return self.compile()(0)

    def wait_at(self) -> WaitAt:
        return lambda _: self.mean
