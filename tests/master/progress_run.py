"""A short run, and what a display remembers of it."""

from typing import Any

from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_common.plan.model.plan import Plan
from gradual_common.schedule.schedule import Schedule
from gradual_master.reporting.progress.reporter import (
    ProgressState,
)
from gradual_master.results.measures.intervals import IntervalRecord

SCHEDULE = schedule_of((2, 1), (4, 2), seconds=6)


def records(count: int, *, plan: Plan | None = None, schedule: Schedule = SCHEDULE) -> list[IntervalRecord]:
    """Second k has k + 1 logins of 10 ms; every third second one more that failed."""
    aggregate = aggregate_of(plan or plan_of(), schedule)
    closed = []
    for second in range(count):
        samples = [(0, "", 10 * MS)] * (second + 1) + [(1, "status", 20 * MS)] * (second % 3 == 0)
        stretch = Stretch(second // 6, second * S, (second + 1) * S, samples, users=[(2, 0, 0, 0), (1, 0, 0, 0.5)])
        aggregate.merge("a", batch_of(second + 1, second, stretch))
        closed.append(aggregate.close(second))
    return closed


def state_after(count: int, **changes: Any) -> ProgressState:
    state = ProgressState(changes.get("schedule", SCHEDULE))
    for record in records(count, **changes):
        state.add(record)
    return state
