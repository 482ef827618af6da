"""The base class of the ramp strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gradual_common.language.document import Path
from gradual_common.language.model import Model
from gradual_common.language.plan_view import read_count
from gradual_common.schedule.ramps.curve import Curve


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


class Ramp(Model):
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

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        """The curve for a phase of `users` that lasts `duration` ns, after a phase that ended with `before` users.

        ValueError for more than MAX_RAMP_STEPS intervals, and where a duration is needed and there is none.
        """
        raise NotImplementedError
