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
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gradual_common.schedule.schedule import Schedule
from gradual_common.schedule.slots import apportion
from gradual_master.coordination.slots.allocation import targets_of
from gradual_master.coordination.slots.table import Mask, SlotTable

Ranks = list[npt.NDArray[np.int64]]
Slots = npt.NDArray[np.int64]
"""Slots along the order of the schedule, as rows of (group, ordinal)."""


@dataclass(frozen=True, slots=True)
class Place:
    """An agent that stays. Only one that `is_here`, on a stream, is given anything just now.

    `confirmed`: the version of the orders that it has put in force; what later ones gave it cannot move yet.
    """

    max_users: int
    is_here: bool
    confirmed: int = 1 << 62


@dataclass(frozen=True, slots=True)
class Balance:
    """What is to be done: free slots given to agents, and slots of agents that are to leave them.

    `is_short`: more are to move once their holders have put them in force.
    """

    gifts: dict[str, list[Mask]]
    moves: dict[str, list[Mask]]
    is_short: bool = False


class Balancer:
    """Knows in which order the schedule raises its slots, and how many of an agent's it runs at once."""

    def __init__(self, schedule: Schedule) -> None:
        targets = targets_of(schedule)
        self._peak = schedule.peak
        self._largest = _largest(targets)
        self._ranks = _ranks(targets, schedule.peak)
        # Under several mixes the first assignment is off by a user per group: nobody is restarted for that.
        self._tolerance = len(schedule.groups) if len(self._largest) > 1 else 0

    def balance(self, table: SlotTable, places: Mapping[str, Place], *, moving: bool, coming: int = 0) -> Balance:
        """Bring agents to their shares: by free slots, and with `moving` by what others have too much.

        `coming`: slots that will be free soon, beside those that are moving.
        """
        counts = table.counts()
        held = {agent: counts.get(agent, 0) for agent in places}
        weights = [place.max_users for place in places.values()]
        shares = dict(zip(places, _shares(weights, table.open_slots()), strict=True))
        lacking = {agent: max(0, shares[agent] - held[agent]) for agent in places}
        gifts = self._give(self._in_order(table.free()), lacking, table, places, held)
        if not moving:
            return Balance(gifts, {})
        given = sum(_count(masks) for masks in gifts.values())
        # Nothing moves for an agent that is not here: it would be given back to those from whom it was taken.
        lacking_here = sum(count for agent, count in lacking.items() if places[agent].is_here)
        wanted = lacking_here - given - coming - table.leaving()
        if wanted <= self._tolerance:
            return Balance(gifts, {})
        above = {agent: held[agent] - shares[agent] for agent in places}
        moves = self._move(wanted, table, above, places)
        moving_now = sum(_count(masks) for masks in moves.values())
        return Balance(gifts, moves, moving_now < min(wanted, sum(max(0, count) for count in above.values())))

    def _give(
        self,
        free: Slots,
        lacking: Mapping[str, int],
        table: SlotTable,
        places: Mapping[str, Place],
        counts: Mapping[str, int],
    ) -> dict[str, list[Mask]]:
        """Assign free slots by what each agent lacks; then the part of those that are not here, by what would be the
        shares without them; then what is left to whoever has room.
        """
        gifts: dict[str, list[Mask]] = {}
        if not len(free):
            return gifts
        here = [agent for agent, place in places.items() if place.is_here]
        theirs = len(free) + sum(counts[agent] for agent in here)
        together = _shares([places[agent].max_users for agent in here], theirs)
        without = {agent: max(0, share - counts[agent]) for agent, share in zip(here, together, strict=True)}
        for needs in (
            {agent: lacking[agent] for agent in here},
            {agent: max(0, without[agent] - lacking[agent]) for agent in here},
            dict.fromkeys(here, len(free)),
        ):
            for agent, part in self._dealt(free, needs).items():
                if not len(part):
                    continue
                held = _with(table.occupied(agent), gifts.get(agent))
                fitting = self._fitting(part, held, places[agent].max_users)
                if len(fitting):
                    gifts[agent] = _with(self._masks(fitting), gifts.get(agent))
            taken = [np.zeros(count, np.bool_) for count in self._peak]
            for masks in gifts.values():
                taken = _with(taken, masks)
            free = free[[not taken[group][ordinal] for group, ordinal in free]] if len(free) else free
        return gifts

    def _dealt(self, free: Slots, needs: Mapping[str, int]) -> dict[str, Slots]:
        """Each agent's part: stretch after stretch of one group and one rank, in proportion to the needs."""
        weights, total = list(needs.values()), min(len(free), sum(needs.values()))
        parts: dict[str, list[Slots]] = {agent: [] for agent in needs}
        before: tuple[int, ...] = (0,) * len(weights)
        for begin, end in self._stretches(free[:total]):
            after = apportion(weights, end)
            place = begin
            for agent, count in zip(needs, (b - a for a, b in zip(before, after, strict=True)), strict=True):
                parts[agent].append(free[place : place + count])
                place += count
            before = after
        return {agent: np.concatenate(pieces) for agent, pieces in parts.items() if pieces}

    def _stretches(self, slots: Slots) -> list[tuple[int, int]]:
        if not len(slots):
            return []
        ranks = self._ranks_of(slots)
        breaks = np.flatnonzero((np.diff(ranks) != 0) | (np.diff(slots[:, 0]) != 0)) + 1
        edges = [0, *breaks.tolist(), len(slots)]
        return list(pairwise(edges))

    def _fitting(self, slots: Slots, held: list[Mask], capacity: int) -> Slots:
        """As many of `slots`, from the first on, as the agent can run beside what it holds."""
        low, high = 0, len(slots)
        while low < high:
            middle = (low + high + 1) // 2
            if self._most_active(_with(held, self._masks(slots[:middle]))) <= capacity:
                low = middle
            else:
                high = middle - 1
        return slots[:low]

    def _most_active(self, held: list[Mask]) -> int:
        """The most users that the schedule ever has run at once in these slots."""
        return max(
            (
                sum(int(np.count_nonzero(mask[:count])) for mask, count in zip(held, users, strict=True))
                for users in self._largest
            ),
            default=0,
        )

    def _move(
        self, wanted: int, table: SlotTable, above: Mapping[str, int], places: Mapping[str, Place]
    ) -> dict[str, list[Mask]]:
        """`wanted` slots of those that have more than their share, in proportion to how much more."""
        surplus = {agent: max(0, count) for agent, count in above.items()}
        wanted = min(wanted, sum(surplus.values()))
        if wanted <= 0:
            return {}
        counts = apportion(list(surplus.values()), wanted)
        return {
            agent: self._masks(_spread(slots, min(count, len(slots))))
            for agent, count in zip(surplus, counts, strict=True)
            if count and len(slots := self._in_order(table.movable(agent, places[agent].confirmed)))
        }

    def _in_order(self, masks: Sequence[Mask]) -> Slots:
        slots = np.concatenate(
            [
                np.column_stack((np.full(int(mask.sum()), group), np.flatnonzero(mask)))
                for group, mask in enumerate(masks)
            ]
        )
        return slots[np.lexsort((slots[:, 1], slots[:, 0], self._ranks_of(slots)))]

    def _ranks_of(self, slots: Slots) -> npt.NDArray[np.int64]:
        ranks = np.zeros(len(slots), dtype=np.int64)
        for group, column in enumerate(self._ranks):
            mine = slots[:, 0] == group
            ranks[mine] = column[slots[mine, 1]]
        return ranks

    def _masks(self, slots: Slots) -> list[Mask]:
        masks = [np.zeros(count, dtype=np.bool_) for count in self._peak]
        for group, mask in enumerate(masks):
            mask[slots[slots[:, 0] == group, 1]] = True
        return masks


