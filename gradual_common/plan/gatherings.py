"""Places at which users wait for each other, in a search whose first level has too few of them to open one."""

from __future__ import annotations

from collections.abc import Iterator

from gradual_common.errors import Problem
from gradual_common.language.document import Path
from gradual_common.language.plan_view import PlanView
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.model.single_steps import Rendezvous
from gradual_common.schedule.schedule import Schedule
from gradual_common.units import count, format_duration


def gathering_warnings(view: PlanView, plan: Plan, schedule: Schedule) -> Iterator[Problem]:
    """A warning for each place that never opens at the first level of a search."""
    searched = schedule.searched
    if searched is None:
        return
    first = searched.climb[0]
    running = searched.users_of(first)
    for path, place, groups in _places(view, plan):
        coming = sum(running[group] for group in groups)
        if 0 < coming < place.users:
            message = (
                f"{place.users} users wait for each other, but of the {count(first, 'user')} of the first level only "
                f"{coming} come here: each waits {format_duration(place.timeout)}, and goes on as a failure"
            )
            yield view.document.problem((*path, "users"), message, "begin the search with more users: initial")


def _places(view: PlanView, plan: Plan) -> Iterator[tuple[Path, Rendezvous, set[int]]]:
    """Each place at its first step, and the groups that come there."""
    places: dict[str, tuple[Path, Rendezvous, set[int]]] = {}
    for number, (group, written) in enumerate(zip(plan.users, view.groups, strict=True)):
        for step, entry in zip(group.all_steps(), written.entries, strict=True):
            if isinstance(step, Rendezvous):
                places.setdefault(step.rendezvous, (entry.path, step, set()))[2].add(number)
    yield from places.values()
