"""The first assignment of the slots, in proportion to what each agent can hold (DESIGN 4.7).

Webster's method is applied along the schedule: the distinct targets are taken from the smallest up, and from one to the
next each agent's share of the total grows from apportion(max_users, T) to apportion(max_users, T′). The method takes
nothing away when the total grows, so at every target every agent runs exactly its Webster share, which is within one
user of the proportional one unless capacities differ wildly (M. L. Balinski, H. P. Young, "Fair Representation", 2nd
ed., 2001, chapter 9).

Why along the schedule, and not once over all slots: the first 100 of 1,000 slots would be one agent's, and at a target
of 100 that agent would run all users while the others idle. The generator would be at its limit at a tenth of the load,
and the system would see one host. The order is that of the targets because nothing else is ever in force: between two
targets nobody sees in which order slots were assigned. So there each group's new slots are shared out in proportion and
in one stretch per agent, which keeps the groups mixed over the agents and the orders short.

That is exact while the mix of the groups stays the same, for then a larger target holds every slot of a smaller one.
Under several mixes (`phases[].users`) a later mix finds its slots assigned; it stays close, because every group is
shared out in proportion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import le

import numpy as np
import numpy.typing as npt

from gradual_common.schedule.schedule import Schedule
from gradual_common.schedule.slots import apportion
from gradual_master.coordination.slots.table import Mask

Users = tuple[int, ...]
"""How many users each group has."""
Owners = npt.NDArray[np.int32]
"""Per slot, group after group, the place of the agent that it is for."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Too little room: the fleet, or the one `agent`, holds `held` users where `needed` are to be active at once."""

    held: int
    needed: int
    agent: int | None = None


def allocate(schedule: Schedule, capacities: Sequence[int]) -> Owners | Shortfall:
    """Which agent each slot is for; a Shortfall when some level does not fit.

    `capacities[a]` is `max_users` of agent a; equal claims go to the earlier agent.
    """
    needed = max((change.target for change in schedule.changes), default=0)
    if needed > sum(capacities):
        return Shortfall(sum(capacities), needed)
    targets = targets_of(schedule)
    owners = _share_all(targets, schedule.peak, capacities)
    return _overfull(owners, targets, schedule.peak, capacities) or owners


def targets_of(schedule: Schedule) -> list[Users]:
    """The distinct users per group, smallest total first."""
    return sorted({change.users for change in schedule.changes}, key=lambda users: (sum(users), users))


def largest_of(targets: Sequence[Users]) -> list[Users]:
    """The targets that no other one holds whole."""
    largest: list[Users] = []
    for users in reversed(targets):
        if not any(all(map(le, users, other)) for other in largest):
            largest.append(users)
    return largest


def active_in(users: Users, peak: Users) -> Mask:
    """The slots that these users per group have active."""
    return np.concatenate([np.arange(slots) < count for slots, count in zip(peak, users, strict=True)])


def _share_all(targets: Sequence[Users], peak: Users, capacities: Sequence[int]) -> Owners:
    owners = np.zeros(sum(peak), np.int32)
    groups = np.split(owners, np.cumsum(peak)[:-1])
    assigned = [0] * len(peak)
    held: Users = (0,) * len(capacities)
    for users in targets:
        raised = [max(0, count - before) for count, before in zip(users, assigned, strict=True)]
        due = apportion(capacities, sum(assigned) + sum(raised))
        rows = share_out(raised, [after - before for before, after in zip(held, due, strict=True)])
        for group, counts in enumerate(rows):
            place = assigned[group]
            groups[group][place : place + raised[group]] = np.repeat(np.arange(len(capacities)), counts)
            assigned[group] += raised[group]
        held = due
    return owners


def share_out(raised: Sequence[int], growth: Sequence[int]) -> list[tuple[int, ...]]:
    """One row per group, one column per agent: rows sum to `raised`, columns to `growth`, cells in proportion.

    Group by group, over what each agent still has to get: Webster's method gives nobody more than its weight while the
    total is at most their sum, so no column overflows, and the last group finds exactly its number.
    """
    left = list(growth)
    rows = []
    for count in raised:
        row = apportion(left, count)
        left = [have - given for have, given in zip(left, row, strict=True)]
        rows.append(row)
    return rows


def _overfull(owners: Owners, targets: Sequence[Users], peak: Users, capacities: Sequence[int]) -> Shortfall | None:
    """Under several mixes one agent may be assigned more than it holds although the sum fits."""
    totals = np.bincount(owners, minlength=len(capacities))
    for agent in np.flatnonzero(totals > capacities).tolist():
        most = max(int(np.count_nonzero(owners[active_in(users, peak)] == agent)) for users in largest_of(targets))
        if most > capacities[agent]:
            return Shortfall(capacities[agent], most, agent)
    return None
