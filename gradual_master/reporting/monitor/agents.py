"""The agents as the monitor knows them: their last health and their condition (silent, strained, lost, …)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from gradual_master.reporting.progress.state import RECENT_S
from gradual_master.results.measures.intervals import IntervalRecord
from gradual_master.results.merging.agent_health import AgentHealth
from gradual_master.results.summary.history import News

Condition = Literal["lost", "silent", "strained", "well", "left"]
CONDITIONS: tuple[Condition, ...] = ("lost", "silent", "strained", "well", "left")
"""In the order in which they are listed: the most urgent first."""

ABSENT: frozenset[Condition] = frozenset({"lost", "silent", "left"})
"""Conditions without current numbers."""

GONE: frozenset[Condition] = frozenset({"lost", "left"})
"""Conditions of agents that are not in the fleet any more."""


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """What the monitor knows of one agent."""

    health: AgentHealth
    """From the last interval in which the agent reported."""
    seen_s: float
    """The end of that interval."""
    strained_s: float | None
    """The end of the last interval in which the agent was strained; None if there was none."""
    condition: Condition
    since_s: float = 0.0
    """When news reported this condition."""

    def outlives(self, end_s: float) -> bool:
        """Whether the condition is newer than the agent's numbers of the interval that ended at `end_s`.

        Intervals close a few seconds after their end: numbers of an agent may come after the news that it is lost.
        """
        return self.condition in GONE or (self.condition == "silent" and end_s <= self.since_s)


class KnownAgents:
    """Every agent that has ever reported, by its name. Names are unique in a fleet."""

    def __init__(self) -> None:
        self._agents: dict[str, KnownAgent] = {}

    def add(self, record: IntervalRecord, *, is_ending: bool) -> None:
        """Add the next interval. While a run ends, an agent without numbers is done, and is removed from the list."""
        at_s = record.end_s
        for health in record.health:
            former = self._agents.get(health.agent)
            if former is not None and former.outlives(at_s):
                self._agents[health.agent] = replace(former, health=health, seen_s=at_s)
                continue
            # An agent counts as strained until RECENT_S after the last strained interval: strain comes and goes within
            # seconds, and the list would be sorted again with each interval.
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
        """Add the new condition of an agent; news come sooner than missing numbers.

        An agent that is gone may have measured intervals that close later: only news makes it present again.
        """
        agent = self._agents.get(news.agent)
        if agent is None or news.agent_state is None:
            return
        if news.agent_state == "back":
            self._agents[news.agent] = replace(agent, condition="well")
        elif news.agent_state != "silent" or agent.condition not in GONE:
            self._agents[news.agent] = replace(agent, condition=news.agent_state, since_s=news.at_s)

    def worst_first(self) -> list[KnownAgent]:
        """Sorted by condition, then by CPU share, rounded to tenths: else agents would swap all the time."""
        return sorted(
            self._agents.values(),
            key=lambda agent: (CONDITIONS.index(agent.condition), -round(agent.health.cpu, 1), agent.health.agent),
        )

    def count(self, condition: Condition) -> int:
        """How many agents are in this condition."""
        return sum(agent.condition == condition for agent in self._agents.values())

    @property
    def present(self) -> int:
        """How many agents are in the fleet."""
        return sum(agent.condition not in GONE for agent in self._agents.values())

    def __len__(self) -> int:
        return len(self._agents)
