"""Checks of ramps: they fit their users and their time (docs/design/plan_language.md, "Time, phases, ramps").

A search for capacity (`find_capacity`) is of all users together, in the last phase.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from gradual_common.language.document import Path, attempt, list_at, mapping_at
from gradual_common.language.plan_view import PlanView, total
from gradual_common.schedule.ramps.parsing import RAMP_KEYS, WrittenRamp, ramps_in, read_ramp, trace
from gradual_common.schedule.ramps.ramp import Ramp
from gradual_common.units import read_bare_duration

FIND_CAPACITY = "find_capacity"
RAMPS: TypeAdapter[Ramp] = TypeAdapter(WrittenRamp)


def check_ramps(view: PlanView) -> None:
    """Ramps are written where they are allowed, and each fits its users and its time."""
    check_users(view)
    check_owners(view)
    check_heights(view)
    check_search(view)


def check_users(view: PlanView) -> None:
    """Every phase has users."""
    if view.groups and view.users == 0:
        view.document.report(("users",), "there are no users: every concurrency is 0")
        return
    for path, phase in view.phases:
        if view.groups and total(view.mix(phase)) == 0:
            view.document.report((*path, "users"), "the phase has no users")


def check_owners(view: PlanView) -> None:
    """All groups have a ramp or none; if they have, the config and its phases have none."""
    with_ramp = [group for group in view.groups if has_ramp(group.raw)]
    if not with_ramp:
        return
    for group in view.groups:
        if group not in with_ramp:
            needed = f"group {with_ramp[0].name!r} has a ramp of its own, so this one needs one too"
            view.document.report(group.path, needed)
    for path, owner in [(("config",), view.config), *view.phases]:
        if key := has_ramp(owner):
            view.document.report((*path, key), "the groups have ramps of their own; keep those or this one")


def has_ramp(owner: dict[str, Any]) -> str:
    """The key under which a ramp is written, or nothing."""
    return next((key for key in RAMP_KEYS if owner.get(key) is not None), "")


def check_heights(view: PlanView) -> None:
    """Check every ramp that can be read, in every phase in which it runs."""
    for path, phase in view.phases or [(("config",), view.config)]:
        written = phase.get("duration")
        duration = attempt(read_bare_duration, written) if written is not None else None
        if written is not None and duration is None:
            continue
        mix = view.mix(phase) if view.phases else [group.concurrency for group in view.groups]
        users = [(group.name, count) for group, count in zip(view.groups, mix, strict=True)]
        _check_ramp(view, path, phase, users, duration)
        for group, of_group in zip(view.groups, users, strict=True):
            _check_ramp(view, group.path, group.raw, [of_group], duration)


def _check_ramp(
    view: PlanView, path: Path, owner: dict[str, Any], groups: list[tuple[str, int | None]], duration: int | None
) -> None:
    """The ramp of one owner does not rise above the users of its groups, and fits the duration of the phase.

    Nothing is reported when there is no ramp, when it cannot be read, or when a number of users is not known.
    """
    known = [(name, count) for name, count in groups if count is not None]
    read = attempt(read_ramp, owner) if has_ramp(owner) and groups and len(known) == len(groups) else None
    ramp = attempt(RAMPS.validate_python, read[0]) if read is not None else None
    if read is None or ramp is None:
        return
    path, users = (*path, read[1]), sum(count for _, count in known)
    too_high = [(key, height) for key, height in ramp.heights() if height > users]
    for key, height in too_high:
        listing = ", ".join(f"{name} {count}" for name, count in known)
        some = f"concurrency of {known[0][0]}" if len(known) == 1 else "concurrency of a group"
        view.document.report(
            (*path, *key),
            f"{height} is above the {users} users that there are ({listing})",
            f"raise the {some} by {height - users}, or lower this",
        )
    endless = duration is None and any(group.raw.get("iterations") is None for group in view.groups)
    if endless or too_high:
        return  # That the duration is missing is reported with the config.
    try:
        trace(ramp, users, duration)
    except ValueError as error:
        view.document.report(path, str(error))


def searching_ramps(view: PlanView) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every ramp of the plan that is a search, as written, with its path."""
    for path, ramp in ramps_in(view.document.root):
        if strategy_of(ramp) == FIND_CAPACITY:
            yield path, mapping_at(ramp)


def objectives_of_search(root: Any) -> Iterator[tuple[Path, Any]]:
    """Every objective of a search as written, with its path; no other ramp has any."""
    for path, ramp in ramps_in(root):
        for number, text in enumerate(list_at(mapping_at(ramp), "objectives")):
            yield (*path, "objectives", number), text


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
    _check_aborts(view, has_own_objectives=any(True for _ in objectives_of_search(view.document.root)))


def _check_aborts(view: PlanView, *, has_own_objectives: bool) -> None:
    """An objective by which levels are judged does not end the run."""
    for number, entry in enumerate(list_at(view.document.root, "thresholds")):
        rule = mapping_at(entry).get("rule")
        is_of_agents = isinstance(rule, str) and rule.strip().startswith("agent.")
        if mapping_at(entry).get("abort") is True and not (has_own_objectives or is_of_agents):
            message = "find_capacity ends a level that breaks an objective by itself, and goes on with fewer users"
            view.document.report(("thresholds", number, "abort"), message, "remove abort")
