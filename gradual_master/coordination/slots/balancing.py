"""Who gets which slots once the load has begun: after a loss, a join, a drain (DESIGN 4.7, 4.8).

Every agent's share of all slots that are still open is Webster's over `max_users`. Free slots go to those that have
less than their share; what is still lacking then moves from those that have more, and nothing else does. Slots that
are on their way already are reckoned with. Among an agent's slots those that move are spread evenly along the order in
which the schedule raises them, and free ones are given along it, so that lower levels stay close to their shares too.

An agent never holds more slots than it can run at once; under several mixes of the groups (`phases[].users`) that is
the most that any of them would have it run.
"""

from __future__ import annotations

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
"""Slots by their places in the table's columns, along the order in which the schedule raises them."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What is to be done."""

    grants: dict[str, Mask]
    """Free slots for each agent."""
    moves: dict[str, Mask] = field(default_factory=dict)
    """Slots of each agent that are to leave it."""
    is_short: bool = False
    """More are to move once their holders have put them in force."""


class Balancer:
    """Knows in which order the schedule raises its slots, and how many of an agent's it runs at once."""

    def __init__(self, schedule: Schedule) -> None:
        targets = targets_of(schedule)
        self._groups = np.repeat(np.arange(len(schedule.peak)), schedule.peak)
        self._ranks = _ranks(targets, schedule.peak)
        self._largest = [active_in(users, schedule.peak) for users in largest_of(targets)]
        # Under several mixes the first assignment is off by a user per group: nobody is restarted for that.
        self._tolerance = len(schedule.groups) if len(self._largest) > 1 else 0

    def balance(self, table: SlotTable, agents: Mapping[str, FleetAgent], *, moving: bool, coming: int = 0) -> Balance:
        """Bring agents to their shares: by free slots, and with `moving` by what others have too much.

        `agents`: those that stay; only one that is here is given anything just now. `coming`: slots that will be free
        soon, beside those that are moving.
        """
        # A user that moves ends in one agent and begins anew in another: its iteration is cut short or waited for, its
        # cookies and connections are gone, and until the old holder has confirmed its end nobody runs it. So moving is
        # the last resort. Free slots are given first, to those that lack most. What is then still lacking is less than
        # it looks: slots that are already leaving (told, and not yet released) and those that agents that were told to
        # end still hold will be free soon without anybody else being disturbed. Only the rest moves, and only when
        # somebody has joined (`moving`): an agent that lost users to its own cut, or whose slots ended, is no reason.
        # Nothing is taken either for an agent that is not here, for it could not be given to it and would go back to
        # those whom it was taken from, to be taken again: without end, as the fuzz once found. And what its holder has
        # not yet put in force cannot be taken, for a holder that never heard of a slot never says that it ended: such
        # a balance is short, and is looked at again when the holder confirms.
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
        """Give free slots by what each agent lacks; then the part of those that are not here, by what would be the
        shares without them; then what is left to whoever has room.
        """
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
        """Each agent's part: stretch after stretch of one group and one rank, in proportion to the needs."""
        weights, total = list(needs.values()), min(len(free), sum(needs.values()))
        ranks, groups = self._ranks[free[:total]], self._groups[free[:total]]
        parts: dict[str, list[Slots]] = {agent: [] for agent in needs}
        before: tuple[int, ...] = (0,) * len(weights)
        for begin, end in stretches(ranks, groups):
            after = apportion(weights, end)
            place = begin
            for agent, count in zip(needs, (b - a for a, b in zip(before, after, strict=True)), strict=True):
                parts[agent].append(free[place : place + count])
                place += count
            before = after
        return {agent: np.concatenate(pieces) for agent, pieces in parts.items() if pieces}

    def _fitting(self, slots: Slots, held: Mask, capacity: int) -> Slots:
        """As many of `slots`, from the first on, as the agent can run beside what it holds."""
        low, high = 0, len(slots)
        while low < high:
            middle = (low + high + 1) // 2
            if self._most_active(held | self._mask(slots[:middle])) <= capacity:
                low = middle
            else:
                high = middle - 1
        return slots[:low]

    def _most_active(self, held: Mask) -> int:
        """The most users that the schedule ever has run at once in these slots."""
        return max((_count(held & active) for active in self._largest), default=0)

    def _move(
        self, wanted: int, table: SlotTable, above: Mapping[str, int], agents: Mapping[str, FleetAgent]
    ) -> dict[str, Mask]:
        """`wanted` slots of those that have more than their share, in proportion to how much more."""
        counts = apportion(list(above.values()), wanted)
        return {
            id_: self._mask(_spread(slots, min(count, len(slots))))
            for id_, count in zip(above, counts, strict=True)
            if count and len(slots := self._in_order(table.movable(id_, agents[id_].confirmed[1])))
        }

    def _in_order(self, slots: Mask) -> Slots:
        """Along the order of the schedule; slots of one rank group by group."""
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
    return slots[[(2 * place + 1) * len(slots) // (2 * count) for place in range(count)]]


def _ranks(targets: Sequence[tuple[int, ...]], peak: Sequence[int]) -> npt.NDArray[np.int64]:
    """Per slot, the place of the first target, smallest total first, that has it active."""
    ranks = [
        np.searchsorted(np.maximum.accumulate([users[group] for users in targets]), np.arange(count), side="right")
        for group, count in enumerate(peak)
    ]
    return np.concatenate(ranks)
