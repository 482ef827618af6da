"""The comparison of a run with a baseline, as the summary has it."""

from __future__ import annotations

from dataclasses import dataclass

from gradual_master.analysis.comparison.compare import RunComparison
from gradual_master.results.section import Section


@dataclass(frozen=True, slots=True)
class BaselineComparison(Section):
    """What came of it."""

    baseline: str
    """The name of the baseline, or its files."""
    result: RunComparison | None
    """None: the run must not, or cannot, be compared with it."""
    refusals: tuple[str, ...]
    """Why not, a sentence each."""
    notes: tuple[str, ...]
    """Reservations about single runs."""
