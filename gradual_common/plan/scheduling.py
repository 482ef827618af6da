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
from gradual_common.plan.model.plan import Phase, Plan
from gradual_common.schedule.ramps.curve import Curve
from gradual_common.schedule.ramps.ramp import Ramp
from gradual_common.schedule.ramps.written import trace
from gradual_common.schedule.schedule import Change, Level, Schedule, SchedulePhase
from gradual_common.schedule.slots import apportion
from gradual_common.units import format_duration

PARTS = 10
"""Levels into which a linear stretch is cut."""

SINGLE_PHASE = "main"
"""The name of the one phase of a plan that names none."""

Users = tuple[int, ...]
Point = tuple[int, Users]
"""(at, users per group): from `at` ns since the phase began."""


@dataclass(frozen=True, slots=True)
class _Phase:
    """A phase as the plan gives it."""

    name: str

    path: str
    """Where in the plan it stands."""

    duration: int | None
    ramp: Ramp | None
    pause: int
    warm_up: bool

    mix: Users
    """The most users per group."""


@dataclass(frozen=True, slots=True)
class _Sketch:
    """A phase as traced."""

    points: tuple[Point, ...]

    curves: tuple[tuple[Curve, str], ...]
    """What the points were made of, each with its path in the plan."""

    @property
    def ramping(self) -> int:
        """Length of the linear stretch: every ramp of a phase begins with it."""
        return max(curve.ramping for curve, _ in self.curves)


def compile_schedule(plan: Plan) -> Schedule:
    """The schedule of a plan: changes, levels, phases, exact end and warnings.

    Raises PlanError when a ramp rises above its users, has more than `ramp.MOST_STEPS` steps, or needs a duration
    that the plan does not give.
    """
    drawing = _Drawing(tuple(group.name for group in plan.users))
    drafts: list[tuple[_Phase, _Sketch]] = []
    for phase in _phases(plan):
        drafts.append((phase, _trace(plan, phase, drawing.users)))
        drawing.add(*drafts[-1])
    warnings = _unused(drafts)
    for draft in drafts:
        warnings += _warnings(*draft, several=bool(plan.config.phases))
    return drawing.finish(tuple(warnings))


def _phases(plan: Plan) -> list[_Phase]:
    """The phases of the plan; without `phases` the config is the one phase."""
    config = plan.config
    concurrency = tuple(group.concurrency for group in plan.users)
    if not config.phases:
        return [_Phase(SINGLE_PHASE, "config", config.duration, config.ramp, 0, False, concurrency)]
    return [
        _Phase(
            phase.name,
            f"config.phases[{number}]",
            phase.duration,
            phase.ramp,
            phase.pause_before or 0,
            phase.warm_up,
            _mix(plan, phase),
        )
        for number, phase in enumerate(config.phases)
    ]


def _mix(plan: Plan, phase: Phase) -> Users:
    return tuple(phase.users.get(group.name, group.concurrency) for group in plan.users)


def _trace(plan: Plan, phase: _Phase, before: Users) -> _Sketch:
    """The points of a phase, by its own ramp or those of the groups."""
    if phase.ramp is None and any(group.ramp is not None for group in plan.users):
        curves = [
            (_traced(group.ramp, users, phase, was, f"users.{group.name}"), f"users.{group.name}")
            for group, users, was in zip(plan.users, phase.mix, before, strict=True)
        ]
        return _Sketch(_merged([curve for curve, _ in curves]), tuple(curves))
    users = sum(phase.mix)
    curve = _traced(phase.ramp, users, phase, sum(before), phase.path)
    points = tuple((at, apportion(phase.mix, target)) for at, target in curve.steps)
    return _Sketch(points, ((curve, phase.path),))


def _traced(ramp: Ramp | None, users: int, phase: _Phase, before: int, path: str) -> Curve:
    try:
        return trace(ramp, users, phase.duration, before)
    except ValueError as error:
        raise PlanError([Problem(str(error), path=f"{path}.ramp_config")]) from error


def _merged(curves: Sequence[Curve]) -> tuple[Point, ...]:
    """The users of every group at each instant at which one of them changes."""
    instants = sorted({at for curve in curves for at, _ in curve.steps})
    columns = [_at_each(curve, instants) for curve in curves]
    return tuple(zip(instants, zip(*columns, strict=True), strict=True))


