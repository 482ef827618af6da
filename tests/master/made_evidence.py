"""Evidence of a run in which nothing was amiss, but for what a test names."""

from dataclasses import fields
from typing import Any

from raw_run import run_of

from gradual_master.results.facts import RunFacts
from gradual_master.results.judging.evidence import Evidence
from gradual_master.results.judging.fleet import FleetSection
from gradual_master.results.judging.littles_law import LittlesLaw

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

    run, fleet, law = mine(RunFacts), mine(FleetSection), mine(LittlesLaw)
    parts: dict[str, Any] = {
        "run": run_of(**run),
        "objectives": (),
        "fleet": FleetSection(**{**FLEET.to_dict(), **fleet}),
        "law": LittlesLaw(**{**{name: getattr(LAW, name) for name in LAW.keys()}, **law}),  # noqa: SIM118 - no mapping
        "empty": {},
    }
    return Evidence(**parts | changes)
