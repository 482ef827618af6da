"""What the master knows about a run besides its measurements: the input of verdict, summary and reporters."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """One agent as the fleet saw it. `offset`: run time − its clock, ns; `begun`: requests begun by its last ping."""

    id: str
    name: str
    host: str
    lost: bool
    offset: int
    begun: int
    version: str = ""
    max_users: int = 0


@dataclass(frozen=True, slots=True)
class FleetFacts:
    """The fleet over the whole run."""

    agents: tuple[AgentFacts, ...]
    moves: int = 0
    late_batches: int = 0
    dropped_batches: int = 0
    late_levels: int = 0


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run itself. Instants `started_at`, `finished_at` are RFC 3339 UTC; `start` is run time of target 1, ns."""

    id: str
    started_at: str
    finished_at: str
    duration_s: float
    plan_sha256: str
    seed: int
    command: str
    tags: dict[str, str] = field(default_factory=dict)
    stop_signal: str | None = None
    """"interrupt" (exit 130) or "terminate" (exit 143) when the run was stopped from outside."""
    failure: str | None = None
    """Why the run could not be done (exit 3), when it could not."""
