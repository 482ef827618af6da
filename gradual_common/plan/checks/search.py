"""Checks of `find_capacity`: where it may be written, and what cannot be used with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradual_common.language.document import Path, list_at, mapping_at
from gradual_common.language.plan_view import PlanView
from gradual_common.schedule.ramps.parsing import ramps_in

FIND_CAPACITY = "find_capacity"


def searching_ramps(view: PlanView) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every ramp of the plan that is a search, as written, with its path."""
    for path, ramp in ramps_in(view.document.root):
        if strategy_of(ramp) == FIND_CAPACITY:
            yield path, mapping_at(ramp)


def strategy_of(ramp: Any) -> Any:
    """The strategy that is written in one of the ramp's keys."""
    return ramp.get("strategy") if isinstance(ramp, dict) else ramp


def check_search(view: PlanView) -> None:
    """A search is of all users together, in the last phase, and its users do not end by themselves."""
    report = view.document.report
    searches = list(searching_ramps(view))
    if not searches:
        return
    last = len(view.phases) - 1
    for path, _ in searches:
        if path[0] == "users":
            report(path, "a search for capacity is of all users together; write it under config, or in the last phase")
        elif path[:2] == ("config", "phases") and path[2] != last:
            report(path, "a search for capacity is the last phase: how long it takes is not known before")
        elif path[:2] == ("config", "phases") and view.phases[last][1].get("warm_up") is True:
            report(path, "a warm-up is not measured, so no search for capacity can be made in it", "remove warm_up")
    for group in view.groups:
        if group.raw.get("iterations") is not None:
            message = "its users end after so many iterations; a search for capacity needs all of them until its end"
            report((*group.path, "iterations"), message, "remove iterations; the duration is the longest time")
    _check_aborts(view, has_own_objectives=any(list_at(ramp, "objectives") for _, ramp in searches))


def _check_aborts(view: PlanView, *, has_own_objectives: bool) -> None:
    """An objective by which levels are judged does not end the run."""
    for number, entry in enumerate(list_at(view.document.root, "thresholds")):
        rule = mapping_at(entry).get("rule")
        is_of_agents = isinstance(rule, str) and rule.strip().startswith("agent.")
        if mapping_at(entry).get("abort") is True and not (has_own_objectives or is_of_agents):
            message = "find_capacity ends a level that breaks an objective by itself, and goes on with fewer users"
            view.document.report(("thresholds", number, "abort"), message, "remove abort")
