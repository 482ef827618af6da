"""The first assignment of the slots, in proportion to what each agent can hold (docs/design/fleet.md, 4.7).

Webster's method is applied along the schedule. The distinct targets are taken from the smallest to the largest. From a
total T to the next one T′ the share of each agent grows from apportion(max_users, T) to apportion(max_users, T′). The
method takes nothing away when the total grows. So at every target every agent runs exactly its Webster share, which is
within one user of the proportional share unless capacities differ extremely (M. L. Balinski, H. P. Young, "Fair
Representation", 2nd ed., 2001, chapter 9).

Why along the schedule, and not once over all slots: the first 100 of 1,000 slots would belong to one agent, and at a
target of 100 that agent would run all users while the others idle. The load generator would be at its limit at a tenth
of the load, and the system would see a single host. The order within the step from one target to the next does not
matter, since no level lies between them. So the new slots of each group are divided in proportion there, as one run of
slots per agent: the groups stay mixed over the agents, and orders stay short.

This is exact while the mix of the groups stays the same, because then a larger target contains every slot of a smaller
one. Under several mixes (`phases[].users`) a later mix finds its slots already assigned. It is close to exact, because
every group is divided in proportion.
"""

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
"""Per slot, group after group, the index of its agent."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Too little room: the fleet, or one agent, has room for `held` users, and `needed` are active at once."""

    held: int
    needed: int
    agent: int | None = None
    """The index of the agent; None for the whole fleet."""


def allocate(schedule: Schedule, capacities: Sequence[int]) -> Owners | Shortfall:
    """The agent of each slot; a Shortfall if a level does not fit.

    `capacities[a]` is `max_users` of agent a; of equal claims the earlier agent's wins.
    """
    targets = targets_of(schedule)
    needed = max(map(sum, targets), default=0)
    if needed > sum(capacities):
        return Shortfall(sum(capacities), needed)
    owners = _share_all(targets, schedule.peak, capacities)
    return _overfull(owners, targets, schedule.peak, capacities) or owners


def targets_of(schedule: Schedule) -> list[Users]:
    """The distinct targets as users per group, smallest total first."""
    return sorted(schedule.distinct_users, key=lambda users: (sum(users), users))


def largest_of(targets: Sequence[Users]) -> list[Users]:
    """The targets that no other target contains."""
    largest: list[Users] = []
    for users in reversed(targets):
        if not any(all(map(le, users, other)) for other in largest):
            largest.append(users)
    return largest


def active_in(users: Users, peak: Users) -> Mask:
    """The slots that are active with these users per group."""
    return np.concatenate([np.arange(slots) < count for slots, count in zip(peak, users, strict=True)])


def _share_all(targets: Sequence[Users], peak: Users, capacities: Sequence[int]) -> Owners:
    owners = np.zeros(sum(peak), np.int32)
    groups = np.split(owners, np.cumsum(peak)[:-1])
    assigned = [0] * len(peak)
    held: Users = (0,) * len(capacities)
    for users in targets:
        # In another mix a group may have fewer users than before: its slots stay assigned, and only growth is divided.
        raised = [max(0, count - before) for count, before in zip(users, assigned, strict=True)]
        due = apportion(capacities, sum(assigned) + sum(raised))
        rows = share_out(raised, [after - before for before, after in zip(held, due, strict=True)])
        for group, counts in enumerate(rows):
            first = assigned[group]
            groups[group][first : first + raised[group]] = np.repeat(np.arange(len(capacities)), counts)
            assigned[group] += raised[group]
        held = due
    return owners


def share_out(raised: Sequence[int], growth: Sequence[int]) -> list[tuple[int, ...]]:
    """One row per group, one column per agent: rows sum to `raised`, columns to `growth`, cells in proportion."""
    # Group by group, over what each agent has still to get. Webster's method gives no agent more than its weight while
    # the total is at most the sum of the weights. So no column overflows, and the last group gets exactly the rest.
    left = list(growth)
    rows = []
    for count in raised:
        row = apportion(left, count)
        left = [have - given for have, given in zip(left, row, strict=True)]
        rows.append(row)
    return rows


def _overfull(owners: Owners, targets: Sequence[Users], peak: Users, capacities: Sequence[int]) -> Shortfall | None:
    """The first agent with more slots than it has room for: under several mixes that happens although the sum fits."""
    totals = np.bincount(owners, minlength=len(capacities))
    # An agent with no more slots than room can run all of them at once. Only for the others it matters how many are
    # active together, and the largest targets are enough: every other target is contained in one of them.
    for agent in np.flatnonzero(totals > capacities).tolist():
        needed = max(int(np.count_nonzero(owners[active_in(users, peak)] == agent)) for users in largest_of(targets))
        if needed > capacities[agent]:
            return Shortfall(capacities[agent], needed, agent)
    return None
