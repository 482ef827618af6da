"""The fleet in the summary: each agent's account, and what the agents together say about the measurement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gradual_common.clock import NS_PER_MS, NS_PER_S
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.facts import AgentFacts, FleetFacts
from gradual_master.results.judging.evidence import Loss
from gradual_master.results.judging.littles_law import INVALID, WindowGap, window_of
from gradual_master.results.judging.saturation import MeasuredTime, Saturation
from gradual_master.results.measures.distribution import milliseconds
from gradual_master.results.merging.agent_totals import AgentTotals
from gradual_master.results.section import Section


@dataclass(frozen=True, slots=True)
class FleetSection(Section):
    """The fleet over the run. `begun` counts lost agents by their last ping, all others by what they delivered.

    `intervals`: those that are judged; `saturated_intervals`: those of them in which any agent was saturated.
    """

    scheduled_user_s: float
    missing_user_s: float
    late_starts: int
    moves: int
    resent_batches: int
    late_batches: int
    dropped_batches: int
    begun: int
    merged: int
    level_spread_ms: float
    intervals: int
    saturated_intervals: int


@dataclass(frozen=True, slots=True)
class AgentRow(Section):
    """One agent. `cpu_p95` is a share of a core; `begun` − `merged` requests of it are unknown.

    `saturated`: in how many of `fleet.intervals` it was saturated; None: it reported nothing. `left`: it drained away
    on request.
    """

    id: str
    name: str
    host: str
    requests: int
    begun: int
    merged: int
    cpu_p95: float | None
    loop_lag_ms_p99: float | None
    start_lag_ms_p99: float | None
    saturated: int | None
    lost: bool
    left: bool
    clock_offset_ms: float | None


@dataclass(frozen=True, slots=True)
class Account:
    """One agent: what the fleet knows of it beside what it delivered."""

    facts: AgentFacts
    totals: AgentTotals

    @property
    def begun(self) -> int:
        """Of an agent that delivered its last batch nothing can be missing: its last ping may be older than that."""
        return self.totals.merged if self.totals.is_complete else max(self.totals.merged, self.facts.begun)

    @property
    def standstill(self) -> int:
        """The longest time that its loop stood still, ns."""
        return self.totals.loop_lag.max or 0


class FleetReport:
    """Every agent that was there. `saturation`: where the generator was the bottleneck."""

    def __init__(self, facts: FleetFacts, aggregate: Aggregate, measured: MeasuredTime) -> None:
        self._facts = facts
        self._level_spread = aggregate.level_spread
        self._interval = measured.interval
        self._accounts = tuple(_accounts(facts, aggregate))
        by_agent = {account.facts.id: account.totals.saturated for account in self._accounts}
        self.saturation = Saturation.of(by_agent, measured)

    def section(self, scheduled_user_s: float, missing_user_s: float) -> FleetSection:
        """All of them together."""
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
            level_spread_ms=round(self._level_spread / NS_PER_MS, 3),
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
            saturated=len(self.saturation.by_agent[facts.id]) if totals.has_reported else None,
            lost=facts.lost,
            left=facts.left,
            clock_offset_ms=None if facts.offset is None else round(facts.offset / NS_PER_MS, 3),
        )

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What each agent had begun and never reported, where there is any."""
        return tuple(
            Loss(account.facts.name, account.begun, account.totals.merged)
            for account in self._accounts
            if account.begun > account.totals.merged
        )

    @property
    def saturated(self) -> tuple[tuple[str, int], ...]:
        """(name, intervals) of the agents that were saturated, the worst first."""
        counts = [(account.facts.name, len(self.saturation.by_agent[account.facts.id])) for account in self._accounts]
        return tuple(sorted(((name, count) for name, count in counts if count), key=lambda entry: -entry[1]))

    @property
    def standstills(self) -> tuple[tuple[str, int], ...]:
        """(name, longest standstill in ns) of every agent."""
        return tuple((account.facts.name, account.standstill) for account in self._accounts)

    def windows(self) -> tuple[int, list[WindowGap]]:
        """How many windows of single agents were judged, and those with too much time unaccounted for, worst first."""
        judged = [
            (account.facts.name, window) for account in self._accounts for window in account.totals.user_times.windows()
        ]
        flagged = [self._gap(name, *window) for name, window in judged if window[2] > INVALID]
        return len(judged), sorted(flagged, key=lambda gap: (-gap.unaccounted, gap.start_s, gap.agent))

    def _gap(self, name: str, begin: int, active: int, unaccounted: float) -> WindowGap:
        return WindowGap(
            agent=name,
            start_s=round(begin / NS_PER_S, 3),
            end_s=round((begin + window_of(self._interval)) / NS_PER_S, 3),
            active_user_s=round(active / NS_PER_S, 3),
            unaccounted=round(unaccounted, 6),
        )


def _accounts(facts: FleetFacts, aggregate: Aggregate) -> Iterator[Account]:
    """Agents that delivered batches count, whatever the fleet remembers of them."""
    known = {agent.id: agent for agent in facts.agents}
    for agent in facts.agents:
        yield Account(agent, aggregate.agents.get(agent.id, AgentTotals()))
    for name in sorted(aggregate.agents.keys() - known.keys()):
        stranger = AgentFacts(id=name, name=name, host="", lost=False, offset=None, begun=0)
        yield Account(stranger, aggregate.agents[name])
