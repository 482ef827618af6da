"""The sums of each step over the closed intervals so far: the state that exporters keep between two exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from gradual_common.histogram.histogram import Histogram
from gradual_master.results.measures.intervals import ActionInterval


class StepKey(NamedTuple):
    """The key of one sum."""

    group: str
    step: str
    action: str
    service: str
    """"" for an action that names none."""
    warm_up: bool
    """Whether the requests ended in an interval of a warm-up phase."""


@dataclass(slots=True)
class StepSums:
    """Of one step: requests, failures by kind, response times."""

    requests: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    times: Histogram = field(default_factory=Histogram)

    def add(self, row: ActionInterval) -> None:
        """Add an interval."""
        self.requests += row.requests
        self.errors.update(row.errors)
        self.times.merge(row.histogram)

    def copy(self) -> StepSums:
        """A copy that later additions do not change."""
        return StepSums(self.requests, self.errors.copy(), self.times.copy())


def add_rows(sums: dict[StepKey, StepSums], rows: Iterable[ActionInterval], *, warm_up: bool) -> None:
    """Add what every step did in one interval."""
    for row in rows:
        sums.setdefault(StepKey(row.group, row.step, row.action, row.service or "", warm_up), StepSums()).add(row)
