"""Objectives: the plan's limits for a run, observed during the run and judged at its end.

An objective looks at the run so far. `first_failed_at_s` is the end of the first closed interval at which the run so
far broke it, `worst` its worst value at any of them; both leave out moments with too few samples for the statistic.
A count that must be reached is judged at the end alone.

No data fails an objective, with two exceptions that are reported but not judged (`passed` None): one that is made of a
`*`, and a step's `success_rate`. In a run that was cut short nothing is judged that lacks data, or has not reached
its count yet (docs/design/results.md, "Objectives").
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gradual_common.rules.rule import CAPACITY, WATCH, Rule
from gradual_common.units import count
from gradual_master.results.judging.objectives.agents import AgentView, AgentWindowView
from gradual_master.results.judging.objectives.at_levels import LevelsView
from gradual_master.results.judging.objectives.objective import (
    SHOWN_UNITS,
    Objective,
    ObjectiveRow,
    describe,
    in_report_unit,
    is_worse,
)
from gradual_master.results.judging.objectives.observing import Observation
from gradual_master.results.judging.objectives.system import SystemView
from gradual_master.results.judging.objectives.views import CapacityView, RunSoFar, RunView, View, ViewTerms
from gradual_master.results.judging.objectives.windows import WindowView


@dataclass(slots=True)
class Watch:
    """One objective during the run."""

    objective: Objective
    view: View
    first_failed_at_s: float | None = None
    worst: float | None = None
    abort_reason: str | None = None
    """Why it ended the run, if it did: it has failed then, whatever the last requests of the drain change."""
    _is_broken: bool = False
    """Whether the run so far broke it when it was last looked at."""

    def look(self, run: RunSoFar, at_s: float) -> ObjectiveRow:
        """Judge the run so far at the end of an interval."""
        seen = self.view.see(run)
        self._is_broken = False
        if seen.value is not None and seen.samples >= self.objective.enough and self.objective.rule.can_be_broken_early:
            self._remember(seen.value)
            self._is_broken = not self.objective.rule.holds(seen.value)
            if self.first_failed_at_s is None and self._is_broken:
                self.first_failed_at_s = at_s
        return self._row(seen)

    def ends_run(self, run: RunSoFar, at_s: float) -> str | None:
        """Why the run ends at the end of this interval, at which the objective was looked at; None if it does not."""
        begin = self.objective.aborts_from_s
        if begin is not None and at_s >= begin and self._is_broken and self.abort_reason is None:
            seen = self.view.see(run)
            assert seen.value is not None, "without data nothing is broken"
            value, samples = describe(seen.value, self.objective.rule.unit), count(seen.samples, "sample")
            self.abort_reason = (
                f"stopped early: objective {self.objective.name}: observed {value} over {samples} at {at_s:g} s"
            )
        return self.abort_reason

    def judge(self, run: RunSoFar, *, is_cut_short: bool = False) -> ObjectiveRow:
        """Judge the whole run, or as much of it as there was."""
        seen = self.view.see(run)
        if seen.value is not None:
            self._remember(seen.value)
        row = self._row(seen)
        if not is_cut_short or not self._is_open(seen):
            return row
        value = "no data" if seen.value is None else describe(seen.value, self.objective.rule.unit)
        return replace(row, passed=None, reason=f"{self.objective.name}: {value} when the run was cut short")

    def _is_open(self, seen: Observation) -> bool:
        """Whether the rest of the run might still have met it."""
        objective = self.objective
        if self.abort_reason is not None:
            return False
        return seen.value is None or not (objective.rule.can_be_broken_early or objective.rule.holds(seen.value))

    def _remember(self, value: float) -> None:
        if self.worst is None or is_worse(self.objective.rule, value, self.worst):
            self.worst = value

    def _row(self, seen: Observation) -> ObjectiveRow:
        objective, rule = self.objective, self.objective.rule
        return ObjectiveRow(
            name=objective.name,
            rule=rule.text,
            scope=objective.scope,
            observed=in_report_unit(seen.value, rule.unit),
            limit=in_report_unit(rule.limit, rule.unit) or 0.0,
            unit=SHOWN_UNITS[rule.unit],
            samples=seen.samples,
            severity=objective.severity,
            passed=self._passed(seen),
            first_failed_at_s=self.first_failed_at_s,
            worst=in_report_unit(self.worst, rule.unit),
            reason=self._reason(seen),
        )

    def _passed(self, seen: Observation) -> bool | None:
        if self.abort_reason is not None:
            return False
        if seen.value is None:
            return False if self.objective.needs_data else None
        return self.objective.rule.holds(seen.value)

    def _reason(self, seen: Observation) -> str | None:
        if self.abort_reason is not None:
            return self.abort_reason
        if seen.value is None:
            return f"{self.objective.name}: no data{seen.where}"
        rule = self.objective.rule
        if rule.holds(seen.value):
            return None
        observed = f"{describe(seen.value, rule.unit)} {_over(rule, seen.samples)}{seen.where}"
        since = f"; first broken at {self.first_failed_at_s:g} s" if self.first_failed_at_s is not None else ""
        return f"{self.objective.name}: {observed}{since}{self.objective.advice}"


def _over(rule: Rule, samples: int) -> str:
    """What the value was observed over."""
    return f"in {count(samples, 'trial')}" if rule.series == CAPACITY else f"over {count(samples, 'sample')}"


def watch_of(objective: Objective, terms: ViewTerms) -> Watch:
    """The watch of an objective, which looks at the run as its rule says."""
    return Watch(objective, _view_of(objective, terms))


def _view_of(objective: Objective, terms: ViewTerms) -> View:
    rule = objective.rule
    if rule.series == "agent":
        return AgentWindowView(objective, terms) if rule.window == "for" else AgentView(objective)
    if rule.series == CAPACITY:
        return CapacityView()
    if rule.series == WATCH:
        return SystemView(objective, terms, terms.courses[rule.statistic])
    if rule.window == "for":
        return WindowView(objective, terms)
    if rule.window == "levels" or rule.at is not None:
        return LevelsView(objective, terms)
    return RunView(objective)
