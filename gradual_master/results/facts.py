"""Facts about a run besides its measurements: input of verdict, summary and reporters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gradual_common.language.document import Once


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """One agent as the fleet saw it."""

    id: str
    name: str
    host: str
    lost: bool
    offset: int | None
    """The master's clock − its clock, ns; None before the agent has estimated it."""
    begun: int
    """Requests that it had started by its last ping."""
    left: bool = False
    """It drained away on request, and is not lost."""


@dataclass(frozen=True, slots=True)
class SlotsFinished:
    """`count` slots of one group ended for good at the run time `at` (ns): they leave the scheduled count."""

    at: int
    group: int
    count: int


@dataclass(frozen=True, slots=True)
class OnceFacts:
    """How the set-up or the teardown ended."""

    section: Once
    agent: str | None
    """Who performed it; None if nobody did."""
    failure: str | None
    """Why it is not complete, as a sentence; None if nothing of it has failed, or it was not due."""


@dataclass(frozen=True, slots=True)
class SupplyFacts:
    """What became of the rows of a data set with `per: iteration`."""

    name: str
    rows: int
    """In the file."""
    handed_out: int
    """Rows that agents got, in all passes."""
    used: int
    """Rows that iterations got, as far as agents have reported."""
    lost: int
    """Rows that lost agents got, and did not report as used."""
    is_used_up: bool = False
    """Whether no row is left to hand out; never if rows are used again."""


@dataclass(frozen=True, slots=True)
class FleetFacts:
    """The fleet over the whole run."""

    agents: tuple[AgentFacts, ...]
    moves: int = 0
    """Slots that went from one agent to another during the run."""
    late_batches: int = 0
    dropped_batches: int = 0
    resent_batches: int = 0
    """Batches that came again after a stream had ended before their acknowledgement."""
    late_levels: int = 0
    finished: tuple[SlotsFinished, ...] = ()
    """Slots that ended for good: their users are not missing after that."""
    once: tuple[OnceFacts, ...] = ()
    """Set-up and teardown, as far as the plan has them."""
    supplies: tuple[SupplyFacts, ...] = ()
    """Data sets with `per: iteration`."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run itself. Instants are RFC 3339 UTC."""

    id: str
    name: str
    started_at: str
    finished_at: str
    duration_s: float
    plan_sha256: str
    seed: int
    command: str
    allow_missing: float
    """The share of the scheduled user-seconds that may be missing in a valid run, in [0, 1]."""
    allow_saturated: bool
    """Whether a generator that was the bottleneck is a warning only."""
    load_sha256: str = ""
    """Of the plan without its base URLs; empty: unknown."""
    begins_at: str | None = None
    """The start of the schedule; None when it never started."""
    tags: dict[str, str] = field(default_factory=dict)
    profile: str | None = None
    """The profile of the plan that was run (`--profile`)."""
    git: dict[str, Any] | None = None
    """Commit and branch of the repository that the plan lies in (`run.environment.git_facts`)."""
    fingerprint: dict[str, Any] | None = None
    """The machine and the interpreter (`run.environment.fingerprint`)."""
    stop_signal: str | None = None
    """"interrupt" (exit 130) or "terminate" (exit 143) when the run was stopped from outside."""
    aborted: str | None = None
    """Why the plan ended the run early: an objective, or a user; None if it did not."""
    failure: str | None = None
    """Why the run could not be done (exit 3), when it could not."""

    @property
    def is_cut_short(self) -> bool:
        """Whether it was ended before its schedule."""
        return bool(self.stop_signal or self.aborted or self.failure)
