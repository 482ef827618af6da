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
"""Those without current numbers."""

GONE: frozenset[Condition] = frozenset({"lost", "left"})
"""Those that are no part of the fleet any more."""


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """One agent."""

    health: AgentHealth
    """The last one."""
    seen_s: float
    """The end of the interval of that."""
    strained_s: float | None
    """The end of the last interval in which it was strained."""
    condition: Condition
    since_s: float = 0.0
    """When news of its condition came."""

    def outlives(self, end_s: float) -> bool:
        """Whether its condition is newer than an interval that ended at `end_s` and in which it was heard."""
        return self.condition in GONE or (self.condition == "silent" and end_s <= self.since_s)


class KnownAgents:
    """Every agent that has ever reported, by its name, which no other has."""

    def __init__(self) -> None:
        self._agents: dict[str, KnownAgent] = {}

    def add(self, record: IntervalRecord, *, is_ending: bool) -> None:
        """Take in the next interval; while a run ends agents fall silent because they are done."""
        at_s = record.end_s
        for health in record.health:
            former = self._agents.get(health.agent)
            if former is not None and former.outlives(at_s):
                self._agents[health.agent] = replace(former, health=health, seen_s=at_s)
                continue
            # It counts as strained for a while after it was: strain comes and goes within seconds.
            strained_s = at_s if health.strained else former.strained_s if former else None
            is_strained = strained_s is not None and strained_s > at_s - RECENT_S
            self._agents[health.agent] = KnownAgent(health, at_s, strained_s, "strained" if is_strained else "well")
        for name in self._agents.keys() - {health.agent for health in record.health}:
            agent = self._agents[name]
            if is_ending and agent.condition not in ABSENT:
                del self._agents[name]
            elif agent.condition not in GONE:
                self._agents[name] = replace(agent, condition="silent")

    def add_news(self, news: News) -> None:
        """What has become of an agent, sooner than its missing numbers show it.

        An agent that is gone may have measured intervals that are still to close: only news brings it back.
        """
        agent = self._agents.get(news.agent)
        if agent is None or news.fate is None:
            return
        if news.fate == "back":
            self._agents[news.agent] = replace(agent, condition="well")
        elif news.fate != "silent" or agent.condition not in GONE:
            self._agents[news.agent] = replace(agent, condition=news.fate, since_s=news.at_s)

    def worst_first(self) -> list[KnownAgent]:
        """By condition, then the busiest; tenths of a core, so that equals do not change places all the time."""
        return sorted(
            self._agents.values(),
            key=lambda agent: (CONDITIONS.index(agent.condition), -round(agent.health.cpu, 1), agent.health.agent),
        )

    def count(self, condition: Condition) -> int:
        """How many agents are in this condition."""
        return sum(agent.condition == condition for agent in self._agents.values())

    @property
    def present(self) -> int:
        """How many agents are not gone."""
        return sum(agent.condition not in GONE for agent in self._agents.values())

    def __len__(self) -> int:
        return len(self._agents)
