"""A summary as a comparison takes it: its levels, what must be equal for a comparison, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gradual_common.secrecy.quoting import shorten, visible
from gradual_master.analysis.comparison.refusals import ComparedFacts
from gradual_master.analysis.comparison.runs import ComparedRun
from gradual_master.comparing.levels import compared_level, counts_in_comparisons, is_level, is_search, trials_of
from gradual_master.errors import SummaryRefusedError
from gradual_master.results.summary.sections import SCHEMA

UNCHANGED = "give the summary as it was written"
JUDGED = ("passed", "failed")
"""The statuses of runs that were measured to their end: a missed objective makes no number wrong."""


@dataclass(frozen=True, slots=True)
class SummaryRun:
    """What is known of one run."""

    run_id: str
    run: ComparedRun
    facts: ComparedFacts
    status: str
    """Of its verdict."""
    notes: tuple[str, ...]
    """Reservations about its levels, as sentences."""
    agents: int | None = None
    """How many agents made its load; None: not recorded."""

    @property
    def name(self) -> str:
        """As it is called in the comparison."""
        return self.run.name


def read_run(document: Any, name: str | None = None) -> SummaryRun:
    """The run of a summary, called `name` (its id by default); SummaryRefusedError for what is no summary."""
    where = name or "the summary"
    if not isinstance(document, Mapping):
        raise SummaryRefusedError(f"{where} is no JSON object; a summary is one (`-o json=PATH`)")
    schema = document.get("schema")
    if schema != SCHEMA:
        found = "none" if schema is None else shorten(str(schema))
        raise SummaryRefusedError(f"{where}: `schema` is {found}; {SCHEMA} can be compared (`-o json=PATH`)")
    run, verdict = _part(document, "run", where), _part(document, "verdict", where)
    run_id = run.get("id")
    if not isinstance(run_id, str) or not run_id:
        raise SummaryRefusedError(f"{where}: `run.id` is missing; {UNCHANGED}")
    called = name or run_id
    was_tried, searched = trials_of(document), is_search(document)
    rows = [row for row in _rows(document, called) if counts_in_comparisons(row) and was_tried(row)]
    return SummaryRun(
        run_id=run_id,
        run=ComparedRun(called, tuple(compared_level(row, of_search=searched) for row in rows)),
        facts=ComparedFacts(called, _plan_of(run), _fingerprint_of(run), tuple(float(row["target"]) for row in rows)),
        status=visible(shorten(str(verdict.get("status")))),
        notes=tuple(_notes(rows, called)),
        agents=len(agents) if isinstance(agents := document.get("agents"), list) else None,
    )


def _part(document: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    part = document.get(key)
    if not isinstance(part, Mapping):
        raise SummaryRefusedError(f"{where}: `{key}` is no object; {UNCHANGED}")
    return part


def _rows(document: Mapping[str, Any], where: str) -> Iterator[Mapping[str, Any]]:
    rows = document.get("levels")
    if not isinstance(rows, list):
        raise SummaryRefusedError(f"{where}: `levels` is no list; {UNCHANGED}")
    for number, row in enumerate(rows, 1):
        if not is_level(row):
            raise SummaryRefusedError(f"{where}: number {number} of `levels` is no level of a summary; {UNCHANGED}")
        yield row


def _plan_of(run: Mapping[str, Any]) -> str:
    """The plan without the addresses of the system: a plan that runs against two systems is one plan."""
    return str(run.get("load_sha256") or run.get("plan_sha256") or "")


def _fingerprint_of(run: Mapping[str, Any]) -> Mapping[str, object] | None:
    found = run.get("fingerprint")
    return found if isinstance(found, Mapping) else None


def _notes(rows: list[Mapping[str, Any]], name: str) -> Iterator[str]:
    unsteady = [f"{row['target']:g}" for row in rows if "unsteady" in row["marks"]]
    if unsteady:
        yield f"{name} was not steady at {', '.join(unsteady)} users: its values there are over the whole level."
