"""The fleet over the run: a report about each agent, and one about all agents together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gradual_common.clock import NS_PER_MS
from gradual_master.results.facts import AgentFacts, FleetFacts
from gradual_master.results.judging.saturation import Saturation
from gradual_master.results.measures.distribution import milliseconds
from gradual_master.results.merging.agent_totals import AgentTotals, UserTimes
from gradual_master.results.section import Section


@dataclass(frozen=True, slots=True)
class FleetSection(Section):
    """The fleet over the run."""

    scheduled_user_s: float
    missing_user_s: float
    late_starts: int
    moves: int
    resent_batches: int
    late_batches: int
    dropped_batches: int
    begun: int
    """Requests: of lost agents by their last ping, of all others by what they delivered."""
    merged: int
    level_spread_ms: float
    intervals: int
    """The number of judged intervals."""
    saturated_intervals: int
    """The judged intervals in which any agent was saturated."""


@dataclass(frozen=True, slots=True)
class AgentRow(Section):
    """One agent."""

    id: str
    name: str
    host: str
    requests: int
    begun: int
    merged: int
    """`begun` − `merged` requests of it are unknown."""
    cpu_p95: float | None
    """A share of a core."""
    loop_lag_ms_p99: float | None
    start_lag_ms_p99: float | None
    saturated: int | None
    """In how many of `fleet.intervals` it was saturated; None: it reported nothing."""
    lost: bool
    left: bool
    """It drained and left on request."""
    clock_offset_ms: float | None


@dataclass(frozen=True, slots=True)
class Account:
    """One agent: the facts of the fleet, and its delivered measurements."""

    facts: AgentFacts
    totals: AgentTotals

    @property
    def begun(self) -> int:
        """Started requests. After an agent's last batch nothing is missing, while its last ping may be older."""
        return self.totals.merged if self.totals.is_complete else max(self.totals.merged, self.facts.begun)


class FleetReport:
    """The report about every agent of the run.

    `agents`: what each delivered, by incarnation; `judged`: intervals of the length `interval`, by phase.
    """

    def __init__(
        self, facts: FleetFacts, agents: Mapping[str, AgentTotals], judged: Sequence[range], interval: int
    ) -> None:
        self._facts = facts
        self._accounts = tuple(_accounts(facts, agents))
        strained = {account.facts.id: account.totals.strained for account in self._accounts}
        self.saturation = Saturation.of(strained, judged, interval)
        """Where the generator was the bottleneck."""

    def section(self, scheduled_user_s: float, missing_user_s: float, level_spread: int) -> FleetSection:
        """All of them together; `level_spread` in ns."""
        facts = self._facts
        return FleetSection(
            scheduled_user_s=round(scheduled_user_s, 3),
            missing_user_s=round(missing_user_s, 3),
            late_starts=sum(account.totals.late_starts for account in self._accounts),
            moves=facts.moves,
            resent_batches=facts.resent_batches,
            late_batches=facts.late_batches,
            dropped_batches=facts.dropped_batches,
            begun=sum(account.begun for account in self._accounts),
            merged=sum(account.totals.merged for account in self._accounts),
            level_spread_ms=round(level_spread / NS_PER_MS, 3),
            intervals=self.saturation.measured,
            saturated_intervals=self.saturation.judged,
        )

    def rows(self) -> Iterator[AgentRow]:
        """One row per agent, in the order in which they came."""
        known = {facts.id for facts in self._facts.agents}
        return (self._row(account) for account in self._accounts if account.facts.id in known)

    def _row(self, account: Account) -> AgentRow:
        facts, totals = account.facts, account.totals
        cpu = totals.cpu_p95
        return AgentRow(
            id=facts.id,
            name=facts.name,
            host=facts.host,
            requests=totals.requests,
            begun=account.begun,
            merged=totals.merged,
            cpu_p95=None if cpu is None else round(cpu, 4),
            loop_lag_ms_p99=milliseconds(totals.loop_lag.quantile(0.99)),
            start_lag_ms_p99=milliseconds(totals.start_lag.quantile(0.99)),
            saturated=len(self.saturation.by_agent[facts.id]) if cpu is not None else None,
            lost=facts.lost,
            left=facts.left,
            clock_offset_ms=None if facts.offset is None else round(facts.offset / NS_PER_MS, 3),
        )

    @property
    def losses(self) -> tuple[str, ...]:
        """How many requests each agent had started by its last ping and never reported, for agents with such."""
        return tuple(
            f"{account.facts.name} {begun - merged:,} (begun at least {begun:,}, merged {merged:,})"
            for account in self._accounts
            if (begun := account.begun) > (merged := account.totals.merged)
        )

    @property
    def saturated(self) -> tuple[tuple[str, int], ...]:
        """(name, intervals) of the agents that were saturated, the worst first."""
        counts = [(account.facts.name, len(self.saturation.by_agent[account.facts.id])) for account in self._accounts]
        return tuple(sorted(((name, count) for name, count in counts if count), key=lambda entry: -entry[1]))

    @property
    def standstills(self) -> tuple[tuple[str, int], ...]:
        """(name, ns): the longest time that the loop of each agent stood still."""
        return tuple((account.facts.name, account.totals.loop_lag.max or 0) for account in self._accounts)

    @property
    def user_times(self) -> tuple[tuple[str, UserTimes], ...]:
        """(name, how its users spent the measured time) of every agent."""
        return tuple((account.facts.name, account.totals.user_times) for account in self._accounts)


def _accounts(facts: FleetFacts, agents: Mapping[str, AgentTotals]) -> Iterator[Account]:
    """Agents that delivered batches count, even if the fleet has no facts about them."""
    known = {agent.id: agent for agent in facts.agents}
    for agent in facts.agents:
        yield Account(agent, agents.get(agent.id, AgentTotals()))
    for name in sorted(agents.keys() - known.keys()):
        stranger = AgentFacts(id=name, name=name, host="", lost=False, offset=None, begun=0)
        yield Account(stranger, agents[name])