def _at_each(curve: Curve, instants: Sequence[int]) -> list[int]:
    begins = [at for at, _ in curve.steps]
    return [curve.steps[bisect_right(begins, at) - 1][1] for at in instants]


class _Drawing:
    """The schedule while phase after phase is added to it; `users` are those of the last phase's end."""

    def __init__(self, groups: tuple[str, ...]) -> None:
        self.groups = groups
        self.users: Users = (0,) * len(groups)
        self.at = 0
        self.end: int | None = 0
        self.changes: list[Change] = []
        self.phases: list[SchedulePhase] = []

    def add(self, phase: _Phase, sketch: _Sketch) -> None:
        """Append a phase, with the pause before it."""
        number = len(self.phases)
        if phase.pause:
            self._change(self.at, (0,) * len(self.groups), number, self._next_level())
            self.at += phase.pause
        start = self.at
        cuts = [sketch.ramping * part // PARTS for part in range(PARTS + 1)] if sketch.ramping else []
        self._add_points(sketch.points, cuts, start, phase.duration, number)
        self.users = sketch.points[-1][1]
        self.end = None if phase.duration is None else start + phase.duration
        self.at = NEVER if self.end is None else self.end
        self.phases.append(SchedulePhase(number, phase.name, start, self.at, phase.warm_up))

    def _add_points(
        self, points: Sequence[Point], cuts: Sequence[int], start: int, duration: int | None, phase: int
    ) -> None:
        """A change at every point and every cut; between two cuts all share the level."""
        begins = [at for at, _ in points]
        marks = sorted({*begins, *(cut for cut in cuts if duration is None or cut < duration)})
        part = -1
        for mark in marks:
            users = points[bisect_right(begins, mark) - 1][1]
            inside = bisect_right(cuts, mark)
            if inside in (0, len(cuts)) or inside != part:
                self._change(start + mark, users, phase, self._next_level())
            else:
                self._change(start + mark, users, phase, self.changes[-1].level)
            part = inside

    def _next_level(self) -> int:
        return self.changes[-1].level + 1 if self.changes else 0

    def _change(self, at: int, users: Users, phase: int, level: int) -> None:
        self.changes.append(Change(at, sum(users), users, level, phase))

    def finish(self, warnings: tuple[str, ...]) -> Schedule:
        """The schedule as drawn."""
        levels = _levels(self.changes, self.at)
        return Schedule(tuple(self.changes), levels, tuple(self.phases), self.end, self.groups, warnings)


def _levels(changes: Sequence[Change], end: int) -> tuple[Level, ...]:
    """One row per level number, with the mean target over it."""
    rows: list[Level] = []
    area = 0
    bounds = [*(change.at for change in changes), end]
    for change, (begin, stop) in zip(changes, pairwise(bounds), strict=True):
        if rows and rows[-1].number == change.level:
            start = rows.pop().start
        else:
            start, area = begin, 0
        area += change.target * (stop - begin)
        rows.append(Level(change.level, change.phase, start, stop, area / (stop - start)))
    return tuple(rows)


def _unused(drafts: Sequence[tuple[_Phase, _Sketch]]) -> list[str]:
    """The ramps are written for fewer users than there are."""
    users = max(sum(phase.mix) for phase, _ in drafts)
    peak = max(sum(curve.peak for curve, _ in sketch.curves) for _, sketch in drafts)
    if peak >= users:
        return []
    return [f"the ramp is limited to {peak} of {users} users (`max_concurrency`); the other {users - peak} never run"]


def _warnings(phase: _Phase, sketch: _Sketch, *, several: bool) -> list[str]:
    """What the ramps of a phase do that their author may not have meant."""
    prefix = f"phase {phase.name!r}: " if several else ""
    return [
        prefix + (f"{path}: " if path != phase.path else "") + text
        for curve, path in sketch.curves
        for text in _late(curve, phase.duration)
    ]


def _late(curve: Curve, duration: int | None) -> list[str]:
    """The goal is never reached, or too late to be measured."""
    if duration is None:
        return []
    length = format_duration(duration)
    reached = curve.reached_at
    advice = "shorten the interval, raise the steps, or lengthen the duration"
    if reached is None:
        return [f"the ramp never reaches {curve.goal} users: it ends at {curve.last} after {length}; {advice}"]
    if 5 * reached >= 4 * duration:
        late = format_duration(reached)
        return [f"the ramp reaches {curve.goal} users only after {late} of {length}, in the last fifth; {advice}"]
    return []
