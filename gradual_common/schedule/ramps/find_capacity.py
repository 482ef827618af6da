"""A ramp whose levels are chosen during the run: the search for the most users with which all objectives are met."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from gradual_common.language.model import BareDuration, Name, PositiveCount, Share
from gradual_common.schedule.ramps.multiplicative import Multiplier
from gradual_common.schedule.ramps.ramp import Curve, Ramp, needed
from gradual_common.units import NS

DEFAULT_MULTIPLIER = 2.0
MIN_TRIAL = 50 * NS["s"]
"""No level is called steady before (`steady_state.MIN_SECONDS`), so no trial that holds is shorter."""
MAX_CLIMB = 1_000
"""A climb of more levels would take days."""


class FindCapacityRamp(Ramp):
    """Climbs from initial while all objectives are met, then narrows down on the most users that meet them."""

    HEIGHTS: ClassVar[dict[str, int]] = {"max_concurrency": 1, "initial": 1}

    strategy: Literal["find_capacity"]
    """Levels are chosen during the run: climb, narrow down, confirm, and see whether the system recovers."""

    initial: PositiveCount = 1
    """Users of the first level, and of the low level between two trials; default: 1."""

    max_concurrency: PositiveCount | None = None
    """No level has more users; default: the sum of all groups' concurrency."""

    climb: Literal["multiplicative", "additive"] | None = None
    """How the levels rise until one does not hold; default: multiplicative, with `increment` additive."""

    multiplier: Multiplier | None = None
    """The factor from a level that holds to the next one; default: 2."""

    increment: PositiveCount | None = None
    """How many users are added to a level that holds."""

    hold: BareDuration = 30 * NS["s"]
    """The least steady time by which a level is judged; it may take three times as long; default: 30s."""

    precision: Annotated[Share, Field(lt=1)] = 0.05
    """How far the result may be from the capacity, as a share of it; at least one user; default: 5%."""

    settle: BareDuration = 10 * NS["s"]
    """How long the load stays at initial after a level that did not hold; default: 10s."""

    objectives: tuple[Name, ...] = ()
    """Rules that decide whether a level holds; default: the plan's thresholds."""

    @classmethod
    def alone(cls) -> Ramp:
        return cls(strategy="find_capacity")

    @model_validator(mode="after")
    def _check_climb(self) -> FindCapacityRamp:
        if self.multiplier is not None and self.increment is not None:
            raise ValueError("multiplier and increment are two ways to climb; keep one of them")
        if self.climb == "additive" and self.increment is None:
            raise ValueError("climb: additive needs an `increment`, the users that are added to a level that holds")
        if self.climb == "multiplicative" and self.increment is not None:
            raise ValueError("climb: multiplicative takes a `multiplier`; with an `increment` write climb: additive")
        if self.climb == "additive" and self.multiplier is not None:
            raise ValueError("climb: additive takes an `increment`; with a `multiplier` write climb: multiplicative")
        return self

    @property
    def factor(self) -> float | None:
        """The multiplier, or its default; None for a climb that adds."""
        return None if self.increment is not None else self.multiplier or DEFAULT_MULTIPLIER

    @property
    def shortest(self) -> int:
        """The least time in which a capacity can be found and confirmed: a trial, settling, and another trial, ns."""
        return 2 * max(MIN_TRIAL, self.hold) + self.settle

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        needed(duration, "`find_capacity`, the longest time that the search may take,")
        highest = users if self.max_concurrency is None else self.max_concurrency
        if self.initial > highest:
            raise ValueError(f"the search begins with {self.initial} users, above its greatest level of {highest}")
        return Curve(((0, self.initial),), highest, climb=tuple(self._climb(highest)))

    def _climb(self, highest: int) -> Iterator[int]:
        level = self.initial
        for _ in range(MAX_CLIMB):
            yield level
            if level == highest:
                return
            level = level_above(level, highest, self.factor, self.increment)
        raise ValueError(f"the climb to {highest} users has more than {MAX_CLIMB:,} levels; take larger steps")


def level_above(users: int, highest: int, multiplier: float | None, increment: int | None) -> int:
    """The next level of a climb from a level that holds; by the multiplier or the increment, whichever there is."""
    if increment is not None:
        return min(highest, users + increment)
    grown = users * (multiplier or 1.0)
    if grown >= highest:  # It may be infinite.
        return highest
    # Rounded first: 10 · 1.1 is 11.000000000000002 as a float.
    return max(users + 1, ceil(round(grown, 9)))