def _shares(capacities: Sequence[int], slots: int) -> tuple[int, ...]:
    return apportion(capacities, slots) if sum(capacities) else (0,) * len(capacities)


def _count(masks: Sequence[Mask]) -> int:
    return sum(int(np.count_nonzero(mask)) for mask in masks)


def _with(masks: list[Mask], others: list[Mask] | None) -> list[Mask]:
    """The slots of both."""
    return masks if others is None else [mask | other for mask, other in zip(masks, others, strict=True)]


def _spread(slots: Slots, count: int) -> Slots:
    """`count` of the slots, evenly spaced."""
    return slots[[(2 * place + 1) * len(slots) // (2 * count) for place in range(count)]]


def _largest(targets: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The targets that no other one holds whole."""

    def is_within(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
        return small != large and all(a <= b for a, b in zip(small, large, strict=True))

    largest: list[tuple[int, ...]] = []
    for users in reversed(targets):
        if not any(is_within(users, other) for other in largest):
            largest.append(users)
    return largest


def _ranks(targets: Sequence[tuple[int, ...]], peak: Sequence[int]) -> Ranks:
    """Per group and ordinal, the place of the first target, smallest total first, that has the slot active."""
    ranks = []
    for group, count in enumerate(peak):
        reach = np.maximum.accumulate([users[group] for users in targets]) if targets else np.zeros(0, np.int64)
        ranks.append(np.searchsorted(reach, np.arange(count), side="right").astype(np.int64))
    return ranks
