"""Who holds which slot under which tenure, and which slots have ended for good (DESIGN 4.7; PLAN, Slots).

    free ──give──▶ held ──let_go──▶ leaving ──release──▶ free        (take_all frees whatever an agent has)
                    └──end──▶ ended                                   (nobody gets it again)

A slot that is given waits for its data rows before the orders name it; one that is leaving is not named any more, but
stays its holder's until that says that the user has ended. Columns per group, so that 100,000 slots cost little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gradual_common.errors import WireError
from gradual_common.protocol.messages import SlotRun

NOBODY = -1
NOT_LAID = np.iinfo(np.int64).max
"""The provision that a slot waits for while nobody knows which one it will be."""

Mask = npt.NDArray[np.bool_]


class SlotTable:
    """Every slot of the schedule. `peak[g]`: how many slots group g has."""

    def __init__(self, peak: Sequence[int]) -> None:
        self.peak = tuple(peak)
        self._holder = [np.full(count, NOBODY, dtype=np.int32) for count in peak]
        self._tenure = [np.zeros(count, dtype=np.int64) for count in peak]
        self._due = [np.zeros(count, dtype=np.int64) for count in peak]
        self._leaving = [np.zeros(count, dtype=np.bool_) for count in peak]
        self._ended = [np.zeros(count, dtype=np.bool_) for count in peak]
        self._named_at = [np.zeros(count, dtype=np.int64) for count in peak]
        self._numbers: dict[str, int] = {}

    def held_by(self, agent: str) -> tuple[SlotRun, ...]:
        """The slots of `agent`, leaving and ended ones included."""
        return self._runs(self._of(agent))

    def count_of(self, agent: str) -> int:
        """How many those are."""
        return sum(int(np.count_nonzero(mask)) for mask in self._of(agent))

    def holders(self) -> list[str]:
        """The agents that hold any."""
        held = {int(number) for holder in self._holder for number in np.unique(holder[holder != NOBODY])}
        return [agent for agent, number in self._numbers.items() if number in held]

    def ordered_of(self, agent: str, provisioned: int) -> tuple[SlotRun, ...]:
        """The slots that the orders of `agent` name, when it has stored its provisions up to `provisioned`."""
        held = self._of(agent)
        return self._runs(
            [
                mask & ~leaving & (due <= provisioned)
                for mask, leaving, due in zip(held, self._leaving, self._due, strict=True)
            ]
        )

    def occupied(self, agent: str) -> list[Mask]:
        """Per group, the slots of `agent` that may have a user in them: those that are leaving too."""
        return [mask & ~ended for mask, ended in zip(self._of(agent), self._ended, strict=True)]

    def staying(self, agent: str) -> list[Mask]:
        """Per group, the slots of `agent` that have not ended and are not leaving."""
        columns = zip(self._of(agent), self._leaving, self._ended, strict=True)
        return [mask & ~leaving & ~ended for mask, leaving, ended in columns]

    def counts(self) -> dict[str, int]:
        """How many slots each agent has that have not ended and are not leaving."""
        counts = np.zeros(len(self._numbers), dtype=np.int64)
        for holder, leaving, ended in zip(self._holder, self._leaving, self._ended, strict=True):
            counts += np.bincount(holder[(holder != NOBODY) & ~leaving & ~ended], minlength=len(counts))
        return {agent: int(counts[number]) for agent, number in self._numbers.items()}

    def masks(self, slots: Iterable[SlotRun]) -> list[Mask]:
        """Runs as one column per group."""
        masks = [np.zeros(count, dtype=np.bool_) for count in self.peak]
        for run in slots:
            masks[run.group][run.first : run.first + run.count] = True
        return masks

    def leaving(self) -> int:
        """How many slots are on their way from one agent to another."""
        columns = zip(self._leaving, self._ended, strict=True)
        return sum(int(np.count_nonzero(leaving & ~ended)) for leaving, ended in columns)

    def free(self) -> list[Mask]:
        """Per group, the slots that nobody holds and somebody should."""
        return [(holder == NOBODY) & ~ended for holder, ended in zip(self._holder, self._ended, strict=True)]

    @property
    def has_free(self) -> bool:
        """Whether there is any such slot."""
        return any(bool(mask.any()) for mask in self.free())

    def vacant(self, users: Sequence[int]) -> int:
        """How many of the users wanted now nobody holds."""
        return sum(int(np.count_nonzero(mask[:count])) for mask, count in zip(self.free(), users, strict=True))

    def open_slots(self) -> int:
        """How many slots have not ended for good."""
        return sum(int(np.count_nonzero(~ended)) for ended in self._ended)

    def is_over(self, users: Sequence[int]) -> bool:
        """Whether every slot below `users[g]` of each group g has ended for good."""
        return all(bool(ended[:count].all()) for ended, count in zip(self._ended, users, strict=True))

    def knows(self, agent: str, slots: Iterable[SlotRun]) -> bool:
        """Whether `agent` holds every one of these slots under just this tenure."""
        number = self._numbers.get(agent)
        return all(number is not None and self._matches(number, run) for run in slots)

    def give(self, agent: str, slots: Sequence[Mask], due: int = NOT_LAID) -> tuple[SlotRun, ...]:
        """Free slots become `agent`'s, each under its next tenure; ordered once provision `due` is stored."""
        number = self._numbers.setdefault(agent, len(self._numbers))
        for group, mask in enumerate(slots):
            assert (self._holder[group][mask] == NOBODY).all(), "only free slots are given"
            self._holder[group][mask] = number
            self._tenure[group][mask] += 1
            self._due[group][mask] = due
            self._named_at[group][mask] = 0
        return self._runs(slots)

    def note_due(self, agent: str, slots: Iterable[SlotRun], due: int) -> None:
        """The rows of these slots come with provision `due`; slots that were lost meanwhile are passed over."""
        number = self._numbers.get(agent, NOBODY)
        for run in slots:
            part = slice(run.first, run.first + run.count)
            waits = (self._holder[run.group][part] == number) & (self._tenure[run.group][part] == run.tenure)
            self._due[run.group][part][waits] = due

    def note_named(self, slots: Iterable[SlotRun], version: int) -> None:
        """The orders of this version name these slots."""
        for run in slots:
            named = self._named_at[run.group][run.first : run.first + run.count]
            named[named == 0] = version

    def movable(self, agent: str, confirmed: int) -> list[Mask]:
        """The slots that `agent` is known to have put in force, and so gives back when orders do not name them."""
        named = zip(self.staying(agent), self._named_at, strict=True)
        return [mask & (version > 0) & (version <= confirmed) for mask, version in named]

    def let_go(self, slots: Sequence[Mask]) -> None:
        """These slots leave their holders, when their users have ended."""
        for group, mask in enumerate(slots):
            self._leaving[group] |= mask

    def release(self, agent: str, slots: Iterable[SlotRun]) -> None:
        """Their users have ended and the slots are free; WireError for one that `agent` never held.

        What it held under an earlier tenure it does not hold any more, and nothing changes.
        """
        number = self._numbers.get(agent, NOBODY)
        for run in slots:
            mine, part = self._part(number, run)
            self._free(run.group, part, mine)

    def end(self, agent: str, run: SlotRun) -> int:
        """Their users have ended for good; how many had not before. WireError as for `release`."""
        mine, part = self._part(self._numbers.get(agent, NOBODY), run)
        ended = self._ended[run.group][part]
        count = int(np.count_nonzero(mine & ~ended))
        ended |= mine
        return count

    def take_all(self, agent: str) -> None:
        """`agent` is gone: what it held is free."""
        for group, mask in enumerate(self._of(agent)):
            self._free(group, slice(None), mask)

    def settle(self, agent: str, held: Iterable[SlotRun], users: Sequence[int]) -> tuple[SlotRun, ...]:
        """`agent` is back and holds `held`: what it let go is free, what it should run and does not begins anew.

        Which slots have begun anew, under their next tenure: nobody else can hold them.
        """
        named = self.masks(held)
        mine = self._of(agent)
        lacking = [
            mask & (np.arange(len(mask)) < users[group]) & ~named[group] & (self._due[group] != NOT_LAID)
            for group, mask in enumerate(self.staying(agent))
        ]
        for group, mask in enumerate(mine):
            absent = mask & ~named[group]
            self._named_at[group][absent] = 0
            self._free(group, slice(None), absent & self._leaving[group])
            self._tenure[group][lacking[group]] += 1
        return self._runs(lacking)

    def validate(self) -> None:
        """AssertionError unless a slot that is held has a tenure, and only such a slot is on its way."""
        for group, holder in enumerate(self._holder):
            is_held = holder != NOBODY
            assert (holder[is_held] < len(self._numbers)).all(), f"slots of group {group} belong to a stranger"
            assert (self._tenure[group][is_held] > 0).all(), f"slots of group {group} are held under no tenure"
            assert not (self._leaving[group] & ~is_held).any(), f"slots of group {group} leave nobody"
            assert (self._tenure[group][self._ended[group]] > 0).all(), f"slots of group {group} ended unheld"

    def _of(self, agent: str) -> list[Mask]:
        number = self._numbers.get(agent)
        return [np.zeros(len(holder), np.bool_) if number is None else holder == number for holder in self._holder]

    def _free(self, group: int, part: slice, mask: Mask) -> None:
        self._holder[group][part][mask] = NOBODY
        self._leaving[group][part][mask] = False

    def _part(self, number: int, run: SlotRun) -> tuple[Mask, slice]:
        """Which slots of a run are held under its tenure; WireError when one was never given so."""
        if run.group >= len(self.peak) or run.first + run.count > self.peak[run.group]:
            raise WireError(f"it gives back slots that there are not: {run}")
        part = slice(run.first, run.first + run.count)
        holder, tenure = self._holder[run.group][part], self._tenure[run.group][part]
        if (run.tenure > tenure).any() or ((tenure == run.tenure) & (holder != number) & (holder != NOBODY)).any():
            raise WireError(f"it gives back slots that it does not hold: {run}")
        mine: Mask = (holder == number) & (tenure == run.tenure)
        return mine, part

    def _matches(self, number: int, run: SlotRun) -> bool:
        if run.group >= len(self.peak) or run.first + run.count > self.peak[run.group]:
            return False
        part = slice(run.first, run.first + run.count)
        is_held = (self._holder[run.group][part] == number) & (self._tenure[run.group][part] == run.tenure)
        return bool(is_held.all())

    def _runs(self, slots: Sequence[Mask]) -> tuple[SlotRun, ...]:
        """Slots as runs of consecutive ordinals under one tenure, in order."""
        runs: list[SlotRun] = []
        for group, mask in enumerate(slots):
            ordinals = np.flatnonzero(mask)
            if not len(ordinals):
                continue
            tenures = self._tenure[group][ordinals]
            breaks = np.flatnonzero((np.diff(ordinals) != 1) | (np.diff(tenures) != 0)) + 1
            edges = [0, *breaks.tolist(), len(ordinals)]
            runs += [
                SlotRun(group, int(ordinals[begin]), end - begin, int(tenures[begin])) for begin, end in pairwise(edges)
            ]
        return tuple(runs)
