"""Which agent gets which slots under load: after a loss, a join, a drain (docs/design/fleet.md, 4.7, 4.8).

Every agent has a share of all slots that have not ended, by Webster's method over `max_users`. Free slots go to agents
that have less than their share. What they still lack then moves from agents that have more; no other slot moves. Slots
that are already on their way are counted. The slots of an agent that move are evenly spaced in the order in which the
schedule raises them, and free slots are given in that order, so that at lower levels the shares are about right too.

An agent never gets more slots than it can run at once. Under several mixes of the groups (`phases[].users`) that is the
largest number that any mix would have it run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gradual_common.schedule.schedule import Schedule
from gradual_common.schedule.slots import apportion
from gradual_master.coordination.fleet.agent import FleetAgent
from gradual_master.coordination.slots.allocation import active_in, largest_of, targets_of
from gradual_master.coordination.slots.table import Mask, SlotTable, stretches

Slots = npt.NDArray[np.int64]
"""Slots by their index in the columns of the slot table, in the order in which the schedule raises them."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The result: which slots are given and which are moved."""

    grants: dict[str, Mask]
    """Free slots for each agent."""
    moves: dict[str, Mask] = field(default_factory=dict)
    """Slots of each agent that it has to release."""
    is_short: bool = False
    """Whether more have to move, which their agents have not confirmed yet."""


