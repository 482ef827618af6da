"""Which steps' failures do objectives look at? A run must not pass because nobody asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradual_common.kinds.failures import OK
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.judging.evidence import Uncovered
from gradual_master.results.judging.plan_objectives import judges_failures
from gradual_master.results.measures.errors import ErrorRow
from gradual_master.results.measures.levels import MOST_FAILURES
from gradual_master.results.measures.totals import Selection


def uncovered_steps(aggregate: Aggregate, errors: Iterable[ErrorRow]) -> Iterator[Uncovered]:
    """Steps with more than 5 % failures that no objective of the plan covers; `errors`: the most frequent first."""
    covered = _covered(aggregate)
    labels = {(row.group, row.step): row.label for row in reversed(list(errors))}
    for series in aggregate.index.steps:
        by_kind = aggregate.totals.by_kind(Selection(aggregate.totals.measured, (series.number,)))
        requests = sum(by_kind.values())
        failures = requests - by_kind.get(OK, 0)
        if series.number not in covered and failures > MOST_FAILURES * requests:
            group = aggregate.index.groups[series.group]
            yield Uncovered(series.name, group, failures, requests, labels[group, series.name])


def _covered(aggregate: Aggregate) -> set[int]:
    """What the plan's own objectives judge; one over all steps covers each, one on some kinds of failure none."""
    objectives = [watch.objective for watch in aggregate.watches]
    return {
        step
        for objective in objectives
        if objective.is_own and judges_failures(objective.rule) and not objective.rule.scope.names("kind")
        for step in objective.selection.steps
    }
