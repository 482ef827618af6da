"""Between which levels the capacity lies, by the trials so far: a function of their records, without a state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradual_master.analysis.capacity.result import TrialRecord


@dataclass(frozen=True, slots=True)
class Bracket:
    """Levels, in users."""

    passed: int | None
    """The greatest level below `failed` that passed."""
    failed: int | None
    """The least level that did not hold: it failed, also after it had passed once, or could not be judged."""
    too_few: int | None
    """The greatest level that only missed a rate, while no level has passed: more users may reach it."""

    @property
    def floor(self) -> int | None:
        """The level above which the search goes on."""
        return self.passed if self.passed is not None else self.too_few

    @property
    def middle(self) -> int:
        """The level between; ValueError if one side is missing."""
        if self.floor is None or self.failed is None:
            raise ValueError("a bracket with one side has no middle")
        return (self.floor + self.failed) // 2


def bracket_of(trials: Sequence[TrialRecord]) -> Bracket:
    """The bracket after these trials. Those for recovery do not count: an overload came before them."""
    searched = [trial for trial in trials if trial.purpose != "recover"]
    has_passed = any(trial.outcome == "passed" for trial in searched)
    held_not = [trial.users for trial in searched if trial.outcome != "passed" and (has_passed or not trial.too_few)]
    # After a level has passed, a missed rate is an overload, but for those below that level.
    passed_levels = [trial.users for trial in searched if trial.outcome == "passed"]
    lowest = min(passed_levels, default=None)
    below_goal = {trial.users for trial in searched if trial.too_few and (lowest is None or trial.users < lowest)}
    failed = min((users for users in held_not if users not in below_goal), default=None)
    return Bracket(
        passed=max((users for users in passed_levels if failed is None or users < failed), default=None),
        failed=failed,
        too_few=max((users for users in below_goal if failed is None or users < failed), default=None),
    )


def greatest_failed(trials: Sequence[TrialRecord], above: int) -> int | None:
    """The greatest level above a number of users that did not hold, be it only for a rate that it missed."""
    return max((trial.users for trial in trials if trial.outcome != "passed" and trial.users > above), default=None)


def certain_interval(trials: Sequence[TrialRecord], users: int) -> tuple[int | None, int | None]:
    """The greatest level up to `users` that passed, and the least above it that failed, both with confidence.

    Each end is one of several trials near the capacity, so the pair is wrong more often than one trial: it held the
    capacity in 91 to 99 of 100 searches of simulated systems (`python -m bench capacity`).
    """
    certain = [trial for trial in trials if trial.certain and trial.purpose != "recover"]
    passed = [trial.users for trial in certain if trial.outcome == "passed" and trial.users <= users]
    failed = [trial.users for trial in certain if trial.outcome == "failed" and trial.users > users]
    return max(passed, default=None), min(failed, default=None)
