"""What set-up and teardown measured: blocks of their own, which are in no total, level or objective of the run."""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common.errors import WireError
from gradual_common.language.document import ONCE
from gradual_common.plan.model.once import once_plan
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.messages import OnceReport
from gradual_common.schedule.schedule import Schedule
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.facts import OnceFacts
from gradual_master.results.judging.evidence import unforeseen_steps
from gradual_master.results.measures.distribution import seconds
from gradual_master.results.merging.sums import BEGIN, END, OUTSIDE
from gradual_master.results.summary.actions import action_rows, transaction_rows
from gradual_master.results.summary.sections import OnceSection


class OnceResults:
    """The report of each section of the plan, merged into an aggregate of the plan of its one user."""

    def __init__(self, plan: Plan, interval: int) -> None:
        self._aggregates = {
            section: Aggregate(once_plan(plan, section), Schedule((), (), (), None, (section,)), interval)
            for section in ONCE
            if getattr(plan, section)
        }

    def merge(self, agent_id: str, agent: str, report: OnceReport) -> None:
        """Add a report; WireError when it does not fit the plan. `agent`: the name of its sender."""
        aggregate = next((found for section, found in self._aggregates.items() if section == report.section), None)
        if aggregate is None:
            raise WireError(f"the plan has no {report.section}")
        if [frame.level for frame in report.batch.frames] != [OUTSIDE] or report.batch.interval != 0:
            raise WireError(f"a {report.section} is one frame, outside of levels")
        for exemplar in report.exemplars:
            aggregate.error_samples.add(agent, exemplar)
        aggregate.start = report.batch.frames[0].begin
        aggregate.merge(agent_id, report.batch)
        aggregate.settle()

    @property
    def sent(self) -> int:
        """The messages of both."""
        totals = [aggregate.totals for aggregate in self._aggregates.values()]
        return sum(one.counter("sent", one.everything()) for one in totals)

    def unforeseen(self) -> Iterator[str]:
        """A sentence for every step that failed by a mistake in Gradual."""
        for aggregate in self._aggregates.values():
            samples = aggregate.error_samples.rows(aggregate.start)
            yield from unforeseen_steps(aggregate.index, aggregate.totals, samples)

    def section(self, facts: OnceFacts) -> OnceSection:
        """The block of one section."""
        aggregate = self._aggregates[facts.section]
        return OnceSection(
            status="failed" if facts.failure else "passed" if facts.agent else "not performed",
            agent=facts.agent,
            duration_s=_duration(aggregate),
            reason=facts.failure,
            actions=action_rows(aggregate),
            transactions=transaction_rows(aggregate),
            errors=aggregate.errors(),
            error_samples=aggregate.error_samples.rows(aggregate.start),
        )


def _duration(aggregate: Aggregate) -> float | None:
    """From its beginning to its end; None if nothing was reported."""
    sums = aggregate.levels.sums
    row = sums.rows.get(OUTSIDE)
    return None if row is None else seconds(int(sums.extents[row, END] - sums.extents[row, BEGIN]))
