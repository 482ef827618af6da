"""One trial: a level is held until its objectives are decided (a sequential test over blocks).

**Looks.** The trial looks at its steady blocks at 1, 1.5, 2, 2.5 and 3 holds. At a look it passes if the confidence
bounds of all objectives lie on the good side, it fails if one lies on the bad side, and goes on otherwise. After the
last look the point estimates decide, and the outcome is marked as not certain.

**Error.** A certain outcome is wrong with probability `ALPHA` at most, in each direction, as far as the batches are
independent. Several looks are several chances to be wrong: each of the five gets a fifth of it, by Boole's inequality,
which needs no model of how the looks depend on each other. Those are equal steps of the spending function α·t (K. Kim,
D. L. DeMets, "Design and Analysis of Group Sequential Tests Based on the Type I Error Spending Rate Function",
Biometrika 74 (1), 1987; C. Jennison, B. W. Turnbull, Group Sequential Methods, 2000, chapter 7). To pass, all of m
objectives have to be met, and each is tested at the full level (R. L. Berger, "Multiparameter Hypothesis Testing and
Acceptance Sampling", Technometrics 24 (4), 1982); to fail, one of them is enough, so each gets 1/m.

**Plain failures.** Before the hold is over only a failure ends the trial, to spare the system: the bound, at the level
`PLAIN_ALPHA`, is beyond twice the limit, over `PLAIN_S` at least, so that short intervals are no sooner a failure. If
the level is not steady, it is looked for in its later half. A trial for recovery is not ended by one: it comes straight
after an overload, and what it shows first is the queue that the overload left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gradual_common.clock import NS_PER_MS
from gradual_master.analysis.capacity.blocks import MIN_BATCHES, LevelBlock, batches_of, length_of
from gradual_master.analysis.capacity.bounds import RatioBounds, bounds_of
from gradual_master.analysis.capacity.measure import CapacityMeasure
from gradual_master.analysis.capacity.result import ObservedRatio, Outcome
from gradual_master.analysis.capacity.settings import LONGEST_HOLDS, CapacitySettings

ALPHA = 0.05
LOOKS = (1.0, 1.5, 2.0, 2.5, LONGEST_HOLDS)
"""In holds."""
PLAIN_ALPHA = 0.001
PLAIN_FACTOR = 2.0
PLAIN_S = 5.0
"""New users come at once: what the first moments of a level show is their connections, not the level."""

Side = Literal["good", "bad", "open"]


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """How a trial ended."""

    outcome: Outcome
    why: str
    observed: tuple[ObservedRatio, ...]
    certain: bool = False
    too_few: bool = False
    """It failed by goals only (`CapacityMeasure.is_goal`)."""
    lack: Literal["", "not steady", "no data"] = ""
    """What an undecided trial lacked."""


class LevelTrial:
    """The trial of a level that is in force since `reached_s`."""

    def __init__(
        self,
        settings: CapacitySettings,
        measures: Sequence[CapacityMeasure],
        reached_s: float,
        *,
        can_fail_plainly: bool = True,
    ) -> None:
        """`can_fail_plainly`: whether a plain failure ends it before its hold is over."""
        self._settings = settings
        self._can_fail_plainly = can_fail_plainly
        self._measures = measures
        self._reached_s = reached_s
        self._blocks: list[LevelBlock] = []
        self._looks = 0

    def take(self, block: LevelBlock, steady_from_s: float | None) -> TrialOutcome | None:
        """The outcome, once it is decided. `steady_from_s`: from when on the level is steady, None while it is not.

        Blocks that began before the level was in force are left out. The start of the steady part may change with every
        block.
        """
        if block.started_s < self._reached_s:
            return None
        self._blocks.append(block)
        steady = [] if steady_from_s is None else [seen for seen in self._blocks if seen.started_s >= steady_from_s]
        held = length_of(steady) / self._settings.hold_s if len(steady) >= MIN_BATCHES else 0.0
        # Not the time since then: seconds in which users were missing are no blocks, and end no trial.
        is_over = length_of(self._blocks) >= self._settings.longest_s
        if held >= 1:
            return self._look(steady, held, is_over)
        if is_over and self._is_silent:
            return TrialOutcome("undecided", "no answer came", self._observe(steady, ALPHA), lack="no data")
        if is_over:
            words = "the level did not become steady"
            return TrialOutcome("undecided", words, self._observe(steady, ALPHA), lack="not steady")
        return self._find_plain_failure(steady or self._blocks[len(self._blocks) // 2 :])

    def give_up(self, elapsed_s: float) -> TrialOutcome:
        """The outcome of a level that could not be measured, `elapsed_s` after it came into force."""
        missed = elapsed_s - length_of(self._blocks)
        why = f"its users were not all running, or an agent stood still, for {missed:.0f} s"
        return TrialOutcome("undecided", why, self._observe((), ALPHA), lack="no data")

    @property
    def _is_silent(self) -> bool:
        """Whether no objective has had a sample."""
        counted = [number for number, measure in enumerate(self._measures) if measure.kind != "rate"]
        return bool(counted) and not any(block.sums[number][1] for block in self._blocks for number in counted)

    def _look(self, blocks: Sequence[LevelBlock], held: float, is_over: bool) -> TrialOutcome | None:
        if self._looks < len(LOOKS) and held >= LOOKS[self._looks]:
            self._looks = sum(held >= look for look in LOOKS)
            if (outcome := self._decide(blocks)) is not None:
                return outcome
        return self._estimate(blocks) if is_over or self._looks == len(LOOKS) else None

    def _decide(self, blocks: Sequence[LevelBlock]) -> TrialOutcome | None:
        """What the confidence bounds decide."""
        alpha = ALPHA / len(LOOKS)
        sides = [self._side_of(number, blocks, alpha) for number in range(len(self._measures))]
        limits = [side for side, measure in zip(sides, self._measures, strict=True) if not measure.is_goal]
        # That a goal is missed means too few users only if everything else is met: until then the trial goes on.
        if "bad" not in limits and "open" in sides:
            return None
        return self._outcome(blocks, [side == "bad" for side in sides], alpha, certain=True)

    def _estimate(self, blocks: Sequence[LevelBlock]) -> TrialOutcome:
        """What the point estimates decide."""
        alpha = ALPHA / len(LOOKS)
        bounds = [self._bounds(number, blocks, alpha) for number in range(len(self._measures))]
        for number, (measure, seen) in enumerate(zip(self._measures, bounds, strict=True)):
            if seen is None and not self._has_nothing_to_judge(number, blocks):
                why = f"{measure.rule.text}: too few samples"
                return TrialOutcome("undecided", why, self._observe(blocks, alpha), lack="no data")
        misses = [
            seen is not None and not measure.is_met_by(seen.value)
            for measure, seen in zip(self._measures, bounds, strict=True)
        ]
        return self._outcome(blocks, misses, alpha, certain=False)

    def _find_plain_failure(self, blocks: Sequence[LevelBlock]) -> TrialOutcome | None:
        if not self._can_fail_plainly or length_of(blocks) < PLAIN_S:
            return None
        misses = [self._is_plainly_missed(number, blocks) for number in range(len(self._measures))]
        return self._outcome(blocks, misses, PLAIN_ALPHA, certain=True) if any(misses) else None

    def _is_plainly_missed(self, number: int, blocks: Sequence[LevelBlock]) -> bool:
        measure, bounds = self._measures[number], self._bounds(number, blocks, PLAIN_ALPHA)
        return bounds is not None and measure.is_upper and bounds.low > PLAIN_FACTOR * measure.limit

    def _side_of(self, number: int, blocks: Sequence[LevelBlock], alpha: float) -> Side:
        measure = self._measures[number]
        passing, failing = (
            self._bounds(number, blocks, alpha),
            self._bounds(number, blocks, alpha / len(self._measures)),
        )
        if passing is None or failing is None:
            return "good" if self._has_nothing_to_judge(number, blocks) else "open"
        # For an upper limit the upper bound has to be below it, the lower bound above it is a failure.
        if measure.is_met_by(passing.high if measure.is_upper else passing.low):
            return "good"
        return "open" if measure.is_met_by(failing.low if measure.is_upper else failing.high) else "bad"

    def _has_nothing_to_judge(self, number: int, blocks: Sequence[LevelBlock]) -> bool:
        """Whether an objective that needs no data has none."""
        return not self._measures[number].needs_data and all(block.sums[number][1] == 0 for block in blocks)

    def _bounds(self, number: int, blocks: Sequence[LevelBlock], alpha: float) -> RatioBounds | None:
        return bounds_of(self._measures[number].kind, *batches_of(blocks, number), alpha)

    def _outcome(
        self, blocks: Sequence[LevelBlock], misses: Sequence[bool], alpha: float, *, certain: bool
    ) -> TrialOutcome:
        observed = self._observe(blocks, alpha)
        if not any(misses):
            how = "with confidence" if certain else "by the estimates after the longest hold"
            return TrialOutcome("passed", f"all objectives are met {how}", observed, certain)
        missed = [number for number, miss in enumerate(misses) if miss]
        too_few = all(self._measures[number].is_goal for number in missed)
        why = "; ".join(self._words_of(number, blocks, alpha) for number in missed)
        return TrialOutcome("failed", why if certain else f"{why} (estimate)", observed, certain, too_few)

    def _words_of(self, number: int, blocks: Sequence[LevelBlock], alpha: float) -> str:
        measure, bounds = self._measures[number], self._bounds(number, blocks, alpha)
        return f"{measure.rule.text}: {'no data' if bounds is None else measure.words_of(bounds.value)}"

    def _observe(self, blocks: Sequence[LevelBlock], alpha: float) -> tuple[ObservedRatio, ...]:
        return tuple(
            _observed(measure, self._bounds(number, blocks, alpha)) for number, measure in enumerate(self._measures)
        )


def _observed(measure: CapacityMeasure, bounds: RatioBounds | None) -> ObservedRatio:
    is_time = measure.kind == "mean" and measure.rule.unit == "ns"
    unit = "share" if measure.kind == "share" else "ms" if is_time else measure.rule.unit
    scale = NS_PER_MS if is_time else 1
    values = (None, None, None) if bounds is None else (bounds.value, bounds.low, bounds.high)
    value, low, high = (None if number is None else number / scale for number in values)
    return ObservedRatio(measure.rule.text, value, low, high, measure.limit / scale, unit)
