"""The verdict: passed, failed, invalid or interrupted, with every reason for it.

interrupted   the run was interrupted or terminated
invalid       the run could not be done, users were missing, data was lost, a step failed by a mistake in
              Gradual, the generator was the bottleneck, or a search could not judge its first level
failed        an objective or the teardown failed, no capacity was confirmed, or the plan ended the run early
passed        nothing of these

The first status of this list that applies is the verdict. All reasons are reported, also those of later statuses.

- Interrupted is first: a run that was stopped has neither passed nor failed.
- Invalid is before failed, since an objective can only be judged by a valid measurement. When users were missing or the
  generator was the bottleneck, a high p95 may be the generator's own, and a low p95 may be due to the missing load. The
  run must be repeated; it says nothing about the release. The objectives that failed are reported too.
- Everything else is a warning: the same facts below their limits, and what a reader must know to trust the numbers
  (docs/design/results.md, "The summary").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gradual_common.clock import NS_PER_S
from gradual_common.process.exit_codes import Status, of_verdict
from gradual_common.units import count, percent
from gradual_master.analysis.capacity.result import why_unconfirmed
from gradual_master.results.judging.evidence import Evidence
from gradual_master.results.judging.littles_law import MAX_UNACCOUNTED_SHARE, UNACCOUNTED_WARNING_SHARE, WindowGap
from gradual_master.results.judging.objectives.objective import ObjectiveRow
from gradual_master.results.judging.objectives.of_plan import ALWAYS, DEFAULT_NAME
from gradual_master.results.judging.saturation import MAX_SATURATED_SHARE
from gradual_master.results.section import Section

STOPPED = {"interrupt": "interrupted", "terminate": "terminated"}

MAX_LOST_SHARE = 0.01
"""Share of the started requests that may be lost; more make the run invalid, fewer are a warning."""

MIN_REPORTED_MISSING_SHARE = 0.001
"""Share of missing user-seconds from which on there is a warning: every user starts a moment after its change."""

MAX_LEVEL_SPREAD_MS = 50
"""Agents that change their level further apart than this do not show the scheduled concurrency (docs/design/fleet.md,
4.1)."""

MIN_REPORTED_STANDSTILL_NS = NS_PER_S
"""An agent whose loop stood still for this long was stopped, swapped out or starved of CPU; a warning names it."""

NOT_JUDGED = ("not steady", "no data")
"""A search that ended so could not measure its first level: the run says nothing about the system."""

MAX_NAMED_AGENTS = 5
"""Agents that one reason names; the summary lists all of them."""


@dataclass(frozen=True, slots=True)
class Verdict(Section):
    """The judgement of a run; `code` is the exit code (`exit_codes.of_verdict`)."""

    status: Status
    code: int
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    objectives: tuple[ObjectiveRow, ...]


def judge(evidence: Evidence) -> Verdict:
    """Judge the run by its evidence."""
    signal = evidence.run.stop_signal
    stopped = (f"the run was {STOPPED[signal]} before its end; objectives are judged up to there",) if signal else ()
    aborted = (evidence.run.aborted,) if evidence.run.aborted else ()
    invalid = tuple(_invalid(evidence))
    failed = (*aborted, *_failed(evidence))
    status: Status = "interrupted" if stopped else "invalid" if invalid else "failed" if failed else "passed"
    code = of_verdict(status, signal)
    # Why the run ended early comes first, and once: an objective that ended it has also failed.
    reasons = tuple(dict.fromkeys((*stopped, *aborted, *invalid, *failed)))
    return Verdict(status, code, reasons, tuple(_warnings(evidence)), evidence.objectives)


def _has_failed(row: ObjectiveRow, severity: str) -> bool:
    return row.passed is False and row.severity == severity


def _is_saturated(evidence: Evidence) -> bool:
    if evidence.rests_on_trials:
        return False
    is_enough = evidence.fleet.saturated_intervals >= evidence.min_saturated_intervals
    return is_enough and evidence.saturated_share > MAX_SATURATED_SHARE and not evidence.run.allow_saturated


def _is_unaccounted(evidence: Evidence) -> bool:
    is_judged = not evidence.rests_on_trials and not evidence.run.allow_saturated
    return is_judged and evidence.unaccounted > MAX_UNACCOUNTED_SHARE


def _failed(evidence: Evidence) -> Iterator[str]:
    """The teardown and objectives that failed.

    When no request succeeded, the default limit would repeat that, and is left out.
    """
    if evidence.teardown is not None:
        yield evidence.teardown
    if evidence.capacity is not None and evidence.capacity.ended_by not in NOT_JUDGED:
        yield from why_unconfirmed(evidence.capacity)
    failed = [row for row in evidence.objectives if _has_failed(row, "fail")]
    has_no_success = any(row.name == ALWAYS for row in failed)
    yield from (row.reason or row.name for row in failed if not (has_no_success and row.name == DEFAULT_NAME))


def _invalid(evidence: Evidence) -> Iterator[str]:
    if evidence.run.failure is not None:
        yield evidence.run.failure
    yield from evidence.unforeseen
    if evidence.capacity is not None and evidence.capacity.ended_by in NOT_JUDGED:
        yield from why_unconfirmed(evidence.capacity)
    if evidence.missing_share > evidence.run.allow_missing:
        yield f"{_missing(evidence)}; {percent(evidence.run.allow_missing)} is allowed (--allow-missing)"
    if evidence.lost_share > MAX_LOST_SHARE:
        yield f"{_loss(evidence)}; more than {percent(MAX_LOST_SHARE)} make a run invalid"
    if _is_saturated(evidence):
        yield f"{_saturation(evidence)}; {_remedy(MAX_SATURATED_SHARE)}"
    if _is_unaccounted(evidence):
        yield f"{_unaccounted(evidence)}; {_remedy(MAX_UNACCOUNTED_SHARE)}"
    if not evidence.run.allow_saturated:
        more = "give it more agents or cores (--allow-saturated judges it anyway)"
        yield from (f"{doubt}: {more}" for doubt in _doubts(evidence))


def _remedy(most: float) -> str:
    return (
        f"more than {percent(most)} make a run invalid: give it more agents or cores, or fewer users "
        "(--allow-saturated judges it anyway)"
    )


def _doubts(evidence: Evidence) -> Iterator[str]:
    """Why a capacity may be the generator's own."""
    return (f"find_capacity: {doubt}, so the capacity may be that of the generator" for doubt in evidence.doubts)


