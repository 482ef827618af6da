"""The agents as the monitor knows them: who reports, who has fallen silent, who is strained."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from gradual_master.reporting.progress_state import RECENT_S
from gradual_master.results.intervals import AgentHealth, IntervalRecord

Condition = Literal["silent", "strained", "well"]
CONDITIONS: tuple[Condition, ...] = ("silent", "strained", "well")
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One agent: its last health, and the ends of that interval and of the last one in which it was strained."""

    health: AgentHealth
    seen_s: float
    strained_s: float | None
    condition: Condition


class Roster:
    """Every agent that has ever reported. Two of one name are told apart by their order."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, int], Entry] = {}

    def add(self, record: IntervalRecord, *, is_ending: bool) -> None:
        """Take in the next interval; while a run ends agents fall silent because they are done."""
        number: Counter[str] = Counter()
        present = set()
        for health in record.health:
            key = (health.agent, number[health.agent])
            number[health.agent] += 1
            present.add(key)
            self._entries[key] = self._entry(health, record.end_s, self._entries.get(key))
        for key in self._entries.keys() - present:
            self._miss(key, is_ending=is_ending)

    @staticmethod
    def _entry(health: AgentHealth, at_s: float, former: Entry | None) -> Entry:
        """An agent counts as strained for a while after it was."""
        strained_s = at_s if health.strained else former.strained_s if former else None
        is_strained = strained_s is not None and strained_s > at_s - RECENT_S
        return Entry(health, at_s, strained_s, "strained" if is_strained else "well")

    def _miss(self, key: tuple[str, int], *, is_ending: bool) -> None:
        entry = self._entries[key]
        if is_ending and entry.condition != "silent":
            del self._entries[key]
        else:
            self._entries[key] = Entry(entry.health, entry.seen_s, entry.strained_s, "silent")

    def worst_first(self) -> list[Entry]:
        """Silent, strained, then the busiest; tenths of a core, so that equals do not change places all the time."""
        return sorted(
            self._entries.values(),
            key=lambda entry: (
                CONDITIONS.index(entry.condition),
                -round(entry.health.cpu, 1),
                entry.health.agent,
            ),
        )

    def count(self, condition: Condition) -> int:
        """How many agents are in this condition."""
        return sum(entry.condition == condition for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
