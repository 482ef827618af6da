"""The first assignment of the slots, in proportion to what each agent can hold (DESIGN 4.7).

The distinct targets of the schedule are taken from the smallest up. From one to the next, each agent's share of the
total grows from apportion(max_users, T) to apportion(max_users, T′), by Webster's method, which takes nothing away
when the total grows; so at every target every agent runs exactly its Webster share, which is within one user of the
proportional one unless capacities differ wildly (M. L. Balinski, H. P. Young, "Fair Representation", 2nd ed., 2001,
chapter 9). Between two targets, nobody sees in which order slots are assigned: each group's new slots are shared out
in proportion and in one stretch per agent, which keeps the groups mixed over the agents and the orders short.

That is exact while the mix of the groups stays the same, for then a larger target holds every slot of a smaller one.
Under several mixes (`phases[].users`) a later mix finds its slots assigned; it stays close, because every group is
shared out in proportion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradual_common.protocol.messages import SlotRun
from gradual_common.schedule.schedule import Schedule
from gradual_common.schedule.slots import apportion

FIRST_TENURE = 1


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Too little room: the fleet, or the one `agent`, holds `held` users where `needed` are to be active at once."""

    held: int
    needed: int
    agent: int | None = None


def allocate(schedule: Schedule, capacities: Sequence[int]) -> tuple[tuple[SlotRun, ...], ...] | Shortfall:
    """The slots of each agent, all under tenure 1; a Shortfall when some level does not fit.

    `capacities[a]` is `max_users` of agent a; equal claims go to the earlier agent.
    """
    needed = max((change.target for change in schedule.changes), default=0)
    if needed > sum(capacities):
        return Shortfall(sum(capacities), needed)
    parts = _allocate_all(targets_of(schedule), len(schedule.groups), capacities)
    return _overfull(schedule, parts, capacities) or parts


def targets_of(schedule: Schedule) -> list[tuple[int, ...]]:
    """The distinct users per group, smallest total first."""
    return sorted({change.users for change in schedule.changes}, key=lambda users: (sum(users), users))


def _allocate_all(
    targets: Sequence[tuple[int, ...]], groups: int, capacities: Sequence[int]
) -> tuple[tuple[SlotRun, ...], ...]:
    parts: list[list[SlotRun]] = [[] for _ in capacities]
    assigned = [0] * groups
    held: tuple[int, ...] = (0,) * len(capacities)
    for users in targets:
        raised = [max(0, users[group] - assigned[group]) for group in range(groups)]
        due = apportion(capacities, sum(assigned) + sum(raised))
        rows = share_out(raised, [after - before for before, after in zip(held, due, strict=True)])
        for group, counts in enumerate(rows):
            for part, count in zip(parts, counts, strict=True):
                _append(part, group, assigned[group], count)
                assigned[group] += count
        held = due
    return tuple(tuple(part) for part in parts)


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


def _append(part: list[SlotRun], group: int, first: int, count: int) -> None:
    """Add slots to an agent's part; consecutive runs become one."""
    if count == 0:
        return
    for place in range(len(part) - 1, -1, -1):
        run = part[place]
        if run.group == group:
            if run.first + run.count == first:
                part[place] = SlotRun(group, run.first, run.count + count, run.tenure)
                return
            break
    part.append(SlotRun(group, first, count, FIRST_TENURE))


def active_of(part: Sequence[SlotRun], users: Sequence[int]) -> int:
    """How many slots of a part are active when group g runs the ordinals below `users[g]`."""
    return sum(min(run.count, max(0, users[run.group] - run.first)) for run in part)


def _overfull(schedule: Schedule, parts: Sequence[Sequence[SlotRun]], capacities: Sequence[int]) -> Shortfall | None:
    """Under several mixes one agent may be assigned more than it holds although the sum fits."""
    totals = [sum(run.count for run in part) for part in parts]
    for agent, (part, total, capacity) in enumerate(zip(parts, totals, capacities, strict=True)):
        if total <= capacity:
            continue
        peak = max(active_of(part, users) for users in targets_of(schedule))
        if peak > capacity:
            return Shortfall(capacity, peak, agent)
    return None
