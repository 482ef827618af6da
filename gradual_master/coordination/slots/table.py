"""The slot table: the agent, tenure and state of every slot (docs/design/fleet.md, 4.7; plan_language.md, "Slots").

    free ──give──▶ held ──let_go──▶ leaving ──release──▶ free        (take_all frees all slots of an agent)
                    └──end──▶ ended                                   (it gets no user any more)

| word | meaning |
|---|---|
| free | no agent has it, and it has not ended |
| held | an agent has it; orders contain it when the agent has stored its data rows |
| leaving | orders do not contain it any more, but its agent has it until it reports that the user has ended |
| ended | its user has ended for good: `iterations` are done, or data is used up |
| occupied | an agent has it and it has not ended: a user may be running in it |
| staying | occupied and not leaving |
| vacant | free, and the schedule wants a user in it now |
| open | not ended |

All slots are in columns, group after group: 100,000 slots take a few array operations instead of 100,000 objects. A
mask is a column of truth values.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from gradual_common.errors import WireError
from gradual_common.protocol.messages import SlotRun

NO_AGENT = -1
NOT_PREPARED = np.iinfo(np.int64).max
"""The due provision of a slot while its rows are not prepared: no provision number reaches it."""

Mask = npt.NDArray[np.bool_]


def stretches(*columns: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """The runs (first, end) of rows in which no column changes; the columns have equal lengths."""
    length = len(columns[0])
    changes = np.logical_or.reduce([np.diff(column) != 0 for column in columns])
    return list(pairwise([0, *(np.flatnonzero(changes) + 1).tolist(), length])) if length else []


class SlotTable:
    """All slots of the schedule; `peak[g]` is the number of slots of group g."""

    def __init__(self, peak: Sequence[int]) -> None:
        self._peak = tuple(peak)
        self._bases = [0, *accumulate(peak)]
        """The index of each group's first slot."""
        self._group = np.repeat(np.arange(len(peak)), peak)
        slots = len(self._group)
        self._holder = np.full(slots, NO_AGENT, dtype=np.int32)
        self._tenure = np.zeros(slots, dtype=np.int64)
        self._due = np.zeros(slots, dtype=np.int64)
        """The provision that contains the rows of a slot."""
        self._leaving = np.zeros(slots, dtype=np.bool_)
        self._ended = np.zeros(slots, dtype=np.bool_)
        self._has_ended = False
        """Whether any slot has ended."""
        self._named_at = np.zeros(slots, dtype=np.int64)
        """The version of the orders that first contained a slot for its agent; 0 before that."""
        self._numbers: dict[str, int] = {}
        """The number of each agent in the column of holders."""

    def held_by(self, agent: str) -> tuple[SlotRun, ...]:
        """The slots of `agent`, with leaving and ended ones."""
        return self._runs(self._of(agent))

    def count_of(self, agent: str) -> int:
        """How many slots `agent` has, with leaving and ended ones."""
        return int(np.count_nonzero(self._of(agent)))

    def ordered_of(self, agent: str, provisioned: int) -> tuple[SlotRun, ...]:
        """The slots in the orders of `agent` when it has stored its provisions up to `provisioned`."""
        return self._runs(self._of(agent) & ~self._leaving & (self._due <= provisioned))

    def occupied(self, agent: str) -> Mask:
        """The slots of `agent` in which a user may be running, with leaving ones."""
        return self._of(agent) & ~self._ended

    def staying(self, agent: str) -> Mask:
        """The slots of `agent` that are neither leaving nor ended."""
        return self._of(agent) & ~self._leaving & ~self._ended

    def counts(self) -> dict[str, int]:
        """How many staying slots each agent has."""
        staying = self._holder[(self._holder != NO_AGENT) & ~self._leaving & ~self._ended]
        counts = np.bincount(staying, minlength=len(self._numbers))
        return {agent: int(counts[number]) for agent, number in self._numbers.items()}

    def mask_of(self, slots: Iterable[SlotRun]) -> Mask:
        """The mask of these runs of slots."""
        mask = np.zeros(len(self._holder), dtype=np.bool_)
        for run in slots:
            mask[self._range(run)] = True
        return mask

    def leaving(self) -> int:
        """How many slots are leaving an agent."""
        return int(np.count_nonzero(self._leaving & ~self._ended))

    def free(self) -> Mask:
        """The slots that no agent has and that have not ended."""
        free: Mask = (self._holder == NO_AGENT) & ~self._ended
        return free

    def vacant(self, users: Sequence[int]) -> int:
        """How many slots below `users[g]` of each group g are free: users that should run now and do not."""
        return int(np.count_nonzero(self.free() & self._wanted(users)))

    def open_slots(self) -> int:
        """How many slots have not ended."""
        return int(np.count_nonzero(~self._ended))

    def is_over(self, users: Sequence[int]) -> bool:
        """Whether every slot below `users[g]` of each group g has ended."""
        # This is called after every event; in most runs no slot ever ends, and the first line answers.
        if not self._has_ended:
            return not any(users)
        return all(
            bool(self._ended[base : base + count].all()) for base, count in zip(self._bases, users, strict=False)
        )

    def knows(self, agent: str, slots: Iterable[SlotRun]) -> bool:
        """Whether `agent` has all of these slots under exactly these tenures."""
        number = self._numbers.get(agent)
        return all(number is not None and self._exists(run) and bool(self._is_held(number, run).all()) for run in slots)

    def give(self, agent: str, slots: Mask) -> tuple[SlotRun, ...]:
        """Give free slots to `agent`, each under its next tenure. Orders do not contain them before `note_due`."""
        assert (self._holder[slots] == NO_AGENT).all(), "only free slots are given"
        self._holder[slots] = self._numbers.setdefault(agent, len(self._numbers))
        # A new tenure with each assignment: a late message about an earlier one is recognised.
        self._tenure[slots] += 1
        self._due[slots] = NOT_PREPARED
        self._named_at[slots] = 0
        return self._runs(slots)

    def note_due(self, agent: str, slots: Iterable[SlotRun], due: int) -> None:
        """The rows of these slots are in provision `due`; slots that the agent does not have any more are skipped."""
        number = self._numbers.get(agent, NO_AGENT)
        for run in slots:
            self._due[self._range(run)][self._is_held(number, run)] = due

    def note_named(self, slots: Iterable[SlotRun], version: int) -> None:
        """The orders of this version contain these slots."""
        for run in slots:
            named = self._named_at[self._range(run)]
            named[named == 0] = version

    def movable(self, agent: str, confirmed: int) -> Mask:
        """The slots in orders that `agent` has confirmed: it will release them when orders do not contain them."""
        return self.staying(agent) & (self._named_at > 0) & (self._named_at <= confirmed)

    def let_go(self, slots: Mask) -> None:
        """Mark these slots as leaving: orders do not contain them any more."""
        self._leaving |= slots

    def release(self, agent: str, slots: Iterable[SlotRun]) -> None:
        """Free these slots, whose users have ended; WireError for a slot that `agent` never had.

        A slot under an earlier tenure is ignored: the agent does not have it any more.
        """
        for run in slots:
            self._free(self._checked(agent, run), self._range(run))

    def end(self, agent: str, run: SlotRun) -> int:
        """Mark these slots as ended; return how many had not ended before. WireError as in `release`."""
        held = self._checked(agent, run)
        ended = self._ended[self._range(run)]
        count = int(np.count_nonzero(held & ~ended))
        # `ended` is a view of the column, so this changes the column.
        ended |= held
        self._has_ended = self._has_ended or count > 0
        return count

    def take_all(self, agent: str) -> None:
        """Free all slots of `agent`, which is gone."""
        self._free(self._of(agent))

    def reconcile(self, agent: str, held: Iterable[SlotRun], users: Sequence[int]) -> tuple[SlotRun, ...]:
        """`agent` is back and has only `held`: free its leaving slots, and restart those that should have a user.

        Return the restarted slots, under their next tenure. No other agent can have them.
        """
        absent = self._of(agent) & ~self.mask_of(held)
        lacking = absent & self.staying(agent) & self._wanted(users) & (self._due != NOT_PREPARED)
        self._named_at[absent] = 0
        self._free(absent & self._leaving)
        self._tenure[lacking] += 1
        return self._runs(lacking)

    def _of(self, agent: str) -> Mask:
        # An agent that was never given a slot has no number; the default is a number that no agent has.
        held: Mask = self._holder == self._numbers.get(agent, len(self._numbers))
        return held

    def _wanted(self, users: Sequence[int]) -> Mask:
        """The slots below `users[g]` of each group g."""
        mask = np.zeros(len(self._holder), dtype=np.bool_)
        for base, count in zip(self._bases, users, strict=False):
            mask[base : base + count] = True
        return mask

    def _exists(self, run: SlotRun) -> bool:
        return run.group < len(self._peak) and run.first + run.count <= self._peak[run.group]

    def _range(self, run: SlotRun) -> slice:
        first = self._bases[run.group] + run.first
        return slice(first, first + run.count)

    def _is_held(self, number: int, run: SlotRun) -> Mask:
        """Which slots of a run this agent has under the tenure of the run."""
        index = self._range(run)
        held: Mask = (self._holder[index] == number) & (self._tenure[index] == run.tenure)
        return held

    def _checked(self, agent: str, run: SlotRun) -> Mask:
        """The same; WireError if the agent never had one of them under this tenure."""
        if not self._exists(run):
            raise WireError(f"it gives back slots that do not exist: {run}")
        number, index = self._numbers.get(agent, NO_AGENT), self._range(run)
        # An older tenure is not an error: the message was sent before the agent was lost, or was on its way while the
        # slot went to another agent. Two cases are errors: a tenure that was never given, and the current tenure while
        # another agent has the slot.
        holder, tenure = self._holder[index], self._tenure[index]
        if (run.tenure > tenure).any() or ((tenure == run.tenure) & (holder != number) & (holder != NO_AGENT)).any():
            raise WireError(f"it gives back slots that it does not have: {run}")
        return self._is_held(number, run)

    def _free(self, slots: Mask, index: slice = slice(None)) -> None:
        self._holder[index][slots] = NO_AGENT
        self._leaving[index][slots] = False

    def _runs(self, slots: Mask) -> tuple[SlotRun, ...]:
        """These slots as runs of consecutive ordinals under one tenure, in order."""
        indices = np.flatnonzero(slots)
        groups, tenures = self._group[indices], self._tenure[indices]
        runs = []
        # In a run of consecutive indices the difference between index and position is constant, so a change of that
        # difference is the end of a run.
        for start, end in stretches(indices - np.arange(len(indices)), groups, tenures):
            group = int(groups[start])
            first = int(indices[start]) - self._bases[group]
            runs.append(SlotRun(group, first, end - start, int(tenures[start])))
        return tuple(runs)
