"""From a plan to its schedule: phases one after the other, each ramp traced, each target shared among the groups.

A ramp of the whole phase gives a target, which Webster's method (`slots`) turns into users per group; ramps of the
groups give the users, whose sum is the target. A linear stretch is cut into ten equal parts, each a level with its
mean users as target: its changes are too many for a table, and none lasts long enough to measure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gradual_common.clock import NEVER
from gradual_common.errors import PlanError, Problem
from gradual_common.plan.model.plan import Plan
from gradual_common.schedule.ramps.find_capacity import FindCapacityRamp
from gradual_common.schedule.ramps.parsing import trace
from gradual_common.schedule.ramps.ramp import Curve, Ramp
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase, SearchedPhase
from gradual_common.schedule.slots import apportion
from gradual_common.units import format_duration

PARTS = 10
"""Levels into which a linear stretch is cut."""

SINGLE_PHASE = "main"
"""The name of the one phase of a plan that names none."""

Users = tuple[int, ...]
Point = tuple[int, Users]
"""(at, users per group): valid from `at` ns after the start of the phase."""


@dataclass(frozen=True, slots=True)
class _Phase:
    """A phase as the plan gives it."""

    name: str

    path: str
    """Its path in the plan."""

    duration: int | None
    ramp: Ramp | None

    mix: Users
    """The most users per group."""

    pause: int = 0
    warm_up: bool = False


@dataclass(frozen=True, slots=True)
class _TracedPhase:
    """A phase as traced."""

    phase: _Phase
    points: tuple[Point, ...]

    curves: tuple[tuple[Curve, str], ...]
    """What the points were made of, each with its path in the plan."""

    @property
    def ramping(self) -> int:
        """Length in ns of the linear stretch, with which every ramp of the phase begins."""
        return max(curve.ramping for curve, _ in self.curves)


def compile_schedule(plan: Plan) -> Schedule:
    """The schedule of a plan: changes, levels, phases, exact end and warnings.

    Raises PlanError when a ramp rises above its users, has more than `MAX_RAMP_STEPS` steps, or needs a duration
    that the plan does not give.
    """
    builder = _ScheduleBuilder(tuple(group.name for group in plan.users))
    traced: list[_TracedPhase] = []
    for phase in _phases(plan):
        traced.append(_trace_phase(plan, phase, builder.users))
        builder.add(traced[-1])
    warnings = _unused(traced)
    for entry in traced:
        warnings += _warnings(entry, several=bool(plan.config.phases))
    levels = _levels(builder.changes, builder.at)
    phases = tuple(builder.phases)
    searched = _searched(traced[-1], len(phases) - 1)
    return Schedule(tuple(builder.changes), levels, phases, builder.end, builder.groups, tuple(warnings), searched)


def _searched(last: _TracedPhase, number: int) -> SearchedPhase | None:
    """The last phase if its levels are chosen during the run; that no other one is, the checks of a plan see to."""
    climb = last.curves[0][0].climb
    return SearchedPhase(number, last.phase.mix, climb) if climb else None


def _phases(plan: Plan) -> list[_Phase]:
    """The phases of the plan; without `phases` the config is the one phase."""
    config = plan.config
    if not config.phases:
        concurrency = tuple(group.concurrency for group in plan.users)
        return [_Phase(SINGLE_PHASE, "config", config.duration, config.ramp, concurrency)]
    mixes = [tuple(phase.users.get(group.name, group.concurrency) for group in plan.users) for phase in config.phases]
    return [
        _Phase(p.name, f"config.phases[{n}]", p.duration, p.ramp, mix, p.pause_before or 0, p.warm_up)
        for n, (p, mix) in enumerate(zip(config.phases, mixes, strict=True))
    ]


def _trace_phase(plan: Plan, phase: _Phase, before: Users) -> _TracedPhase:
    """The points of a phase, by its own ramp or those of the groups."""
    if phase.ramp is None and any(group.ramp is not None for group in plan.users):
        curves = [
            _trace_ramp(group.ramp, users, phase, was, f"users.{group.name}")
            for group, users, was in zip(plan.users, phase.mix, before, strict=True)
        ]
        return _TracedPhase(phase, _merged([curve for curve, _ in curves]), tuple(curves))
    curve, path = _trace_ramp(phase.ramp, sum(phase.mix), phase, sum(before), phase.path)
    points = tuple((at, apportion(phase.mix, target)) for at, target in curve.steps)
    return _TracedPhase(phase, points, ((curve, path),))


def _trace_ramp(ramp: Ramp | None, users: int, phase: _Phase, before: int, path: str) -> tuple[Curve, str]:
    """The curve of a ramp, with the path of its owner in the plan."""
    try:
        return trace(ramp, users, phase.duration, before), path
    except ValueError as error:
        raise PlanError([Problem(str(error), path=f"{path}.ramp_config")]) from error


def _merged(curves: Sequence[Curve]) -> tuple[Point, ...]:
    """The users of every group at each instant at which one of them changes."""
    users = [0] * len(curves)
    points: dict[int, Users] = {}
    steps = ((at, group, target) for group, curve in enumerate(curves) for at, target in curve.steps)
    for at, group, target in sorted(steps):
        users[group] = target
        # Several groups may change at one instant: the last entry for it has all their changes. Every curve has a step
        # at 0, so the first point has the users of all groups.
        points[at] = tuple(users)
    return tuple(points.items())


class _ScheduleBuilder:
    """Builds the schedule phase by phase; `users` are the users per group at the end of the last phase."""

    def __init__(self, groups: tuple[str, ...]) -> None:
        self.groups = groups
        self.users: Users = (0,) * len(groups)
        self.at = 0
        self.end: int | None = 0
        self.changes: list[Change] = []
        self.phases: list[SchedulePhase] = []

    def add(self, traced: _TracedPhase) -> None:
        """Append a phase, with the pause before it."""
        phase = traced.phase
        if phase.pause:
            self._change(self.at, (0,) * len(self.groups))
            self.at += phase.pause
        start = self.at
        self._add_points(traced, start)
        self.users = traced.points[-1][1]
        self.end = None if phase.duration is None else start + phase.duration
        self.at = NEVER if self.end is None else self.end
        self.phases.append(SchedulePhase(len(self.phases), phase.name, start, self.at, phase.warm_up))

    def _add_points(self, traced: _TracedPhase, start: int) -> None:
        """A change at every point and every cut; between two cuts all share the level."""
        # A linear ramp changes once per second. One table row per change would have the samples of one second, too few
        # for a percentile, so the linear stretch has ten rows. Each cut is a change even if the target stays the same,
        # because a row starts there. From the end of the stretch on, each change starts a level, as in other ramps.
        cuts = [traced.ramping * part // PARTS for part in range(PARTS + 1)] if traced.ramping else []
        instants, duration = [at for at, _ in traced.points], traced.phase.duration
        marks = sorted({*instants, *(cut for cut in cuts if duration is None or cut < duration)})
        last = -1
        for mark in marks:
            users = traced.points[bisect_right(instants, mark) - 1][1]
            part = bisect_right(cuts, mark)
            self._change(start + mark, users, same_level=part == last and 0 < part < len(cuts))
            last = part

    def _change(self, at: int, users: Users, *, same_level: bool = False) -> None:
        level = self.changes[-1].level + (not same_level) if self.changes else 0
        self.changes.append(Change(at, sum(users), users, level, len(self.phases)))


def _levels(changes: Sequence[Change], end: int) -> tuple[Level, ...]:
    """One row per level number, with the mean target over it."""
    rows: list[Level] = []
    area = 0
    bounds = [*(change.at for change in changes), end]
    for change, (at, stop) in zip(changes, pairwise(bounds), strict=True):
        if rows and rows[-1].number == change.level:
            start = rows.pop().start
        else:
            start, area = at, 0
        area += change.target * (stop - at)
        rows.append(Level(change.level, change.phase, start, stop, area / (stop - start)))
    return tuple(rows)


def _unused(phases: Sequence[_TracedPhase]) -> list[str]:
    """A warning if no phase ever reaches the number of users in the plan."""
    users = max(sum(traced.phase.mix) for traced in phases)
    peak = max(sum(curve.peak for curve, _ in traced.curves) for traced in phases)
    unused = f"the ramp is limited to {peak} of {users} users (`max_concurrency`); the other {users - peak} never run"
    return [unused] if peak < users else []


def _warnings(traced: _TracedPhase, *, several: bool) -> list[str]:
    """Warnings about ramps that probably do not do what their author wanted."""
    phase = traced.phase
    if phase.duration is None:
        return []
    prefix = f"phase {phase.name!r}: " if several else ""
    late = [(phase.path, text)] if (text := _too_short(phase.ramp, phase.duration)) else []
    late += [(path, text) for curve, path in traced.curves if (text := _late(curve, phase.duration))]
    return [prefix + (f"{path}: " if path != phase.path else "") + text for path, text in late]


def _too_short(ramp: Ramp | None, duration: int) -> str:
    """A warning if a search has no time to confirm anything; else empty."""
    if not isinstance(ramp, FindCapacityRamp) or duration >= ramp.shortest:
        return ""
    length, least = format_duration(duration), format_duration(ramp.shortest)
    return f"within {length} no capacity can be confirmed: two trials take {least} at least; lengthen the duration"


def _late(curve: Curve, duration: int) -> str:
    """A warning if the goal is never reached, or reached too late to be measured; else empty."""
    if curve.climb:  # How far a search climbs is its result.
        return ""
    length = format_duration(duration)
    reached = curve.reached_at
    advice = "shorten the interval, raise the steps, or lengthen the duration"
    if reached is None:
        return f"the ramp never reaches {curve.goal} users: it ends at {curve.last} after {length}; {advice}"
    if 5 * reached >= 4 * duration:
        late = format_duration(reached)
        return f"the ramp reaches {curve.goal} users only after {late} of {length}, in the last fifth; {advice}"
    return ""
