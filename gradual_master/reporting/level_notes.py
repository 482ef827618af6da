"""What speaks against a level, in the words of every report."""

from __future__ import annotations

from collections.abc import Sequence

from gradual_master.results.levels import LevelRow

NOTES = {"missing": "missing users", "saturated": "saturated", "unaccounted": "unaccounted time"}
"""By the mark of a level; its failures are told with the steps that failed."""


def always_failing(levels: Sequence[LevelRow]) -> frozenset[str]:
    """The steps that fail at every level at which anything was asked: the fault of no level."""
    asked = [frozenset(row.failing) for row in levels if row.requests]
    return frozenset.intersection(*asked) if asked else frozenset()


def notes_of(row: LevelRow, always: frozenset[str]) -> tuple[str, ...]:
    """Everything. Failures of steps that fail at all levels speak against those steps, and are left out."""
    failing = [step for step in row.failing if step not in always]
    failures = (f"failures: {', '.join(failing)}",) if failing and "failures" in row.marks else ()
    return (*remarks_of(row), *failures)


def remarks_of(row: LevelRow) -> tuple[str, ...]:
    """All but failures, for tables that have a column for these."""
    warm_up = ("warm-up",) if row.warm_up else ()
    return (*warm_up, *(NOTES.get(mark, mark) for mark in row.marks if mark != "failures"))
