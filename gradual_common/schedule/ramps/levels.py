"""A ramp of levels that the plan lists, up or down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from gradual_common.language.document import Path, list_at, mapping_at
from gradual_common.language.model import BareDuration, Count, Model
from gradual_common.schedule.ramps.ramp import Curve, Ramp, Scale, Step, draw_curve


class RampLevel(Model):
    """A stretch of constant concurrency; the last one lasts until the end of the phase, with or without `for`."""

    concurrency: Count
    """Users of the level."""

    for_: BareDuration | None = Field(default=None, alias="for")
    """Its length; a bare number is seconds."""


class LevelsRamp(Ramp):
    """Levels from a list, up or down."""

    strategy: Literal["levels"]
    """Levels from a list, up or down."""

    levels: Annotated[tuple[RampLevel, ...], Field(min_length=1)]
    """The levels in their order; the last one lasts until the end of the phase."""

    @field_validator("levels")
    @classmethod
    def _check_lengths(cls, levels: tuple[RampLevel, ...]) -> tuple[RampLevel, ...]:
        for number, level in enumerate(levels[:-1], start=1):
            if level.for_ is None:
                raise ValueError(f"level {number} of {len(levels)} needs `for`: only the last may hold to the end")
        return levels

    @classmethod
    def alone(cls) -> Ramp:
        raise ValueError("levels needs a list: {strategy: levels, levels: [{concurrency: 50, for: 1m}, …]}")

    @classmethod
    def scale(cls, written: dict[str, Any], scale: Scale) -> None:
        for level in list_at(written, "levels"):
            scale.apply(mapping_at(level), "concurrency")

    def heights(self) -> list[tuple[Path, int]]:
        return [(("levels", number, "concurrency"), level.concurrency) for number, level in enumerate(self.levels)]

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        return draw_curve(self._steps(), duration, max(level.concurrency for level in self.levels))

    def _steps(self) -> Iterator[Step]:
        at = 0
        for level in self.levels:
            yield at, level.concurrency
            if level.for_ is None:
                return
            at += level.for_
