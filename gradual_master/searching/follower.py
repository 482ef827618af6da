"""Follows the closed intervals of a run, and tells the search of its levels and blocks.

An interval that lies wholly in the level in force is a block, if all users ran in it, none was still stopping from a
greater level before, and no agent stood still. So a level is reached when its first such interval is over, and what
users did while an agent was lost or stopped decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradual_common.clock import NS_PER_S
from gradual_common.protocol.batch import ACTIVE, STOPPING
from gradual_common.schedule.schedule import Level, Schedule
from gradual_common.units import count
from gradual_master.analysis.capacity.blocks import LevelBlock
from gradual_master.analysis.capacity.events import (
    BlockEnded,
    BlockMissed,
    FinishSearch,
    LevelReached,
    RunUsers,
    SearchBegun,
    SearchInput,
    SearchTimeOver,
    SearchUsersEnded,
)
from gradual_master.analysis.capacity.measure import CapacityMeasure, measure_of
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.analysis.capacity.search import CapacitySearch
from gradual_master.analysis.capacity.settings import CapacitySettings
from gradual_master.analysis.capacity.wording import sentences_of
from gradual_master.coordination.events import ChooseLevel, EndSearch
from gradual_master.results.judging.objectives.objective import Objective
from gradual_master.results.judging.objectives.views import ClosedInterval, ViewTerms
from gradual_master.results.merging.level_measurements import LevelMeasurements
from gradual_master.results.merging.sums import Contribution
from gradual_master.searching.ratios import sums_of

TOLERATED_USERS = 0.5
TOLERATED_SHARE = 0.01
"""Users that may be missing, or still stopping, in an interval that counts; the larger of the two."""
TOLERATED_OF_FEW = 0.1
"""Of a level of a few users, half a user would be much: this share of them."""

STANDSTILL_MS = 1000.0
"""A loop that stops for a second, as of a paused process, delays what its users measure by as much."""

ENDED_S = 5.0
"""So long the users that have ended for good have to be missing from a level, with no more than those: a level that has
just begun lacks users, too, and so does an agent that was lost."""

NO_LEVEL = -1

Decision = ChooseLevel | EndSearch


@dataclass(frozen=True, slots=True)
class SteeringObjective:
    """An objective of the plan, and what it measures of a level."""

    objective: Objective
    measure: CapacityMeasure


def steering(objectives: Sequence[Objective]) -> tuple[SteeringObjective, ...]:
    """Objectives as a search uses them; OptionError for one that cannot decide (the checks of a plan refuse it)."""
    return tuple(
        SteeringObjective(objective, measure_of(objective.rule, needs_data=objective.needs_data))
        for objective in objectives
    )


class SearchFollower:
    """One search; `result` is there once it is over."""

    def __init__(self, settings: CapacitySettings, objectives: Sequence[SteeringObjective], terms: ViewTerms) -> None:
        self.result: CapacityResult | None = None
        self._measures = tuple(one.measure for one in objectives)
        self._search = CapacitySearch(settings, self._measures)
        self._objectives = tuple(objectives)
        self._terms = terms
        self._level = NO_LEVEL
        """The last level that the search has asked for and got."""
        self._asks = True
        """Whether it has asked for the next one, which is not there yet."""
        self._reached = False
        """Whether all users of the level were there for an interval."""
        self._measured_from_s: float | None = None
        """Since when the level is measured without a gap. An interval of which no agent reports ends its course
        (`LevelMeasurements`); a new one begins after it."""
        self._lacks_ended_since_s: float | None = None
        """Since when the level lacks as many users as have ended for good may explain."""
        self._decisions: list[Decision] = []

    def take(self, interval: ClosedInterval, levels: LevelMeasurements, schedule: Schedule, *, ended: int = 0) -> None:
        """An interval has been closed, and added to its levels. `ended`: so many users have ended for good before."""
        level, begin = schedule.levels[-1], interval.number * self._terms.interval
        if self.result is not None or begin < level.start or not self._is_awaited(level, schedule):
            return
        part = interval.measured.of_scopes((level.number,))
        begin_s = begin / NS_PER_S
        self._note_gap(begin_s, is_measured=bool(part.scopes))
        if self._lacks_ended(part, level, begin_s, ended):
            self._handle(SearchUsersEnded())
            return
        end_s = begin_s + self._terms.interval / NS_PER_S
        if not part.scopes or not _is_complete(part, level, self._terms.interval) or _stood_still(interval):
            self._handle(BlockMissed(level.start / NS_PER_S, end_s))
            return
        if not self._reached:
            self._reached = True
            self._handle(LevelReached(round(level.target), begin_s))
        sums = self._sums(part, begin + self._terms.interval - level.start)
        block = LevelBlock(begin_s, end_s, sums)
        self._handle(BlockEnded(block, self._steady_from_s(levels, level)))

    def take_decisions(self) -> list[Decision]:
        """What was decided since the last call."""
        decisions, self._decisions = self._decisions, []
        return decisions

    def end(self, at: int, *, is_stopped: bool = False) -> None:
        """The run is over at `at` ns of the schedule; a search that goes on ends with it."""
        self._handle(SearchTimeOver(at / NS_PER_S, is_stopped=is_stopped))

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Those that decide."""
        return tuple(one.objective for one in self._objectives)

    def sentences(self, found: CapacityResult, doubts: Sequence[str] = ()) -> tuple[str, ...]:
        """The result, or what of it is certain, in words; `doubts`: why the number may not be the system's."""
        return sentences_of(found, self._measures, doubts)

    def _is_awaited(self, level: Level, schedule: Schedule) -> bool:
        """Whether the level is the one that the search has asked for; begins the search in its phase."""
        if schedule.searched is None or level.phase != schedule.searched.number:
            return False
        if self._asks and level.number > self._level:
            if self._level == NO_LEVEL:
                self._search.handle(SearchBegun())  # It asks for the level with which the phase begins.
            self._level, self._asks, self._reached = level.number, False, False
            self._measured_from_s = self._lacks_ended_since_s = None
        return not self._asks

    def _handle(self, event: SearchInput) -> None:
        tried = len(self._search.trials)
        for instruction in self._search.handle(event):
            why = self._words(tried)
            match instruction:
                case RunUsers(users):
                    self._decisions.append(ChooseLevel(users, f"{why}the next level has {count(users, 'user')}"))
                    self._asks = True
                case FinishSearch(result):
                    self.result = result
                    self._decisions.append(EndSearch(f"{why}the search for capacity is over"))

    def _words(self, tried: int) -> str:
        """The trial that has just ended."""
        if len(self._search.trials) == tried:
            return ""
        trial = self._search.trials[-1]
        held = {"passed": "held", "failed": "did not hold", "undecided": "could not be judged"}[trial.outcome]
        return f"{count(trial.users, 'user')} {held} ({trial.why}); "

    def _lacks_ended(self, part: Contribution, level: Level, begin_s: float, ended: int) -> bool:
        """Whether the users that have ended for good are missing from the level, and have been for `ENDED_S`."""
        tolerated, length = _tolerated(level), self._terms.interval
        missing = level.target - _active(part, length)
        if not part.scopes or not tolerated < missing <= ended + tolerated:
            self._lacks_ended_since_s = None
            return False
        if self._lacks_ended_since_s is None:
            self._lacks_ended_since_s = begin_s
        return begin_s + length / NS_PER_S - self._lacks_ended_since_s >= ENDED_S

    def _note_gap(self, begin_s: float, *, is_measured: bool) -> None:
        if not is_measured:
            self._measured_from_s = None
        elif self._measured_from_s is None:
            self._measured_from_s = begin_s

    def _steady_from_s(self, levels: LevelMeasurements, level: Level) -> float | None:
        """From when on the level is steady, as far as it is known now; seconds since the schedule's start."""
        steady = levels.steady_part_so_far(level.number)
        if steady is None or steady.from_s is None or self._measured_from_s is None:
            return None
        return self._measured_from_s + steady.from_s

    def _sums(self, part: Contribution, elapsed: int) -> tuple[tuple[float, float], ...]:
        totals = self._terms.totals([part])
        return tuple(sums_of(one.objective, one.measure, totals, elapsed) for one in self._objectives)


def _is_complete(part: Contribution, level: Level, interval: int) -> bool:
    """Whether all users of a level were active all the time, and none of a former level was still stopping."""
    stopping = float(part.sums.users[:, :, STOPPING].sum()) / interval
    return abs(_active(part, interval) - level.target) <= _tolerated(level) and stopping <= _tolerated(level)


def _active(part: Contribution, interval: int) -> float:
    """Mean users over an interval."""
    return float(part.sums.users[:, :, ACTIVE].sum()) / interval


def _tolerated(level: Level) -> float:
    return max(min(TOLERATED_USERS, TOLERATED_OF_FEW * level.target), TOLERATED_SHARE * level.target)


def _stood_still(interval: ClosedInterval) -> bool:
    """Whether the loop of an agent stopped for so long that its users' times are its own."""
    return any((agent.loop_lag_ms_max or 0.0) >= STANDSTILL_MS for agent in interval.health)
