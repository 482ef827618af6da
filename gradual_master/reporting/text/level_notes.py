"""What speaks against a level, in the words of every report."""

from __future__ import annotations

from collections.abc import Sequence

from gradual_master.results.judging.levels import LevelRow

NOTES = {"missing": "missing users", "saturated": "saturated", "unaccounted": "unaccounted time"}
"""By the mark of a level; its failures are named with the steps that failed."""


def always_failing(levels: Sequence[LevelRow]) -> frozenset[str]:
    """The steps that fail wherever they are performed: the fault of no level."""
    return frozenset(step for row in levels for step in row.failing_always)


def notes_of(row: LevelRow) -> tuple[str, ...]:
    """Everything. Failures of steps that always fail speak against those steps, and are left out."""
    failing = [step for step in row.failing if step not in row.failing_always]
    failures = (f"failures: {', '.join(failing)}",) if failing and "failures" in row.marks else ()
    return (*remarks_of(row), *failures)


def remarks_of(row: LevelRow) -> tuple[str, ...]:
    """All but failures, for tables that have a column for these."""
    warm_up = ("warm-up",) if row.warm_up else ()
    return (*warm_up, *(NOTES.get(mark, mark) for mark in row.marks if mark != "failures"))
