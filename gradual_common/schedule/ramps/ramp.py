"""What every ramp strategy has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from gradual_common.language.document import Path
from gradual_common.language.model import Model
from gradual_common.language.plan_view import read_count
from gradual_common.schedule.ramps.curve import Curve


@dataclass(frozen=True, slots=True)
class Scale:
    """From `before` users to `users`."""

    users: int
    before: int

    def of(self, count: int) -> int:
        """count·users/before, halves up."""
        return (2 * count * self.users + self.before) // (2 * self.before) if self.before else count

    def apply(self, written: dict[str, Any], key: str, least: int = 0) -> None:
        """Scale the number of users under a key, where there is one; one above 0 becomes `least` at least."""
        count = read_count(written.get(key))
        if count is not None:
            written[key] = max(least if count else 0, self.of(count))


class Ramp(Model):
    """How the number of users changes over a phase."""

    HEIGHTS: ClassVar[dict[str, int]] = {"max_concurrency": 1}
    """The keys that say how far the ramp rises, and the least that scaling makes of a number above 0."""

    strategy: str

    @classmethod
    def alone(cls) -> Ramp:
        """The ramp that the strategy's name stands for where nothing else is written; ValueError if none."""
        raise NotImplementedError

    @classmethod
    def scale(cls, written: dict[str, Any], scale: Scale) -> None:
        """Change the users that a ramp names, as it is written; how fast it rises stays."""
        for key, least in cls.HEIGHTS.items():
            scale.apply(written, key, least)

    def heights(self) -> list[tuple[Path, int]]:
        """The numbers of users that the ramp rises to, each with its place in the ramp."""
        return [((key,), count) for key in self.HEIGHTS if (count := getattr(self, key)) is not None]

    def trace(self, users: int, duration: int | None, before: int) -> Curve:
        """The curve for a phase of `users` that lasts `duration` ns and begins behind one that ended at `before`.

        ValueError for more than MOST_STEPS intervals, and where a duration is needed and there is none.
        """
        raise NotImplementedError
