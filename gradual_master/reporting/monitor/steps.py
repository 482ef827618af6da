"""What each step did over the last seconds, merged from the intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradual_master.reporting.step_sums import StepSums
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.measures.intervals import ActionInterval, IntervalRecord


@dataclass(frozen=True, slots=True)
class StepRates:
    """One step of one group; rates a second, times in ms."""

    group: str
    step: str
    rate: float
    failed: float
    times: Distribution


class RecentSteps:
    """Works out the steps of an interval once, however often it is looked at: 8 ms for 20 agents and 16 steps."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[ActionInterval, ...]] = {}

    def rates(self, records: Sequence[IntervalRecord]) -> tuple[StepRates, ...]:
        """The steps that did something in these intervals, in the order in which they first appear."""
        self._known = {record.number: self._known.get(record.number) or record.actions() for record in records}
        seconds = sum(record.end_s - record.start_s for record in records)
        sums: dict[tuple[str, str], StepSums] = {}
        for rows in self._known.values():
            for row in rows:
                sums.setdefault((row.group, row.step), StepSums()).add(row)
        return tuple(
            StepRates(group, step, of.requests / seconds, of.errors.total() / seconds, Distribution.of(of.times))
            for (group, step), of in sums.items()
        )
