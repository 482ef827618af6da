"""Who holds which slot under which tenure, and which slots have ended for good (DESIGN 4.7; PLAN, Slots).

    free ──give──▶ held ──let_go──▶ leaving ──release──▶ free        (take_all frees whatever an agent has)
                    └──end──▶ ended                                   (nobody gets it again)

A slot that is given waits for its data rows before the orders name it; one that is leaving is not named any more, but
stays its holder's until that says that the user has ended. All slots stand in columns, group after group, so that
100,000 of them cost little; a mask is a column of truth values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from gradual_common.errors import WireError
from gradual_common.protocol.messages import SlotRun

NOBODY = -1
NOT_PREPARED = np.iinfo(np.int64).max
"""The provision that a slot waits for while nobody knows which one it will be."""

Mask = npt.NDArray[np.bool_]


def stretches(*columns: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """From where to where none of these columns, which are equally long, changes."""
    length = len(columns[0])
    changes = np.logical_or.reduce([np.diff(column) != 0 for column in columns])
    return list(pairwise([0, *(np.flatnonzero(changes) + 1).tolist(), length])) if length else []


class SlotTable:
    """Every slot of the schedule. `peak[g]`: how many slots group g has."""

    def __init__(self, peak: Sequence[int]) -> None:
        self._peak = tuple(peak)
        self._bases = [0, *accumulate(peak)]
        """Where each group's columns begin."""
        self._group = np.repeat(np.arange(len(peak)), peak)
        slots = len(self._group)
        self._holder = np.full(slots, NOBODY, dtype=np.int32)
        self._tenure = np.zeros(slots, dtype=np.int64)
        self._due = np.zeros(slots, dtype=np.int64)
        """The provision that brings a slot's rows."""
        self._leaving = np.zeros(slots, dtype=np.bool_)
        self._ended = np.zeros(slots, dtype=np.bool_)
        self._has_ended = False
        """Whether any slot has."""
        self._named_at = np.zeros(slots, dtype=np.int64)
        """The version of the orders that first named a slot to its holder; 0: none has yet."""
        self._numbers: dict[str, int] = {}
        """What stands for an agent in the column of holders."""

    def held_by(self, agent: str) -> tuple[SlotRun, ...]:
        """The slots of `agent`, leaving and ended ones included."""
        return self._runs(self._of(agent))

    def count_of(self, agent: str) -> int:
        """How many those are."""
        return int(np.count_nonzero(self._of(agent)))

    def ordered_of(self, agent: str, provisioned: int) -> tuple[SlotRun, ...]:
        """The slots that the orders of `agent` name, when it has stored its provisions up to `provisioned`."""
        return self._runs(self._of(agent) & ~self._leaving & (self._due <= provisioned))

    def occupied(self, agent: str) -> Mask:
        """The slots of `agent` that may have a user in them: those that are leaving too."""
        return self._of(agent) & ~self._ended

    def staying(self, agent: str) -> Mask:
        """The slots of `agent` that have not ended and are not leaving."""
        return self._of(agent) & ~self._leaving & ~self._ended

    def counts(self) -> dict[str, int]:
        """How many slots each agent has that have not ended and are not leaving."""
        staying = self._holder[(self._holder != NOBODY) & ~self._leaving & ~self._ended]
        counts = np.bincount(staying, minlength=len(self._numbers))
        return {agent: int(counts[number]) for agent, number in self._numbers.items()}

    def mask_of(self, slots: Iterable[SlotRun]) -> Mask:
        """Runs as a mask."""
        mask = np.zeros(len(self._holder), dtype=np.bool_)
        for run in slots:
            mask[self._place(run)] = True
        return mask

    def leaving(self) -> int:
        """How many slots are on their way from one agent to another."""
        return int(np.count_nonzero(self._leaving & ~self._ended))

    def free(self) -> Mask:
        """The slots that nobody holds and somebody should."""
        free: Mask = (self._holder == NOBODY) & ~self._ended
        return free

    def vacant(self, users: Sequence[int]) -> int:
        """How many of the users wanted now nobody holds."""
        return int(np.count_nonzero(self.free() & self._wanted(users)))

    def open_slots(self) -> int:
        """How many slots have not ended for good."""
        return int(np.count_nonzero(~self._ended))

    def is_over(self, users: Sequence[int]) -> bool:
        """Whether every slot below `users[g]` of each group g has ended for good. This is asked after every event."""
        if not self._has_ended:
            return not any(users)
        return all(
            bool(self._ended[base : base + count].all()) for base, count in zip(self._bases, users, strict=False)
        )

    def knows(self, agent: str, slots: Iterable[SlotRun]) -> bool:
        """Whether `agent` holds every one of these slots under just this tenure."""
        number = self._numbers.get(agent)
        return all(number is not None and self._exists(run) and bool(self._is_held(number, run).all()) for run in slots)

    def give(self, agent: str, slots: Mask) -> tuple[SlotRun, ...]:
        """Free slots become `agent`'s, each under its next tenure; they are not ordered before `note_due`."""
        assert (self._holder[slots] == NOBODY).all(), "only free slots are given"
        self._holder[slots] = self._numbers.setdefault(agent, len(self._numbers))
        self._tenure[slots] += 1
        self._due[slots] = NOT_PREPARED
        self._named_at[slots] = 0
        return self._runs(slots)

    def note_due(self, agent: str, slots: Iterable[SlotRun], due: int) -> None:
        """The rows of these slots come with provision `due`; slots that were lost meanwhile are passed over."""
        number = self._numbers.get(agent, NOBODY)
        for run in slots:
            self._due[self._place(run)][self._is_held(number, run)] = due

    def note_named(self, slots: Iterable[SlotRun], version: int) -> None:
        """The orders of this version name these slots."""
        for run in slots:
            named = self._named_at[self._place(run)]
            named[named == 0] = version

    def movable(self, agent: str, confirmed: int) -> Mask:
        """The slots that `agent` is known to have put in force, and so gives back when orders do not name them."""
        return self.staying(agent) & (self._named_at > 0) & (self._named_at <= confirmed)

    def let_go(self, slots: Mask) -> None:
        """These slots leave their holders, when their users have ended."""
        self._leaving |= slots

    def release(self, agent: str, slots: Iterable[SlotRun]) -> None:
        """Their users have ended and the slots are free; WireError for one that `agent` never held.

        What it held under an earlier tenure it does not hold any more, and nothing changes.
        """
        for run in slots:
            self._free(self._checked(agent, run), self._place(run))

    def end(self, agent: str, run: SlotRun) -> int:
        """Their users have ended for good; how many had not before. WireError as for `release`."""
        held = self._checked(agent, run)
        ended = self._ended[self._place(run)]
        count = int(np.count_nonzero(held & ~ended))
        ended |= held
        self._has_ended = self._has_ended or count > 0
        return count

    def take_all(self, agent: str) -> None:
        """`agent` is gone: what it held is free."""
        self._free(self._of(agent))

    def reconcile(self, agent: str, held: Iterable[SlotRun], users: Sequence[int]) -> tuple[SlotRun, ...]:
        """`agent` is back and holds `held`: what it let go is free, what it should run and does not begins anew.

        Which slots have begun anew, under their next tenure: nobody else can hold them.
        """
        absent = self._of(agent) & ~self.mask_of(held)
        lacking = absent & self.staying(agent) & self._wanted(users) & (self._due != NOT_PREPARED)
        self._named_at[absent] = 0
        self._free(absent & self._leaving)
        self._tenure[lacking] += 1
        return self._runs(lacking)

    def _of(self, agent: str) -> Mask:
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

    def _place(self, run: SlotRun) -> slice:
        first = self._bases[run.group] + run.first
        return slice(first, first + run.count)

    def _is_held(self, number: int, run: SlotRun) -> Mask:
        """Which slots of a run this agent holds under its tenure."""
        place = self._place(run)
        held: Mask = (self._holder[place] == number) & (self._tenure[place] == run.tenure)
        return held

    def _checked(self, agent: str, run: SlotRun) -> Mask:
        """The same; WireError when one was never given so."""
        if not self._exists(run):
            raise WireError(f"it gives back slots that there are not: {run}")
        number, place = self._numbers.get(agent, NOBODY), self._place(run)
        # An older tenure is no mistake: the agent speaks of a time before it was lost, or its message was under way
        # while the slot went to another. A newer one than was ever given is one, and so is that of another holder.
        holder, tenure = self._holder[place], self._tenure[place]
        if (run.tenure > tenure).any() or ((tenure == run.tenure) & (holder != number) & (holder != NOBODY)).any():
            raise WireError(f"it gives back slots that it does not hold: {run}")
        return self._is_held(number, run)

    def _free(self, slots: Mask, place: slice = slice(None)) -> None:
        self._holder[place][slots] = NOBODY
        self._leaving[place][slots] = False

    def _runs(self, slots: Mask) -> tuple[SlotRun, ...]:
        """Slots as runs of consecutive ordinals under one tenure, in order."""
        places = np.flatnonzero(slots)
        groups, tenures = self._group[places], self._tenure[places]
        runs = []
        # Consecutive places are those that stay as far ahead of their count.
        for begin, end in stretches(places - np.arange(len(places)), groups, tenures):
            group = int(groups[begin])
            first = int(places[begin]) - self._bases[group]
            runs.append(SlotRun(group, first, end - begin, int(tenures[begin])))
        return tuple(runs)
