"""Checks that ramps fit the users and the time that they have (docs/design/plan_language.md, "Time, phases, ramps")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from gradual_common.language.document import Path, attempt
from gradual_common.language.plan_view import PlanView, total
from gradual_common.schedule.ramps.parsing import RAMP_KEYS, WrittenRamp, read_ramp, trace
from gradual_common.schedule.ramps.ramp import Ramp
from gradual_common.units import read_bare_duration

RAMPS: TypeAdapter[Ramp] = TypeAdapter(WrittenRamp)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A ramp, with the users and the time that it must fit."""

    path: Path
    """Of the key under which the ramp was written."""

    ramp: Ramp

    groups: list[tuple[str, int]]
    """The groups that it drives, with their users."""

    duration: int | None
    """Of its phase; None: until all iterations are done."""

    @property
    def users(self) -> int:
        """N of these groups."""
        return sum(count for _, count in self.groups)


def check_ramps(view: PlanView) -> None:
    """Ramps are in the right places, and each fits its users and its time."""
    check_users(view)
    check_owners(view)
    for stretch in stretches(view):
        check_stretch(view, stretch)


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


def stretches(view: PlanView) -> list[Stretch]:
    """Every ramp that can be read, over every phase in which it runs."""
    found = []
    for path, phase in view.phases or [(("config",), view.config)]:
        written = phase.get("duration")
        duration = attempt(read_bare_duration, written) if written is not None else None
        if written is not None and duration is None:
            continue
        mix = view.mix(phase) if view.phases else [group.concurrency for group in view.groups]
        named = [(group.name, count) for group, count in zip(view.groups, mix, strict=True)]
        owners = [(path, phase, named)]
        owners += [(group.path, group.raw, [users]) for group, users in zip(view.groups, named, strict=True)]
        found += [stretch for owner in owners if (stretch := _stretch(*owner, duration)) is not None]
    return found


def _stretch(
    path: Path, owner: dict[str, Any], groups: list[tuple[str, int | None]], duration: int | None
) -> Stretch | None:
    """The ramp of one owner, if it has one that can be read and its users are known."""
    known = [(name, count) for name, count in groups if count is not None]
    read = attempt(read_ramp, owner) if has_ramp(owner) and groups and len(known) == len(groups) else None
    ramp = attempt(RAMPS.validate_python, read[0]) if read is not None else None
    return None if read is None or ramp is None else Stretch((*path, read[1]), ramp, known, duration)


def check_stretch(view: PlanView, stretch: Stretch) -> None:
    """No ramp rises above its users, has too many intervals, or needs a duration that its phase does not have."""
    too_high = [(place, height) for place, height in stretch.ramp.heights() if height > stretch.users]
    for place, height in too_high:
        groups = ", ".join(f"{name} {count}" for name, count in stretch.groups)
        some = f"concurrency of {stretch.groups[0][0]}" if len(stretch.groups) == 1 else "concurrency of a group"
        view.document.report(
            (*stretch.path, *place),
            f"{height} is above the {stretch.users} users that there are ({groups})",
            f"raise the {some} by {height - stretch.users}, or lower this",
        )
    endless = stretch.duration is None and any(group.raw.get("iterations") is None for group in view.groups)
    if endless or too_high:
        return  # That the duration is missing is reported with the config.
    try:
        trace(stretch.ramp, stretch.users, stretch.duration)
    except ValueError as error:
        view.document.report(stretch.path, str(error))
