"""The agents as the monitor knows them: who reports, who is silent, lost or gone, who is strained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gradual_master.reporting.progress.state import RECENT_S
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.summary.history import News

Condition = Literal["lost", "silent", "strained", "well", "left"]
CONDITIONS: tuple[Condition, ...] = ("lost", "silent", "strained", "well", "left")
"""In the order in which they are listed: what needs a look first, what is over last."""

ABSENT: frozenset[Condition] = frozenset({"lost", "silent", "left"})
"""Those without figures of now."""

GONE: frozenset[Condition] = frozenset({"lost", "left"})
"""Those that are no part of the fleet any more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One agent: its last health, and the ends of that interval and of the last one in which it was strained.

    `since_s`: when news told of its condition.
    """

    health: AgentHealth
    seen_s: float
    strained_s: float | None
    condition: Condition
    since_s: float = 0.0

    def outlives(self, end_s: float) -> bool:
        """Whether its condition is newer than an interval that ended at `end_s` and in which it was heard."""
        return self.condition in GONE or (self.condition == "silent" and end_s <= self.since_s)


class Roster:
    """Every agent that has ever reported, by its name, which no other has."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def add(self, record: IntervalRecord, *, is_ending: bool) -> None:
        """Take in the next interval; while a run ends agents fall silent because they are done."""
        for health in record.health:
            self._meet(health, record.end_s)
        for name in self._entries.keys() - {health.agent for health in record.health}:
            self._miss(name, is_ending=is_ending)

    def hear(self, news: News) -> None:
        """What has become of an agent, sooner than its missing figures tell it.

        An agent that is gone may have measured intervals that are still to close: only news brings it back.
        """
        entry = self._entries.get(news.agent)
        if entry is None or news.fate is None:
            return
        fate = news.fate
        if fate == "back":
            self._entries[news.agent] = replace(entry, condition="well")
        elif fate != "silent" or entry.condition not in GONE:
            self._entries[news.agent] = replace(entry, condition=fate, since_s=news.at_s)

    def _meet(self, health: AgentHealth, at_s: float) -> None:
        """An agent that is heard; it counts as strained for a while after it was."""
        former = self._entries.get(health.agent)
        strained_s = at_s if health.strained else former.strained_s if former else None
        is_strained = strained_s is not None and strained_s > at_s - RECENT_S
        if former is not None and former.outlives(at_s):
            self._entries[health.agent] = replace(former, health=health, seen_s=at_s)
        else:
            self._entries[health.agent] = Entry(health, at_s, strained_s, "strained" if is_strained else "well")

    def _miss(self, name: str, *, is_ending: bool) -> None:
        entry = self._entries[name]
        if entry.condition in GONE:
            return
        if is_ending and entry.condition != "silent":
            del self._entries[name]
        else:
            self._entries[name] = replace(entry, condition="silent")

    def worst_first(self) -> list[Entry]:
        """By condition, then the busiest; tenths of a core, so that equals do not change places all the time."""
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

    @property
    def present(self) -> int:
        """How many agents are not gone."""
        return sum(entry.condition not in GONE for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
