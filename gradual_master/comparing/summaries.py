"""Two sides of runs, each by its summaries: refused with all reasons, or compared.

With fewer than five runs a side the comparison takes the baseline's A/A variation: two or more runs of the baseline are
a sample of it, however small, and the interval is as wide as that makes it. For a baseline of one run it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradual_common.units import count
from gradual_master.analysis.comparison.compare import RunComparison, compare_runs
from gradual_master.analysis.comparison.refusals import find_refusals
from gradual_master.analysis.comparison.runs import AaVariation, match_levels
from gradual_master.comparing.reading import JUDGED, SummaryRun, read_run
from gradual_master.comparing.variation import variations_of
from gradual_master.results.section import Section

SCHEMA = "gradual.comparison/1"


@dataclass(frozen=True, slots=True)
class SummaryComparison(Section):
    """What came of a comparison."""

    schema: str
    result: RunComparison | None
    """None: the runs must not, or cannot, be compared."""
    refusals: tuple[str, ...]
    """Why they must not be compared, a sentence each; with a result: they were compared in spite of it."""
    notes: tuple[str, ...]
    """Reservations about single runs."""


def compare_summaries(
    baseline: Sequence[Mapping[str, Any]],
    candidate: Sequence[Mapping[str, Any]],
    variations: Mapping[str, AaVariation] | None = None,
    *,
    force: bool = False,
) -> SummaryComparison:
    """Compare documents of `gradual.summary/1`; runs are called by their ids.

    `variations`: the A/A variation per metric, for a baseline of one run (`variation.variations_of`). `force`: compare
    in spite of refusals, as far as there is a level that all runs have. SummaryRefusedError: a document is no summary.
    """
    return compare_sides([*map(read_run, baseline)], [*map(read_run, candidate)], variations, force=force)


def compare_sides(
    baseline: Sequence[SummaryRun],
    candidate: Sequence[SummaryRun],
    variations: Mapping[str, AaVariation] | None = None,
    *,
    force: bool = False,
) -> SummaryComparison:
    """Compare runs that were read (`compare_summaries`)."""
    every = (*baseline, *candidate)
    refusals = (*_refusals(every), *find_refusals([one.facts for one in baseline], [one.facts for one in candidate]))
    notes = (*(note for one in every for note in one.notes), *_notes_on_agents(every))
    is_possible = bool(baseline and candidate and match_levels([one.run for one in every])[0])
    if not is_possible or (refusals and not force):
        return SummaryComparison(SCHEMA, None, refusals, notes)
    sides = [one.run for one in baseline], [one.run for one in candidate]
    known = variations_of(sides[0]) if variations is None else variations
    return SummaryComparison(SCHEMA, compare_runs(*sides, known), refusals, notes)


def _notes_on_agents(runs: Sequence[SummaryRun]) -> Iterator[str]:
    """Runs with another number of agents than the first one, of those where it is known."""
    known = [one for one in runs if one.agents is not None]
    for number in dict.fromkeys(one.agents for one in known):
        if number is not None and number != known[0].agents:
            names = ", ".join(one.name for one in known if one.agents == number)
            yield (
                f"{known[0].name} ran with {count(known[0].agents or 0, 'agent')}, {names} with {number}. The machines "
                "of agents are not recorded: see that they are alike."
            )


def _refusals(runs: Sequence[SummaryRun]) -> Iterator[str]:
    """What summaries say of themselves that keeps them out of a comparison."""
    first: dict[str, str] = {}
    for one in runs:
        known = first.setdefault(one.run_id, one.name)
        if known != one.name:
            yield f"{one.name} and {known} are the same run ({one.run_id}). Give every run once."
        if one.status not in JUDGED:
            yield f"{one.name}: the run is {one.status}, so that its values are not the system's. Leave it out."
