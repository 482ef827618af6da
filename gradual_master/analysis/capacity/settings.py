"""The settings of a search: the fields of `ramp_up: {strategy: find_capacity, …}`, durations in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from gradual_common.schedule.ramps.find_capacity import level_above
from gradual_master.analysis.capacity.blocks import MIN_BATCHES
from gradual_master.errors import OptionError

LONGEST_HOLDS = 3.0
"""A trial that is still open is decided by its point estimate after so many holds of steady data."""
WAITING_S = 60.0
"""How long, beyond that, a trial waits for a level to become steady; or one hold, if that is longer. MSER-5 judges no
level of less than 50 s."""


def hold_for(interval_s: float) -> float:
    """The least `hold` with which levels can be judged by pieces of this length, s: `longest_interval_s` solved."""
    trial_s = 2 * MIN_BATCHES * interval_s
    return max(0.0, min((trial_s - WAITING_S) / LONGEST_HOLDS, trial_s / (LONGEST_HOLDS + 1)))


@dataclass(frozen=True, slots=True)
class CapacitySettings:
    """How to search; OptionError for values that are out of range."""

    initial: int
    """Users of the first level, and of the low level between trials. It is not 0, which would drop connections and
    caches, and because the system is known to meet the objectives there."""

    max_concurrency: int

    multiplier: float | None = None
    """Above 1: a level that passed is multiplied by it. This or `increment`."""
    increment: int | None = None
    """Users that are added to a level that passed."""

    hold_s: float = 30.0
    """The least steady time of a trial, but of a plain failure."""
    precision: float = 0.05
    """How far the result may be from the capacity, a share of it; at least 1 user."""
    settle_s: float = 10.0
    """How long the load stays low after a failure, and before a confirmation."""

    def __post_init__(self) -> None:
        checks = (
            (self.initial >= 1, f"initial: {self.initial} users; at least 1"),
            (self.max_concurrency >= self.initial, f"max_concurrency: {self.max_concurrency}; at least `initial`"),
            (
                (self.multiplier is None) != (self.increment is None),
                "climb: give `multiplier` or `increment`, not both",
            ),
            (self.multiplier is None or self.multiplier > 1, f"multiplier: {self.multiplier}; above 1"),
            (self.increment is None or self.increment >= 1, f"increment: {self.increment}; at least 1"),
            (self.hold_s > 0, f"hold: {self.hold_s:g} s; above 0 s"),
            (0 < self.precision < 1, f"precision: {100 * self.precision:g}%; above 0% and below 100%"),
            (self.settle_s >= 0, f"settle: {self.settle_s:g} s; at least 0 s"),
        )
        for is_met, message in checks:
            if not is_met:
                raise OptionError(f"find_capacity: {message}")

    @property
    def longest_s(self) -> float:
        """The longest time of a trial."""
        return LONGEST_HOLDS * self.hold_s + max(self.hold_s, WAITING_S)

    @property
    def longest_interval_s(self) -> float:
        """The longest pieces by which a level can be judged: half of a trial may pass before it is steady."""
        return self.longest_s / (2 * MIN_BATCHES)

    @property
    def patience_s(self) -> float:
        """How long a level stays in force that cannot be measured: then half of it at least was no block."""
        return 2 * self.longest_s

    def level_above(self, users: int) -> int:
        """The next level of the climb, at most `max_concurrency`."""
        return level_above(users, self.max_concurrency, self.multiplier, self.increment)

    def level_to_recover_at(self, users: int) -> int:
        """One precision below a level: hysteresis that is smaller cannot be told from the trials' own error."""
        return max(min(self.initial, users), floor(users * (1 - self.precision)))

    def is_narrow(self, below: int, above: int) -> bool:
        """Whether a passed and a failed level are close enough: half the precision, or 1 user.

        The other half is for the error of the trials: near the capacity, a level passes or fails by chance.
        """
        return above - below <= max(1.0, self.precision / 2 * below)
