"""The base class of the ramp strategies; a traced ramp (time since the phase began → target), and how to trace one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from gradual_common.language.document import Path
from gradual_common.language.model import Model
from gradual_common.language.plan_view import read_count

MAX_RAMP_STEPS = 1_000_000
"""A ramp of more intervals is a mistake in a unit, and would only fill memory."""

Step = tuple[int, int]
"""(at, target): from `at` ns since the phase began."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The first step is at 0, and every other changes the target."""

    steps: tuple[Step, ...]

    goal: int
    """The users that the ramp is written to reach, whether or not the phase leaves it the time."""

    ramping: int = 0
    """Length in ns of the linear stretch at its start; 0 for a ramp in levels."""

    climb: tuple[int, ...] = ()
    """Of a search: the levels that it may climb to. Its steps are then the first level alone."""

    @property
    def last(self) -> int:
        """The target at the end."""
        return self.steps[-1][1]

    @property
    def peak(self) -> int:
        """The most users that the ramp has or is written to reach."""
        return max(self.goal, *(target for _, target in self.steps))

    @property
    def reached_at(self) -> int | None:
        """When the goal is reached for the first time, if it is."""
        return next((at for at, target in self.steps if target == self.goal), None)


def draw_curve(steps: Iterable[Step], duration: int | None, goal: int, ramping: int = 0) -> Curve:
    """The curve, without steps after the end of the phase and without steps that do not change the target."""
    kept: list[Step] = []
    for at, target in steps:
        if duration is not None and at >= duration:
            break
        if not kept or target != kept[-1][1]:
            kept.append((at, target))
    return Curve(tuple(kept), goal, ramping)


def climb(targets: Iterable[int], interval: int, duration: int | None, highest: int) -> Curve:
    """One target per interval, until the phase ends or a target reaches `highest`."""

    def climbing() -> Iterator[Step]:
        for k, target in enumerate(targets):
            if duration is not None and k * interval >= duration:
                return
            if k >= MAX_RAMP_STEPS:
                steps = f"{MAX_RAMP_STEPS:,} intervals of {interval} ns"
                raise ValueError(f"the ramp has more than {steps}; give a longer interval")
            yield k * interval, min(highest, target)
            if target >= highest:
                return

    return draw_curve(climbing(), duration, highest)


def needed(duration: int | None, what: str) -> int:
    """The duration of the phase; ValueError where it has none."""
    if duration is None:
        raise ValueError(f"{what} needs a `duration`")
    return duration


def round_half_up(numerator: int, denominator: int) -> int:
    """⌊x + ½⌋ of a fraction of either sign."""
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True, slots=True)
class Scale:
    """Scales numbers of users from a total of `before` to a total of `users` (option `-u`)."""

    users: int
    before: int

    def of(self, count: int) -> int:
        """count·users/before, halves up."""
        return (2 * count * self.users + self.before) // (2 * self.before) if self.before else count

    def apply(self, written: dict[str, Any], key: str, least: int = 0) -> None:
        """Scale the number of users under `key`, if there is one; a number above 0 becomes at least `least`."""
        count = read_count(written.get(key))
        if count is not None:
            written[key] = max(least if count else 0, self.of(count))


class Ramp(Model, ABC):
    """How the number of users changes over a phase."""

    HEIGHTS: ClassVar[dict[str, int]] = {"max_concurrency": 1}
    """The keys that say how far the ramp rises; for each the smallest result of scaling a number above 0."""

    strategy: str

    @classmethod
    def alone(cls) -> Ramp:
        """The ramp for a plan that writes the strategy's name only; ValueError if the strategy needs more."""
        raise ValueError("this strategy needs more than its name: write a mapping with its keys")

    @classmethod
    def scale(cls, written: dict[str, Any], scale: Scale) -> None:
        """Scale the numbers of users in the ramp as written; increments and multipliers stay as they are."""
        for key, least in cls.HEIGHTS.items():
            scale.apply(written, key, least)

    def heights(self) -> list[tuple[Path, int]]:
        """The numbers of users that the ramp rises to, each with its path in the ramp."""
        return [((key,), count) for key in self.HEIGHTS if (count := getattr(self, key)) is not None]

    @abstractmethod
    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        """The curve for a phase of `users` that lasts `duration` ns, after a phase that ended with `before` users.

        ValueError for more than MAX_RAMP_STEPS intervals, and where a duration is needed and there is none.
        """
