"""Evidence of a run in which nothing was amiss, but for what a test names."""

from dataclasses import dataclass, fields
from typing import Any

from raw_run import run_of

from gradual_master.results.judging.evidence import Evidence
from gradual_master.results.judging.fleet import FleetSection
from gradual_master.results.judging.littles_law import LittlesLaw


@dataclass(frozen=True)
class Tolerated:
    allow_missing: float = 0.01
    allow_saturated: bool = False


FLEET = FleetSection(
    scheduled_user_s=1000,
    missing_user_s=0,
    late_starts=0,
    moves=0,
    resent_batches=0,
    late_batches=0,
    dropped_batches=0,
    begun=1000,
    merged=1000,
    level_spread_ms=0,
    intervals=60,
    saturated_intervals=0,
)
LAW = LittlesLaw(
    unaccounted=0.0,
    active_user_s=1000,
    in_request_user_s=500,
    thinking_user_s=500,
    unattended_user_s=0,
    levels=(),
    window_s=10,
    windows=6,
    flagged=0,
    worst=(),
)


def evidence_of(**changes: Any) -> Evidence:
    """Each change by the name of its field, in whatever part of the evidence that is."""

    def mine(part: type) -> dict[str, Any]:
        return {field.name: changes.pop(field.name) for field in fields(part) if field.name in changes}

    run = run_of(**{name: changes.pop(name) for name in ("stop_signal", "failure") if name in changes})
    fleet, law, tolerance = mine(FleetSection), mine(LittlesLaw), mine(Tolerated)
    parts: dict[str, Any] = {
        "run": run,
        "tolerance": Tolerated(**tolerance),
        "objectives": (),
        "fleet": FleetSection(**{**FLEET.to_dict(), **fleet}),
        "law": LittlesLaw(**{**{name: getattr(LAW, name) for name in LAW.keys()}, **law}),  # noqa: SIM118 - no mapping
        "empty": {},
    }
    return Evidence(**parts | changes)
