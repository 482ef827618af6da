"""All that a verdict is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradual_master.results.judging.littles_law import WindowGap
from gradual_master.results.judging.objectives import ObjectiveRow
from gradual_master.results.judging.think_times import WaitLateness


@dataclass(frozen=True, slots=True)
class Loss:
    """Requests that an agent had begun, and those of them that it reported; exact to one of its pings."""

    agent: str
    begun: int
    merged: int

    @property
    def count(self) -> int:
        """How many are unknown."""
        return self.begun - self.merged


@dataclass(frozen=True, slots=True)
class Unforeseen:
    """Samples of one step that failed as `internal`; `detail`: what was raised first, "" where no agent told of it."""

    group: str
    step: str
    count: int
    detail: str


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A step with many failures that no objective judges; `label`: the most frequent of them."""

    step: str
    group: str
    failures: int
    requests: int
    label: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against a run.

    `lost`: names of lost agents; `losses`: of every agent that reported less than it had begun. `saturated`: (agent,
    intervals), the worst first, of `saturated_intervals` in all among `intervals`. `unaccounted`: the share of the
    users' time by Little's law; `flagged`: how many windows of single agents were too bad, `worst` the worst of them.
    `standstills`: (agent, ns), the longest of each. `lateness`: of the users' waits. `empty`: empty iterations by
    group. `unforeseen`: steps that failed by a mistake in Gradual. `least_user_s`: user-seconds up to which nothing is
    said; `least_saturated`: intervals from which on saturation is (`least`). `uncovered`: steps that failed more often
    than is healthy while no objective looks at that.
    """

    objectives: tuple[ObjectiveRow, ...]
    stop_signal: str | None = None
    failure: str | None = None
    scheduled_user_s: float = 0.0
    missing_user_s: float = 0.0
    allow_missing: float = 0.01
    begun: int = 0
    merged: int = 0
    lost: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    resent_batches: int = 0
    late_batches: int = 0
    dropped_batches: int = 0
    late_levels: int = 0
    late_starts: int = 0
    level_spread: int = 0
    intervals: int = 0
    saturated_intervals: int = 0
    saturated: tuple[tuple[str, int], ...] = ()
    unaccounted: float = 0.0
    flagged: int = 0
    worst: WindowGap | None = None
    standstills: tuple[tuple[str, int], ...] = ()
    lateness: WaitLateness | None = None
    allow_saturated: bool = False
    empty: Mapping[str, int] = field(default_factory=dict)
    unforeseen: tuple[Unforeseen, ...] = ()
    least_user_s: float = 0.0
    least_saturated: int = 0
    uncovered: tuple[Uncovered, ...] = ()

    @property
    def missing_share(self) -> float:
        """Missing user-seconds as a share of the scheduled ones; 0 when they are too few to say anything."""
        is_enough = self.scheduled_user_s > 0 and self.missing_user_s > self.least_user_s
        return self.missing_user_s / self.scheduled_user_s if is_enough else 0.0

    @property
    def lost_share(self) -> float:
        """Requests begun and never reported, as a share of those begun."""
        return (self.begun - self.merged) / self.begun if self.begun else 0.0

    @property
    def saturated_share(self) -> float:
        """Intervals in which any agent was saturated, as a share of the measured ones."""
        return self.saturated_intervals / self.intervals if self.intervals else 0.0