def _warnings(evidence: Evidence) -> Iterator[str]:
    yield from (row.reason or row.name for row in evidence.objectives if _has_failed(row, "warn"))
    if not evidence.run.is_cut_short:
        yield from (row.reason or row.name for row in evidence.objectives if row.passed is None)
    if evidence.capacity is not None and evidence.capacity.recovered is False:
        yield "the system did not recover from an overload: with few users again, it still broke an objective"
    if evidence.capacity is not None and evidence.capacity.confirmed and evidence.capacity.low is None:
        yield "find_capacity: no trial was passed with confidence, estimates decided; a longer `hold` is more certain"
    if evidence.analysis_failure is not None:
        yield evidence.analysis_failure
    yield from evidence.uncovered
    yield from evidence.doubtful
    if MIN_REPORTED_MISSING_SHARE < evidence.missing_share <= evidence.run.allow_missing:
        yield _missing(evidence)
    if 0 < evidence.lost_share <= MAX_LOST_SHARE:
        yield _loss(evidence)
    if evidence.lost:
        yield f"{count(len(evidence.lost), 'agent')} lost: {', '.join(evidence.lost)}"
    for name, rows in evidence.lost_rows:
        yield f"{count(rows, 'row')} of {name!r} went with lost agents: whether they were used is not known"
    yield from _generator_warnings(evidence)
    if evidence.fleet.level_spread_ms > MAX_LEVEL_SPREAD_MS:
        yield f"agents put a level in force up to {evidence.fleet.level_spread_ms:.0f} ms apart"
    yield from _counted(evidence)


