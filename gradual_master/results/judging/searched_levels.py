"""What the levels of a search for capacity were for, where they were no trials: marks of the table of levels.

`settling`: at the first number of users, so that queues run empty. After the confirmation, `overload`: the greatest
level that did not hold, held again; and `recovery`: a level tried straight after it. What such a level measures is not,
or not only, of its own users.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.results.judging.levels import LevelRow

SETTLING, OVERLOAD, RECOVERY = "settling", "overload", "recovery"

NO_TRIALS = frozenset({SETTLING, OVERLOAD, RECOVERY})
"""Levels that do not show how many users a system holds."""


def mark_searched(rows: Sequence[LevelRow], found: CapacityResult, begin_s: float) -> tuple[LevelRow, ...]:
    """The levels of a run, with those marks; `begin_s`: when the phase of the search began."""
    tried = found.tried_of(rows)
    confirmed = [row for row in tried if _was_confirmed(row, found)]
    after = [row for row in rows if confirmed and row.start_s >= confirmed[-1].end_s]
    marked = {row.start_s: RECOVERY for row in after} | {row.start_s: OVERLOAD for row in after[:1]}
    for row in rows:
        is_settling = row.start_s > begin_s and row.target == found.initial and row not in tried
        if is_settling and row.start_s not in marked:
            marked[row.start_s] = SETTLING
    return tuple(
        replace(row, marks=(*row.marks, marked[row.start_s])) if row.start_s in marked else row for row in rows
    )


def _was_confirmed(row: LevelRow, found: CapacityResult) -> bool:
    return any(
        (trial.purpose, trial.outcome) == ("confirm", "passed") and row.start_s <= trial.started_s < row.end_s
        for trial in found.trials
    )
