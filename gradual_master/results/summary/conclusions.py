"""What a run says of the system: its answer, scalability and capacity.

The analysis is an addition to what was measured. A mistake in it is a warning: the measurements, the verdict and all
reports are there without it.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.analysis.scalability.result import Scalability
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.judging.levels import LevelRow
from gradual_master.results.judging.trials import GeneratorDoubts
from gradual_master.results.measures.watches import WatchRow
from gradual_master.results.summary.holding import holding_sentences
from gradual_master.results.summary.scalability import answer_of, scalability_of

INVALID = "The run is invalid, for the reasons in the verdict: what follows may not be the system's."


@dataclass(frozen=True, slots=True)
class Conclusions:
    """Parts of the section `analysis` of a summary."""

    answer: tuple[str, ...] = ()
    scalability: Scalability | None = None
    capacity: CapacityResult | None = None
    is_doubted: bool = False
    """Whether the answer says itself that the generator may have decided."""
    failure: str | None = None
    """Why there is no answer, as a sentence; None if nothing went wrong."""

    def answer_of(self, status: str) -> tuple[str, ...]:
        """The answer of a run with this verdict: what an invalid one says is not certain."""
        if status != "invalid" or self.is_doubted or not self.answer:
            return self.answer
        return (INVALID, *self.answer)


def conclude(
    aggregate: Aggregate,
    levels: Sequence[LevelRow],
    watches: Sequence[WatchRow],
    doubts: GeneratorDoubts | None = None,
) -> Conclusions:
    """The conclusions from these levels; with `failure`, and without an answer, if the analysis raised anything.

    `doubts`: where the generator may have decided a search; None if that is allowed.
    """
    found = None if aggregate.search is None else aggregate.search.result
    if found is not None and doubts is not None:
        found = doubts.certain_of(found)
    try:
        # Levels at which a search only settles are short, and follow an overload: they show no steady system.
        rows = levels if found is None else found.tried_of(levels)
        scalability = scalability_of(rows)
        about = doubts.about(found) if found is not None and doubts is not None else ()
        answer = (*_holding(aggregate, rows, found, about), *answer_of(scalability, rows, watches))
    except Exception as bug:
        failure = f"the analysis failed: {bug_text(bug)}; this is a bug in Gradual, and the measurements are complete"
        return Conclusions(capacity=found, failure=failure)
    return Conclusions(answer, scalability, found, is_doubted=bool(about))


def _holding(
    aggregate: Aggregate, rows: Sequence[LevelRow], found: CapacityResult | None, doubts: Sequence[str]
) -> Iterator[str]:
    """How many users the system holds: what a search has found, or a ramp has shown."""
    if aggregate.search is not None:
        return iter(() if found is None else aggregate.search.sentences(found, doubts))
    objectives = [watch.objective for watch in aggregate.watches]
    return holding_sentences(objectives, aggregate.terms, aggregate.levels, rows)


def bug_text(bug: Exception) -> str:
    """What was raised, and in which line: `ZeroDivisionError: division by zero (bounds.py, line 61)`."""
    last = traceback.extract_tb(bug.__traceback__)[-1]
    text = f"{type(bug).__name__}: {bug}" if str(bug) else type(bug).__name__
    return f"{text} ({Path(last.filename).name}, line {last.lineno})"
