"""The verdict: passed, failed, invalid or interrupted, with every reason for it (RESULTS.md, The summary).

interrupted   130, or 143 when terminated, whatever else there is
invalid       3: the run could not be done, users were missing, or data was lost
failed        1: an objective failed
passed        0
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gradual_common.clock import NS_PER_MS
from gradual_master.results.objectives import ObjectiveRow
from gradual_master.results.section import Section

Status = Literal["passed", "failed", "invalid", "interrupted"]

EXIT_OF_SIGNAL = {"interrupt": 130, "terminate": 143}
STOPPED = {"interrupt": "interrupted", "terminate": "terminated"}
INVALID = 3
FAILED = 1

MOST_LOST = 0.01
"""Share of the requests begun that may be lost before the run is invalid; below it they are a warning."""

LEAST_SAID = 0.001
"""Share of missing user-seconds below which nothing is said: a user starts a moment after each change."""

WIDEST_SPREAD = 50 * NS_PER_MS
"""Agents that change their level further apart than this do not show the scheduled concurrency (DESIGN 4.1)."""


@dataclass(frozen=True, slots=True)
class Verdict(Section):
    """The judgement of a run; `code` is the exit code."""

    status: Status
    code: int
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    objectives: tuple[ObjectiveRow, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a verdict is made of. `lost`: names of lost agents; `empty`: empty iterations by group."""

    objectives: tuple[ObjectiveRow, ...]
    stop_signal: str | None = None
    failure: str | None = None
    scheduled_user_s: float = 0.0
    missing_user_s: float = 0.0
    allow_missing: float = 0.01
    begun: int = 0
    merged: int = 0
    lost: tuple[str, ...] = ()
    late_batches: int = 0
    dropped_batches: int = 0
    late_levels: int = 0
    late_starts: int = 0
    level_spread: int = 0
    empty: Mapping[str, int] = field(default_factory=dict)

    @property
    def missing_share(self) -> float:
        """Missing user-seconds as a share of the scheduled ones."""
        return self.missing_user_s / self.scheduled_user_s if self.scheduled_user_s else 0.0

    @property
    def lost_share(self) -> float:
        """Requests begun and never reported, as a share of those begun."""
        return (self.begun - self.merged) / self.begun if self.begun else 0.0


def judge(evidence: Evidence) -> Verdict:
    """Weigh the evidence."""
    stopped = tuple(_stopped(evidence))
    invalid = tuple(_invalid(evidence))
    failed = tuple(row.reason or row.name for row in evidence.objectives if _has_failed(row, "fail"))
    status, code = _status(evidence, invalid=bool(invalid), failed=bool(failed))
    return Verdict(status, code, (*stopped, *invalid, *failed), tuple(_warnings(evidence)), evidence.objectives)


def _status(evidence: Evidence, *, invalid: bool, failed: bool) -> tuple[Status, int]:
    if evidence.stop_signal is not None:
        return "interrupted", EXIT_OF_SIGNAL[evidence.stop_signal]
    if invalid:
        return "invalid", INVALID
    return ("failed", FAILED) if failed else ("passed", 0)


def _has_failed(row: ObjectiveRow, severity: str) -> bool:
    return row.passed is False and row.severity == severity


def _stopped(evidence: Evidence) -> Iterator[str]:
    if evidence.stop_signal is not None:
        yield f"the run was {STOPPED[evidence.stop_signal]} before its end"


def _invalid(evidence: Evidence) -> Iterator[str]:
    if evidence.failure is not None:
        yield evidence.failure
    if evidence.missing_share > evidence.allow_missing:
        yield f"{_missing(evidence)}; allowed are {100 * evidence.allow_missing:.3g} % (--allow-missing)"
    if evidence.lost_share > MOST_LOST:
        yield f"{_loss(evidence)}; more than {100 * MOST_LOST:g} % make a run invalid"


def _warnings(evidence: Evidence) -> Iterator[str]:
    yield from (row.reason or row.name for row in evidence.objectives if _has_failed(row, "warn"))
    yield from (row.reason or row.name for row in evidence.objectives if row.passed is None)
    if LEAST_SAID < evidence.missing_share <= evidence.allow_missing:
        yield _missing(evidence)
    if 0 < evidence.lost_share <= MOST_LOST:
        yield _loss(evidence)
    if evidence.lost:
        yield f"{_count(len(evidence.lost), 'agent')} lost: {', '.join(evidence.lost)}"
    if evidence.level_spread > WIDEST_SPREAD:
        yield f"agents put a level in force up to {evidence.level_spread / NS_PER_MS:.0f} ms apart"
    for number, one, many in (
        (evidence.late_levels, "level change was put in force late", "level changes were put in force late"),
        (evidence.late_starts, "user started late", "users started late"),
        (
            evidence.late_batches,
            "batch came after its interval was closed",
            "batches came after their interval was closed",
        ),
        (evidence.dropped_batches, "batch was dropped by its agent", "batches were dropped by their agents"),
    ):
        if number:
            yield f"{number:,} {one if number == 1 else many}"
    for group, number in evidence.empty.items():
        if number:
            yield f"{_count(number, 'iteration')} of {group} neither sent nor waited: check its conditions"


def _missing(evidence: Evidence) -> str:
    return (
        f"{100 * evidence.missing_share:.2g} % of the scheduled user-seconds were missing "
        f"({evidence.missing_user_s:,.1f} of {evidence.scheduled_user_s:,.1f})"
    )


def _loss(evidence: Evidence) -> str:
    lost = evidence.begun - evidence.merged
    return f"{lost:,} of {evidence.begun:,} requests begun were never reported ({100 * evidence.lost_share:.2g} %)"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
