"""A search through the real aggregate: users of a simulated queue, an agent's batches, levels as they are ordered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import numpy as np
from raw_run import START, S, Stretch, agent, batch_of, fleet_of, run_of

from gradual_common.plan.model.plan import Plan
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.protocol.batch import Health
from gradual_master.coordination.events import ChooseLevel, EndSearch
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.facts import SlotsFinished
from gradual_master.results.summary.sections import Summary
from gradual_master.results.summary.summary import build_summary

Answer = tuple[str, int]
"""A kind of failure or "", and ns."""
System = Callable[[int, np.random.Generator], Sequence[Answer]]
"""What is answered in a second with so many users."""

SEARCH: dict[str, Any] = {"strategy": "find_capacity", "initial": 10, "hold": "10s", "settle": "5s", "precision": "10%"}


def queue(demand_s: float = 0.02, think_s: float = 1.0) -> System:
    """Response times that rise as those of one server do, each level steady from its first second on."""

    def answer(users: int, random: np.random.Generator) -> list[Answer]:
        response = demand_s
        for others in range(users):  # Exact mean value analysis, one user after the other.
            throughput = others / (think_s + response)
            response = demand_s * (1 + throughput * response)
        count = random.poisson(users / (think_s + response))
        return [("", int(ns)) for ns in random.exponential(response * S, count)]

    return answer


class SearchedRun:
    """Runs until the search has ended, or the duration is over."""

    def __init__(self, system: System, *, seed: int = 1, thresholds: Sequence[Any] = (), **search: Any) -> None:
        document: dict[str, Any] = {
            "config": {"base_url": "http://bank.example", "duration": "30m", "ramp_up": {**SEARCH, **search}},
            "users": [{"name": "caller", "concurrency": 200, "behavior": ["call"]}],
            "actions": {"call": {"url": "/"}},
            "thresholds": list(thresholds) or ["mean < 100ms"],
        }
        self.plan = Plan.model_validate(document)
        schedule = compile_schedule(self.plan)
        self.aggregate = Aggregate(self.plan, schedule, S)
        self.aggregate.start = START
        self.levels: list[int] = []
        self.notes: list[str] = []
        self._system = system
        self._random = np.random.default_rng(seed)
        self._second = 0
        self._change: tuple[int, int] | None = None
        self._missing: dict[int, float] = {}
        self._finished: tuple[SlotsFinished, ...] = ()
        self.stops: dict[int, float] = {}
        """For how long the agent's loop stands still in a second, s."""
        self.strained_above: float = inf
        """With more users the agent has no core to spare."""
        self.gaps: set[int] = set()
        """Seconds of which no batch comes."""

    def lose_users(self, second: int, users: float) -> None:
        """In this second so many users are missing."""
        self._missing[second] = users

    def end_users(self, second: int, users: int) -> None:
        """From this second on so many users have ended for good."""
        self._finished = (SlotsFinished(START + second * S, 0, users),)

    def run(self, seconds: int = 1800) -> Summary:
        """The summary of at most so many seconds."""
        self.advance(seconds)
        return self.end()

    def advance(self, seconds: int) -> None:
        """Go on for so many seconds, or until the search has ended."""
        for _ in range(seconds):
            if self._is_over_after_a_second():
                break

    def end(self, **facts: Any) -> Summary:
        """The summary of what there was."""
        run = run_of(duration_s=float(self._second), **facts)
        return build_summary(self.aggregate, fleet_of(agent("a"), finished=self._finished), run)

    def _is_over_after_a_second(self) -> bool:
        second, aggregate = self._second, self.aggregate
        if self._change is not None and self._change[0] == second:
            aggregate.reschedule(aggregate.schedule.with_level(second * S, self._change[1]))
            self._change = None
        change = aggregate.schedule.changes[-1]
        self.levels += [change.target] if second * S == change.at else []
        samples = [(0, kind, ns) for kind, ns in self._system(change.target, self._random)]
        busy = min(change.target, sum(ns for _, _, ns in samples) / S)
        finished = tuple(slots for slots in self._finished if slots.at <= START + second * S)
        active = change.target - self._missing.get(second, 0.0) - sum(slots.count for slots in finished)
        users = ((active, busy, active - busy, 0.0),)
        stretch = Stretch(change.level, second * S, (second + 1) * S, samples, users=users)
        lags = [round(self.stops[second] * S)] if second in self.stops else []
        health = Health(0.95 if change.target > self.strained_above else 0.5, active, active, 0)
        if second not in self.gaps:
            aggregate.merge("a", batch_of(second + 1, second, stretch, groups=1, health=health, loop_lags=lags))
        aggregate.close(second, finished)
        self._second += 1
        assert aggregate.search is not None
        for decision in aggregate.search.take_decisions():
            self.notes.append(decision.why)
            match decision:
                case ChooseLevel(users=chosen):
                    self._change = second + 2, chosen
                case EndSearch():
                    return True
        return False
