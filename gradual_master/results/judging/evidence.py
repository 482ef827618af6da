"""The evidence for a verdict, and the checks of single steps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gradual_common.plan.model.series import SeriesIndex
from gradual_common.units import count, percent
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.results.facts import RunFacts
from gradual_master.results.judging.fleet import FleetSection
from gradual_master.results.judging.levels import MAX_FAILURE_SHARE
from gradual_master.results.judging.littles_law import LittlesLaw
from gradual_master.results.judging.objectives.objective import Objective, ObjectiveRow
from gradual_master.results.judging.objectives.of_plan import judges_failures
from gradual_master.results.judging.think_times import WaitLateness
from gradual_master.results.measures.error_samples import ErrorSample
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.measures.totals import Selection, Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The facts from which the verdict is made."""

    run: RunFacts
    objectives: tuple[ObjectiveRow, ...]
    fleet: FleetSection
    law: LittlesLaw
    lost: tuple[str, ...] = ()
    """The names of lost agents."""
    losses: tuple[str, ...] = ()
    """A text for every agent that reported fewer requests than it had started."""
    lost_rows: tuple[tuple[str, int], ...] = ()
    """(data set, rows) that went with lost agents."""
    saturated: tuple[tuple[str, int], ...] = ()
    """(agent, intervals), the worst first."""
    standstills: tuple[tuple[str, int], ...] = ()
    """(agent, ns), the longest of each."""
    late_levels: int = 0
    lateness: WaitLateness | None = None
    """Of the users' waits."""
    empty: Mapping[str, int]
    """Empty iterations by group."""
    unforeseen: tuple[str, ...] = ()
    """A sentence for every step that failed by a mistake in Gradual."""
    teardown: str | None = None
    """Why the teardown failed; None if it did not."""
    uncovered: tuple[str, ...] = ()
    """A sentence for every step with many failures that no objective of the plan judges."""
    doubtful: tuple[str, ...] = ()
    """A sentence for every custom metric that lacks values."""
    analysis_failure: str | None = None
    """Why the run has no answer, as a sentence: a bug."""
    capacity: CapacityResult | None = None
    """What a search has found; None in a plan without one."""
    doubts: tuple[str, ...] = ()
    """Why that may be the generator's capacity (`judging.trials`)."""
    rests_on_trials: bool = False
    """Whether the verdict is that of a search alone: what the generator did outside its trials is a warning."""
    tolerated_user_s: float = 0.0
    """Missing user-seconds that are tolerated (`scheduled_users.PER_CHANGE`)."""
    min_saturated_intervals: int = 0
    """Intervals from which on saturation makes a run invalid."""

    @property
    def missing_share(self) -> float:
        """Missing user-seconds as a share of the scheduled ones; 0 when they are within the tolerance."""
        scheduled, missing = self.fleet.scheduled_user_s, self.fleet.missing_user_s
        return missing / scheduled if scheduled > 0 and missing > self.tolerated_user_s else 0.0

    @property
    def lost_share(self) -> float:
        """Requests that were started and never reported, as a share of the started ones."""
        return (self.fleet.begun - self.fleet.merged) / self.fleet.begun if self.fleet.begun else 0.0

    @property
    def saturated_share(self) -> float:
        """Intervals in which any agent was saturated, as a share of the measured ones."""
        return self.fleet.saturated_intervals / self.fleet.intervals if self.fleet.intervals else 0.0

    @property
    def unaccounted(self) -> float:
        """The unaccounted share of the users' time (`littles_law`); 0 when it is within the tolerance."""
        share = self.law.unaccounted or 0.0
        return share if share * self.law.active_user_s > self.tolerated_user_s else 0.0


def unforeseen_steps(index: SeriesIndex, totals: Totals, samples: Sequence[ErrorSample]) -> Iterator[str]:
    """Steps that failed as `internal`, anywhere in the run, each with what was raised first, if that was described."""
    for step in index.steps:
        group = index.groups[step.group]
        if failed := totals.requests(
            Selection(totals.everywhere, (step.number,), (index.failures.numbers["internal"],))
        ):
            which = (group, step.name, "internal")
            details = (f": {one.detail}" for one in samples if (one.group, one.step, one.kind) == which)
            yield (
                f"{step.name} of {group} failed by a mistake in Gradual (internal), "
                f"{count(failed, 'time')}{next(details, '')}; the agent's log has the traceback"
            )


def uncovered_steps(
    index: SeriesIndex,
    totals: Totals,
    objectives: Iterable[Objective],
    errors: Sequence[ErrorRow],
    among: Collection[str] | None = None,
) -> Iterator[str]:
    """Steps with more than 5 % failures that no objective of the plan covers, each with its most frequent failure.

    `errors`: the most frequent first. `among`: of these steps only, `group / step`; None: of all.
    """
    covered = _covered(objectives)
    labels = {(row.group, row.step): row.label for row in reversed(errors)}
    for step in index.steps:
        requests, failures = totals.requests_and_failures(Selection(totals.measured, (step.number,)))
        if among is not None and f"{index.groups[step.group]} / {step.name}" not in among:
            continue
        if step.number not in covered and failures > MAX_FAILURE_SHARE * requests:
            group = index.groups[step.group]
            share = f"{percent(failures / requests)}; {labels[group, step.name]}"
            yield (
                f"{step.name} of {group}: {failures:,} of {count(requests, 'request')} failed ({share}), "
                "and no objective of the plan covers that"
            )


def _covered(objectives: Iterable[Objective]) -> set[int]:
    """What the plan's own objectives judge; one over all steps covers each, one on some kinds of failure none."""
    return {
        step
        for objective in objectives
        if objective.is_own and judges_failures(objective.rule) and not objective.rule.scope.names("kind")
        for step in objective.selection.steps
    }


def empty_iterations(index: SeriesIndex, totals: Totals) -> dict[str, int]:
    """By group, less the requests that could not be sent: such an iteration is not empty by its conditions."""
    iterations = totals.sums(totals.everywhere).iterations
    empty = {}
    for number, group in enumerate(index.groups):
        steps = tuple(step.number for step in index.steps if step.group == number)
        unsent = totals.counter("unsent", Selection(totals.everywhere, steps))
        empty[group] = max(0, int(iterations[number, 1]) - unsent)
    return empty
