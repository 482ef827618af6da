"""What a run says of the system: its answer, scalability and capacity.

The analysis is an addition to what was measured. A mistake in it is a warning: the measurements, the verdict and all
reports are there without it.
"""

from __future__ import annotations

import re
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

INTERVAL = re.compile(r" \([\d,]+–[\d,]+\)\.$")
"""How a sentence ends that says a capacity with its interval."""

NOT_RECOVERED = "It did not recover"


@dataclass(frozen=True, slots=True)
class Conclusions:
    """Parts of the section `analysis` of a summary."""

    answer: tuple[str, ...] = ()
    scalability: Scalability | None = None
    capacity: CapacityResult | None = None
    failure: str | None = None
    """Why there is no answer, as a sentence; None if nothing went wrong."""


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
        answer = (*_holding(aggregate, rows, found, doubts), *answer_of(scalability, rows, watches))
    except Exception as bug:
        failure = f"the analysis failed: {bug_text(bug)}; this is a bug in Gradual, and the measurements are complete"
        return Conclusions(capacity=found, failure=failure)
    return Conclusions(answer, scalability, found)


def _holding(
    aggregate: Aggregate, rows: Sequence[LevelRow], found: CapacityResult | None, doubts: GeneratorDoubts | None
) -> Iterator[str]:
    """How many users the system holds: what a search has found, or a ramp has shown."""
    if aggregate.search is not None:
        sentences = aggregate.search.sentences()
        return iter(sentences if found is None or doubts is None else _of_system(sentences, found, doubts))
    objectives = [watch.objective for watch in aggregate.watches]
    return holding_sentences(objectives, aggregate.terms, aggregate.levels, rows)


def _of_system(sentences: Sequence[str], found: CapacityResult, doubts: GeneratorDoubts) -> Iterator[str]:
    """The sentences of a search without what may be the generator's; `found`: the result without that."""
    reasons = doubts.about(found)
    if reasons:
        yield f"Not the system's capacity for certain: {' and '.join(reasons)}."
    for sentence in sentences:
        if found.recovered is None and sentence.startswith(NOT_RECOVERED):
            yield "Whether it recovers from an overload could not be judged: agents were the bottleneck after it."
        else:
            yield INTERVAL.sub(".", sentence) if reasons or found.high is None else sentence


def bug_text(bug: Exception) -> str:
    """What was raised, and in which line: `ZeroDivisionError: division by zero (bounds.py, line 61)`."""
    last = traceback.extract_tb(bug.__traceback__)[-1]
    text = f"{type(bug).__name__}: {bug}" if str(bug) else type(bug).__name__
    return f"{text} ({Path(last.filename).name}, line {last.lineno})"
