"""The verdict: passed, failed, invalid or interrupted, with every reason for it (RESULTS.md, The summary).

interrupted   the run was interrupted or terminated, whatever else there is
invalid       the run could not be done, users were missing, data was lost, a step failed by a mistake in
              Gradual, or the generator was the bottleneck
failed        an objective failed
passed        nothing of these

The gravest decides, in this order, and every reason is said. A run that somebody stopped is neither passed nor failed,
so that is first. Invalid stands before failed because an objective can only be judged by a measurement that holds: when
users were missing, or the generator was the bottleneck, a p95 that is too high may be the generator's own, and a low
one may be due to the missing load; the run is to be repeated, and no release is to be blamed or cleared by it. The
objectives that failed are said all the same, since they may be what is to be mended. Whatever does not decide is a
warning: the same facts below their limits, and what a reader must know to trust the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradual_common.clock import NS_PER_S
from gradual_common.process.exit_codes import Status, of_verdict
from gradual_common.units import percent
from gradual_master.results.judging import reasons
from gradual_master.results.judging.evidence import Evidence
from gradual_master.results.judging.littles_law import INVALID as MOST_UNACCOUNTED
from gradual_master.results.judging.littles_law import WARNED as UNACCOUNTED_WARNED
from gradual_master.results.judging.objectives import ObjectiveRow
from gradual_master.results.judging.plan_objectives import ALWAYS, DEFAULT_NAME
from gradual_master.results.judging.saturation import MOST_SATURATED
from gradual_master.results.section import Section

STOPPED = {"interrupt": "interrupted", "terminate": "terminated"}

MOST_LOST = 0.01
"""Share of the requests begun that may be lost before the run is invalid; below it they are a warning."""

LEAST_SAID = 0.001
"""Share of missing user-seconds below which nothing is said: a user starts a moment after each change."""

WIDEST_SPREAD_MS = 50
"""Agents that change their level further apart than this do not show the scheduled concurrency (DESIGN 4.1)."""

LONGEST_STANDSTILL = NS_PER_S
"""An agent whose loop stood still for longer was stopped, swapped out or starved; it is named, whatever came of it."""


@dataclass(frozen=True, slots=True)
class Verdict(Section):
    """The judgement of a run; `code` is the exit code (`exit_codes.of_verdict`)."""

    status: Status
    code: int
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    objectives: tuple[ObjectiveRow, ...]


def judge(evidence: Evidence) -> Verdict:
    """Weigh the evidence."""
    stopped = tuple(_stopped(evidence))
    invalid = tuple(_invalid(evidence))
    failed = tuple(_failed(evidence))
    status: Status = "interrupted" if stopped else "invalid" if invalid else "failed" if failed else "passed"
    code = of_verdict(status, evidence.run.stop_signal)
    return Verdict(status, code, (*stopped, *invalid, *failed), tuple(_warnings(evidence)), evidence.objectives)


def _has_failed(row: ObjectiveRow, severity: str) -> bool:
    return row.passed is False and row.severity == severity


def _is_saturated(evidence: Evidence) -> bool:
    is_enough = evidence.fleet.saturated_intervals >= evidence.least_saturated
    return is_enough and evidence.saturated_share > MOST_SATURATED and not evidence.tolerance.allow_saturated


def _is_unaccounted(evidence: Evidence) -> bool:
    return evidence.unaccounted > MOST_UNACCOUNTED and not evidence.tolerance.allow_saturated


def _failed(evidence: Evidence) -> Iterator[str]:
    """Objectives that failed; where nothing succeeded, the default limit says the same once more and is left out."""
    failed = [row for row in evidence.objectives if _has_failed(row, "fail")]
    has_no_success = any(row.name == ALWAYS for row in failed)
    yield from (row.reason or row.name for row in failed if not (has_no_success and row.name == DEFAULT_NAME))


def _stopped(evidence: Evidence) -> Iterator[str]:
    if evidence.run.stop_signal is not None:
        yield f"the run was {STOPPED[evidence.run.stop_signal]} before its end; objectives are judged up to there"


def _invalid(evidence: Evidence) -> Iterator[str]:
    if evidence.run.failure is not None:
        yield evidence.run.failure
    yield from map(reasons.unforeseen, evidence.unforeseen)
    if evidence.missing_share > evidence.tolerance.allow_missing:
        yield f"{reasons.missing(evidence)}; allowed are {percent(evidence.tolerance.allow_missing)} (--allow-missing)"
    if evidence.lost_share > MOST_LOST:
        yield f"{reasons.loss(evidence)}; more than {percent(MOST_LOST)} make a run invalid"
    if _is_saturated(evidence):
        yield f"{reasons.saturation(evidence)}; {_remedy(MOST_SATURATED)}"
    if _is_unaccounted(evidence):
        yield f"{reasons.unaccounted(evidence)}; {_remedy(MOST_UNACCOUNTED)}"


def _remedy(most: float) -> str:
    return (
        f"more than {percent(most)} make a run invalid: give it more agents or cores, or fewer users "
        "(--allow-saturated judges it all the same)"
    )


def _warnings(evidence: Evidence) -> Iterator[str]:
    yield from (row.reason or row.name for row in evidence.objectives if _has_failed(row, "warn"))
    if evidence.run.stop_signal is None and evidence.run.failure is None:
        yield from (row.reason or row.name for row in evidence.objectives if row.passed is None)
    yield from (reasons.uncovered(step) for step in evidence.uncovered)
    if LEAST_SAID < evidence.missing_share <= evidence.tolerance.allow_missing:
        yield reasons.missing(evidence)
    if 0 < evidence.lost_share <= MOST_LOST:
        yield reasons.loss(evidence)
    if evidence.lost:
        yield reasons.lost_agents(evidence)
    yield from _generator_warnings(evidence)
    if evidence.fleet.level_spread_ms > WIDEST_SPREAD_MS:
        yield f"agents put a level in force up to {evidence.fleet.level_spread_ms:.0f} ms apart"
    yield from reasons.counted(evidence)


def _generator_warnings(evidence: Evidence) -> Iterator[str]:
    """What the generator did to the measurement, where it does not make the run invalid."""
    if evidence.fleet.saturated_intervals and not _is_saturated(evidence):
        yield reasons.saturation(evidence)
    if evidence.unaccounted > UNACCOUNTED_WARNED and not _is_unaccounted(evidence):
        yield reasons.unaccounted(evidence)
    if evidence.law.worst:
        yield reasons.window(evidence.law.worst[0], evidence.law.flagged)
    for agent, standstill in evidence.standstills:
        if standstill >= LONGEST_STANDSTILL:
            yield f"{agent} stood still for up to {standstill / NS_PER_S:.1f} s: stopped, swapped out or starved of CPU"
    if evidence.lateness is not None and evidence.lateness.is_off:
        yield reasons.lateness(evidence.lateness)