def _generator_warnings(evidence: Evidence) -> Iterator[str]:
    """What the generator did to the measurement, where it does not make the run invalid."""
    if evidence.run.allow_saturated:
        yield from _doubts(evidence)
    if evidence.fleet.saturated_intervals and not _is_saturated(evidence):
        yield _saturation(evidence)
    if evidence.unaccounted > UNACCOUNTED_WARNING_SHARE and not _is_unaccounted(evidence):
        yield _unaccounted(evidence)
    if evidence.law.worst:
        yield _window(evidence.law.worst[0], evidence.law.flagged)
    for agent, standstill in evidence.standstills:
        if standstill >= MIN_REPORTED_STANDSTILL_NS:
            yield f"{agent} stood still for up to {standstill / NS_PER_S:.1f} s: stopped, swapped out or starved of CPU"
    if evidence.lateness is not None and evidence.lateness.is_off:
        yield str(evidence.lateness)


def _missing(evidence: Evidence) -> str:
    """How much user time was missing."""
    return (
        f"{percent(evidence.missing_share)} of the scheduled user-seconds were missing "
        f"({evidence.fleet.missing_user_s:,.1f} of {evidence.fleet.scheduled_user_s:,.1f})"
    )


def _loss(evidence: Evidence) -> str:
    """Requests started and never reported, by agent: at least so many, since a lost agent may have started more."""
    lost = evidence.fleet.begun - evidence.fleet.merged
    names = _listed(evidence.losses)
    were = "was" if lost == 1 else "were"
    text = f"at least {lost:,} of {count(evidence.fleet.begun, 'request')} begun {were} never reported"
    return f"{text} ({percent(evidence.lost_share)})" + (f": {names}" if names else "")


def _saturation(evidence: Evidence) -> str:
    """In how many intervals the generator was the bottleneck, and which agents were."""
    how_many = f"{evidence.fleet.saturated_intervals:,} of {count(evidence.fleet.intervals, 'interval')}"
    share = percent(evidence.saturated_share)
    if len(evidence.saturated) == 1:
        return f"{evidence.saturated[0][0]} was saturated in {how_many} ({share})"
    names = _listed(f"{agent} {intervals:,}" for agent, intervals in evidence.saturated)
    return f"agents were saturated in {how_many} ({share}): {names}"


def _unaccounted(evidence: Evidence) -> str:
    """Little's law over the run."""
    return (
        f"{percent(evidence.unaccounted)} of the users' time was neither in a request nor thinking: "
        "the agents were late for them (Little's law)"
    )


def _window(worst: WindowGap, flagged: int) -> str:
    """Little's law over the worst window of a single agent."""
    more = f"; {count(flagged - 1, 'more window')} like it" if flagged > 1 else ""
    return (
        f"{worst.agent} was late for {percent(worst.unaccounted)} of its users' time "
        f"from {worst.start_s:g} s to {worst.end_s:g} s (Little's law){more}"
    )


def _counted(evidence: Evidence) -> Iterator[str]:
    """Warnings that are a number of something."""
    for number, one, many in (
        (evidence.late_levels, "level change was put in force late", "level changes were put in force late"),
        (evidence.fleet.late_starts, "user started late", "users started late"),
        (evidence.fleet.resent_batches, "batch was sent again", "batches were sent again"),
        (
            evidence.fleet.late_batches,
            "batch came after its interval was closed",
            "batches came after their interval was closed",
        ),
        (evidence.fleet.dropped_batches, "batch was dropped by its agent", "batches were dropped by their agents"),
    ):
        if number:
            yield f"{number:,} {one if number == 1 else many}"
    for group, number in evidence.empty.items():
        if number:
            yield f"{count(number, 'iteration')} of {group} sent no request and did not wait: check its conditions"


def _listed(entries: Iterable[str]) -> str:
    everything = list(entries)
    more = len(everything) - MAX_NAMED_AGENTS
    return ", ".join(everything[:MAX_NAMED_AGENTS]) + (f" and {more} more" if more > 0 else "")
