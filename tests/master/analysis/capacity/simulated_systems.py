"""Closed systems with a known capacity, simulated event by event, and a search that is driven through them.

N users think (exponential, Z) and request one FCFS server (exponential, D). Times are virtual. The state is the number
of requests at the server: as all times are exponential, the next event comes after an exponential time with the sum of
the rates, and is an arrival with the share of its rate.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sin, tau

import numpy as np

from gradual_common.clock import NS_PER_S
from gradual_master.analysis.capacity.blocks import LevelBlock
from gradual_master.analysis.capacity.events import (
    BlockEnded,
    FinishSearch,
    LevelReached,
    RunUsers,
    SearchBegun,
    SearchInstruction,
)
from gradual_master.analysis.capacity.measure import CapacityMeasure
from gradual_master.analysis.capacity.result import CapacityResult
from gradual_master.analysis.capacity.search import CapacitySearch

THINK_S = 1.0
WARM_UP_S = 5.0
"""After a change of the users; the simulated levels are taken as steady from then on."""
BLOCK_S = 1.0
_CHUNK = 50_000


@dataclass(slots=True)
class SystemModel:
    """What a simulated system is like."""

    demand_s: float
    noise: float = 0.0
    """The standard deviation of the logarithm of a factor on all response times of a block (mean 1, AR(1), φ = 0.5)."""
    drift: float = 0.0
    """The demand goes up and down by this share."""
    period_s: float = 900.0
    slow_from: int | None = None
    """Metastable: with so many requests at the server it becomes `slow_by` times slower …"""
    slow_by: float = 2.0
    quick_below: int = 0
    """… until there are fewer users than this."""


class SimulatedSystem:
    """A system that runs for a block with a number of users, and answers what was counted."""

    def __init__(self, model: SystemModel, measures: Sequence[CapacityMeasure], seed: int) -> None:
        self._model = model
        self._measures = measures
        self._random = np.random.default_rng(seed)
        self._arrived: deque[float] = deque()
        self._is_slow = False
        self._log_noise = 0.0
        self._phase = float(self._random.random())
        self._draws: list[tuple[float, float]] = []
        self.now_s = 0.0

    def run(self, users: int) -> LevelBlock:
        """One block: its response times become the sums of the measures."""
        start, end = self.now_s, self.now_s + BLOCK_S
        times = np.array(self._serve(users, end)) * self._noise()
        return LevelBlock(start, end, tuple(self._sums(measure, times) for measure in self._measures))

    def _serve(self, users: int, end: float) -> list[float]:
        """The response times of what is answered until `end`; the hot loop of every search."""
        arrived, now, times, draws = self._arrived, self.now_s, [], self._draws
        self._is_slow = self._is_slow and users >= self._model.quick_below
        serving = 1 / self._demand()
        waiting = len(arrived)
        while True:
            if not draws:
                drawn = self._random.exponential(size=_CHUNK), self._random.random(_CHUNK)
                draws.extend(zip(*(numbers.tolist() for numbers in drawn), strict=True))
            wait, choice = draws.pop()
            arrivals = (users - waiting) / THINK_S if users > waiting else 0.0
            total = arrivals + serving if waiting else arrivals
            now += wait / total
            if now > end:  # Without memory: what is left of the wait may be drawn anew.
                self.now_s = end
                return times
            if choice * total < arrivals:
                arrived.append(now)
                waiting += 1
                if waiting == self._model.slow_from:
                    self._is_slow = True
                    serving = 1 / self._demand()
            else:
                times.append(now - arrived.popleft())
                waiting -= 1

    def _demand(self) -> float:
        """Seconds per request, from the start of this block on."""
        model = self._model
        demand = model.demand_s * (model.slow_by if self._is_slow else 1.0)
        return demand * (1 + model.drift * sin(tau * (self.now_s / model.period_s + self._phase)))

    def _noise(self) -> float:
        deviation = self._model.noise
        if not deviation:
            return 1.0
        self._log_noise = 0.5 * self._log_noise + deviation * (1 - 0.25) ** 0.5 * float(self._random.standard_normal())
        return float(np.exp(self._log_noise - deviation**2 / 2))

    @staticmethod
    def _sums(measure: CapacityMeasure, times: np.ndarray) -> tuple[float, float]:
        if measure.kind == "rate":
            return float(len(times)), BLOCK_S
        if measure.kind == "mean":
            return float(times.sum()) * NS_PER_S, float(len(times))
        above = (times * NS_PER_S > measure.rule.limit).sum() if measure.rule.quantile is not None else 0
        return float(above), float(len(times))


def search_through(
    search: CapacitySearch, run: Callable[[int], LevelBlock], warm_up_s: float = WARM_UP_S
) -> tuple[CapacityResult, list[int]]:
    """Drive a search to its end: its result, and the levels that it asked for."""
    asked: list[int] = []
    instructions: list[SearchInstruction] = search.handle(SearchBegun())
    reached = 0.0
    while True:
        block = None
        for instruction in instructions:
            if isinstance(instruction, FinishSearch):
                return instruction.result, asked
            assert isinstance(instruction, RunUsers)
            asked.append(instruction.users)
            block = run(instruction.users)  # The users are there after a block, which does not count.
            reached = block.ended_s
            search.handle(LevelReached(instruction.users, reached))
        block = run(asked[-1])
        is_steady = block.ended_s - reached > warm_up_s
        instructions = search.handle(BlockEnded(block, reached + warm_up_s if is_steady else None))
