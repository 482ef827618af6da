"""The search: events in, instructions out (docs/design/results.md, "Analysis").

Every phase has a list of steps, each a number of users for a purpose: a low level to settle at, an overload, a trial.
When a trial has ended, its record is added, the bracket of all records says which event that is, the table of phases
says which phase follows, and that phase says the steps.

**Settling.** After a level that did not pass, and before a confirmation, the load stays at `initial` users, so that
queues run empty and no trial sees what another one left behind. After a level that passed, the next one follows at
once.

**Recovery.** After the confirmation the greatest level that failed is held once more, and the load goes from there
straight to one precision below the confirmed level, without settling. The steady part is judged: a system that needs a
minute to work off its queues has recovered. One that does not meet its objectives there, in two trials one after the
other, is in a metastable failure: the overload is gone, its effect is not (N. Bronson et
al., "Metastable Failures in Distributed Systems", HotOS 2021).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from gradual_master.analysis.capacity.blocks import LevelBlock
from gradual_master.analysis.capacity.bracket import Bracket, bracket_of, certain_interval, greatest_failed
from gradual_master.analysis.capacity.events import (
    BlockEnded,
    BlockMissed,
    FinishSearch,
    LevelReached,
    RunUsers,
    SearchBegun,
    SearchInput,
    SearchInstruction,
    SearchTimeOver,
    SearchUsersEnded,
)
from gradual_master.analysis.capacity.measure import CapacityMeasure
from gradual_master.analysis.capacity.phases import PHASES, SearchEvent, SearchPhase
from gradual_master.analysis.capacity.result import CapacityResult, Ending, Purpose, TrialRecord
from gradual_master.analysis.capacity.settings import CapacitySettings
from gradual_master.analysis.capacity.trial import LevelTrial, TrialOutcome
from gradual_master.coordination.lifecycle import next_state
from gradual_master.errors import OptionError

RECOVERY_TRIALS = 2
"""A level that holds fails a trial by chance now and then; it hardly does twice in a row."""

_PURPOSES: dict[SearchPhase, Purpose] = {
    SearchPhase.CLIMBING: "climb",
    SearchPhase.BISECTING: "bisect",
    SearchPhase.CONFIRMING: "confirm",
    SearchPhase.RECOVERING: "recover",
}


@dataclass(frozen=True, slots=True)
class SearchStep:
    """A number of users, held for some time; or, without one, until a trial of it is decided."""

    users: int
    seconds: float | None = None


class CapacitySearch:
    """The greatest number of users with which all objectives are met."""

    def __init__(self, settings: CapacitySettings, measures: Sequence[CapacityMeasure]) -> None:
        """OptionError without an objective."""
        if not measures:
            raise OptionError("find_capacity: no objective says when a level fails; write `thresholds`")
        self.phase = SearchPhase.CLIMBING
        self._settings = settings
        self._measures = tuple(measures)
        self._steps: deque[SearchStep] = deque()
        self._reached_s: float | None = None
        """When the users of the first step were there; None: they are not yet."""
        self._trial: LevelTrial | None = None
        self._records: list[TrialRecord] = []
        self._has_confirmed = False

    def handle(self, event: SearchInput) -> list[SearchInstruction]:
        """What to do now; nothing after the end."""
        if self.phase is SearchPhase.ENDED:
            return []
        match event:
            case SearchBegun():
                return self._follow([SearchStep(self._settings.initial)])
            case LevelReached():
                return self._reach(event)
            case BlockEnded():
                return self._take_block(event.block, event.steady_from_s)
            case BlockMissed():
                return self._miss_block(event)
            case SearchTimeOver() | SearchUsersEnded():
                return self._end(_ending_of(event))

    @property
    def trials(self) -> tuple[TrialRecord, ...]:
        """Those that are over."""
        return tuple(self._records)

    def _follow(self, steps: Sequence[SearchStep]) -> list[SearchInstruction]:
        self._steps = deque(steps)
        return self._begin_step()

    def _begin_step(self) -> list[SearchInstruction]:
        self._reached_s = self._trial = None
        return [RunUsers(self._steps[0].users)]

    def _reach(self, event: LevelReached) -> list[SearchInstruction]:
        if self._steps and event.users == self._steps[0].users and self._reached_s is None:
            self._reached_s = event.at_s
            if self._steps[0].seconds is None:
                self._trial = self._trial_from(event.at_s)
        return []

    def _trial_from(self, reached_s: float) -> LevelTrial:
        recovers = self.phase is SearchPhase.RECOVERING
        return LevelTrial(self._settings, self._measures, reached_s, can_fail_plainly=not recovers)

    def _take_block(self, block: LevelBlock, steady_from_s: float | None) -> list[SearchInstruction]:
        if self._reached_s is None:
            return []
        if self._trial is not None:
            outcome = self._trial.take(block, steady_from_s)
            return [] if outcome is None else self._record(outcome, block.ended_s)
        seconds = self._steps[0].seconds or 0.0
        return [] if block.ended_s - self._reached_s < seconds else self._end_timed_step()

    def _miss_block(self, event: BlockMissed) -> list[SearchInstruction]:
        """Go on from a level that cannot be measured: no trial of it would ever be decided."""
        elapsed_s = event.ended_s - event.level_since_s
        if not self._steps or elapsed_s <= self._settings.patience_s:
            return []
        if self._steps[0].seconds is not None:
            return self._end_timed_step()
        if self._reached_s is None:
            self._reached_s = event.level_since_s
        trial = self._trial or self._trial_from(self._reached_s)
        return self._record(trial.give_up(elapsed_s), event.ended_s)

    def _end_timed_step(self) -> list[SearchInstruction]:
        self._steps.popleft()
        return self._begin_step()

    def _record(self, outcome: TrialOutcome, ended_s: float) -> list[SearchInstruction]:
        """Add the trial that has ended, and go on."""
        record = TrialRecord(
            users=self._steps[0].users,
            purpose=_PURPOSES[self.phase],
            started_s=self._reached_s or 0.0,
            ended_s=ended_s,
            outcome=outcome.outcome,
            certain=outcome.certain,
            too_few=outcome.too_few,
            why=outcome.why,
            observed=outcome.observed,
        )
        self._records.append(record)
        if self.phase is SearchPhase.RECOVERING:
            return self._judge_recovery(record)
        bracket = bracket_of(self._records)
        if record.purpose == "confirm" and record.outcome == "passed":
            return self._accept(bracket)
        if bracket.floor is None:
            return self._end(outcome.lack or "initial fails")
        return self._search_on(bracket, record)

    def _search_on(self, bracket: Bracket, last: TrialRecord) -> list[SearchInstruction]:
        floor = bracket.floor or 0
        # A rate that is missed above a level that has reached it is an overload: queues are full.
        is_at_rest = last.outcome == "passed" or (last.too_few and bracket.passed is None)
        settling = [] if is_at_rest else [self._settling()]
        if bracket.failed is None:
            if floor < self._settings.max_concurrency:
                self._enter(SearchEvent.ROSE)
                return self._follow([SearchStep(self._settings.level_above(floor))])
        elif not self._settings.is_narrow(floor, bracket.failed):
            self._enter(SearchEvent.BRACKETED)
            return self._follow([*settling, SearchStep(bracket.middle)])
        if bracket.passed is None:
            return self._end("goal not reached")
        self._enter(SearchEvent.NARROWED)
        return self._follow([self._settling(), SearchStep(bracket.passed)])

    def _accept(self, bracket: Bracket) -> list[SearchInstruction]:
        """The confirmation has passed: see whether the system recovers from an overload."""
        self._has_confirmed = True
        overload = greatest_failed(self._records, above=bracket.passed or 0)
        if bracket.passed is None or overload is None:
            return self._end("found" if overload else "not found below max")
        self._enter(SearchEvent.CONFIRMED)
        back = SearchStep(self._settings.level_to_recover_at(bracket.passed))
        return self._follow([SearchStep(overload, self._settings.hold_s), back])

    def _judge_recovery(self, record: TrialRecord) -> list[SearchInstruction]:
        tried = sum(trial.purpose == "recover" for trial in self._records)
        if record.outcome == "passed" or tried == RECOVERY_TRIALS:
            return self._end("found")
        self._enter(SearchEvent.REPEATED)
        return self._follow([SearchStep(record.users)])

    def _settling(self) -> SearchStep:
        return SearchStep(self._settings.initial, self._settings.settle_s)

    def _enter(self, event: SearchEvent) -> None:
        self.phase = next_state(PHASES, self.phase, event, "a search for capacity")

    def _end(self, ending: Ending) -> list[SearchInstruction]:
        self._enter(SearchEvent.ENDED)
        users = bracket_of(self._records).passed
        low, high = (None, None) if users is None else certain_interval(self._records, users)
        result = CapacityResult(
            users=users,
            low=low,
            high=high,
            confirmed=self._has_confirmed,
            recovered=_recovered(self._records),
            ended_by=ending,
            initial=self._settings.initial,
            max_concurrency=self._settings.max_concurrency,
            objectives=tuple(measure.rule.text for measure in self._measures),
            trials=tuple(self._records),
        )
        return [FinishSearch(result)]


def _ending_of(event: SearchTimeOver | SearchUsersEnded) -> Ending:
    if isinstance(event, SearchUsersEnded):
        return "users ended"
    return "stopped" if event.is_stopped else "duration"


def _recovered(trials: Sequence[TrialRecord]) -> bool | None:
    outcomes = [trial.outcome for trial in trials if trial.purpose == "recover"]
    if "passed" in outcomes:
        return True
    return False if len(outcomes) == RECOVERY_TRIALS and outcomes[-1] == "failed" else None