class Balancer:
    """Balances slots over agents, with the order in which one schedule raises them."""

    def __init__(self, schedule: Schedule) -> None:
        targets = targets_of(schedule)
        self._groups = np.repeat(np.arange(len(schedule.peak)), schedule.peak)
        self._ranks = _ranks(targets, schedule.peak)
        self._largest = [active_in(users, schedule.peak) for users in largest_of(targets)]
        # Under several mixes the first assignment is off by up to one user per group. No user is moved for that.
        self._tolerance = len(schedule.groups) if len(self._largest) > 1 else 0

    def balance(self, table: SlotTable, agents: Mapping[str, FleetAgent], *, moving: bool, coming: int = 0) -> Balance:
        """Bring agents to their shares: with free slots, and if `moving` with slots of agents that have too many.

        `agents` are those that stay; only those that are here get slots now. `coming` is the number of slots that will
        be free soon, in addition to those that are moving.
        """
        # Moving is the last resort. A user that moves ends on one agent and starts again on another: its iteration is
        # cut short or waited for, its cookies and connections are lost, and until the first agent has confirmed the end
        # no agent runs it. Therefore:
        # 1. Free slots are given first, to the agents that lack most.
        # 2. Slots that are already leaving, and slots of agents that were asked to end, will be free soon: only what is
        #    lacking beyond them has to move.
        # 3. Slots move only when an agent has joined (`moving`), not when one has cut its users, or its slots have
        #    ended.
        # 4. No slot moves for an agent that is not here. It could not get it; the slot would go back to its former
        #    agent and be taken again, without end, as the fuzz test once found.
        # 5. Only slots that their agent has confirmed can move: an agent that never got the order to run a slot never
        #    reports its end. The balance is short then, and is done again when the agent confirms.
        counts = table.counts()
        held = {id_: counts.get(id_, 0) for id_ in agents}
        weights = [agent.hello.max_users for agent in agents.values()]
        shares = dict(zip(agents, _shares(weights, table.open_slots()), strict=True))
        lacking = {id_: max(0, shares[id_] - held[id_]) for id_ in agents}
        grants = self._give(self._in_order(table.free()), lacking, table, agents, held)
        given = sum(_count(slots) for slots in grants.values())
        lacking_here = sum(count for id_, count in lacking.items() if agents[id_].is_here)
        wanted = lacking_here - given - coming - table.leaving()
        if not moving or wanted <= self._tolerance:
            return Balance(grants)
        above = {id_: max(0, held[id_] - shares[id_]) for id_ in agents}
        wanted = min(wanted, sum(above.values()))
        moves = self._move(wanted, table, above, agents) if wanted > 0 else {}
        return Balance(grants, moves, sum(_count(slots) for slots in moves.values()) < wanted)

    def _give(
        self,
        free: Slots,
        lacking: Mapping[str, int],
        table: SlotTable,
        agents: Mapping[str, FleetAgent],
        counts: Mapping[str, int],
    ) -> dict[str, Mask]:
        """Give free slots in three rounds; in each, an agent gets at most what it has room for."""
        # Round 1: by what each agent that is here lacks to its share. Round 2: what is kept for agents that are away,
        # by the shares that there would be without them; users should run now, and move back later. Round 3: the rest,
        # to any agent with room, for a user on a full agent is better than a missing one.
        grants: dict[str, Mask] = {}
        here = {id_: agent.hello.max_users for id_, agent in agents.items() if agent.is_here}
        theirs = len(free) + sum(counts[id_] for id_ in here)
        together = _shares(list(here.values()), theirs)
        without = {id_: max(0, share - counts[id_]) for id_, share in zip(here, together, strict=True)}
        for needs in (
            {id_: lacking[id_] for id_ in here},
            {id_: max(0, without[id_] - lacking[id_]) for id_ in here},
            dict.fromkeys(here, len(free)),
        ):
            rest = self._mask(free)
            for id_, part in self._parts(free, needs).items():
                given = grants.get(id_, self._mask(part[:0]))
                fitting = self._mask(self._fitting(part, table.occupied(id_) | given, here[id_]))
                if fitting.any():
                    grants[id_] = given | fitting
                    rest &= ~fitting
            free = free[rest[free]]
        return grants

    def _parts(self, free: Slots, needs: Mapping[str, int]) -> dict[str, Slots]:
        """Divide free slots in proportion to the needs, separately for each run of slots of one group and one rank."""
        weights, total = list(needs.values()), min(len(free), sum(needs.values()))
        ranks, groups = self._ranks[free[:total]], self._groups[free[:total]]
        parts: dict[str, list[Slots]] = {agent: [] for agent in needs}
        # Webster shares of the running total, minus those of the total before: the parts of each run differ by rounding
        # only, and the rounding of all runs together adds up to the Webster share of the whole.
        before: tuple[int, ...] = (0,) * len(weights)
        for start, end in stretches(ranks, groups):
            after = apportion(weights, end)
            first = start
            for agent, count in zip(needs, (b - a for a, b in zip(before, after, strict=True)), strict=True):
                parts[agent].append(free[first : first + count])
                first += count
            before = after
        return {agent: np.concatenate(pieces) for agent, pieces in parts.items() if pieces}

    def _fitting(self, slots: Slots, held: Mask, capacity: int) -> Slots:
        """The longest beginning of `slots` that the agent can run in addition to what it has, by binary search."""
        # The search may be binary: with more slots the largest number of active users never becomes smaller.
        low, high = 0, len(slots)
        while low < high:
            middle = (low + high + 1) // 2
            if self._max_active(held | self._mask(slots[:middle])) <= capacity:
                low = middle
            else:
                high = middle - 1
        return slots[:low]

    def _max_active(self, held: Mask) -> int:
        """The largest number of users that the schedule ever runs at once in these slots."""
        return max((_count(held & active) for active in self._largest), default=0)

    def _move(
        self, wanted: int, table: SlotTable, above: Mapping[str, int], agents: Mapping[str, FleetAgent]
    ) -> dict[str, Mask]:
        """`wanted` slots of the agents above their share, in proportion to how far above they are."""
        counts = apportion(list(above.values()), wanted)
        return {
            id_: self._mask(_spread(slots, min(count, len(slots))))
            for id_, count in zip(above, counts, strict=True)
            if count and len(slots := self._in_order(table.movable(id_, agents[id_].confirmed[1])))
        }

    def _in_order(self, slots: Mask) -> Slots:
        """The slots in the order in which the schedule raises them; slots of one rank group by group."""
        found = np.flatnonzero(slots)
        return found[np.argsort(self._ranks[found], kind="stable")]

    def _mask(self, slots: Slots) -> Mask:
        mask = np.zeros(len(self._ranks), dtype=np.bool_)
        mask[slots] = True
        return mask


def _shares(capacities: Sequence[int], slots: int) -> tuple[int, ...]:
    return apportion(capacities, slots) if sum(capacities) else (0,) * len(capacities)


def _count(slots: Mask) -> int:
    return int(np.count_nonzero(slots))


def _spread(slots: Slots, count: int) -> Slots:
    """`count` of the slots, evenly spaced."""
    # The middles of `count` equal parts of the list.
    return slots[[(2 * index + 1) * len(slots) // (2 * count) for index in range(count)]]


def _ranks(targets: Sequence[tuple[int, ...]], peak: Sequence[int]) -> npt.NDArray[np.int64]:
    """Per slot, the index of the first target (smallest total first) in which it is active."""
    # Slot k is first active in the first target with more than k users of its group. Under several mixes a group may
    # have fewer users in a larger target. The running maximum makes the column sorted, as the binary search needs it,
    # and changes nothing: a slot counts where it is active for the first time.
    ranks = [
        np.searchsorted(np.maximum.accumulate([users[group] for users in targets]), np.arange(count), side="right")
        for group, count in enumerate(peak)
    ]
    return np.concatenate(ranks)
