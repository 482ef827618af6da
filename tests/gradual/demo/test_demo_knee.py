"""The plan of `make demo` has the bank's knee within its ramp: users of the plan against the bank, in virtual time."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from virtual_time import run_virtually

from gradual.demo.bank import Bank
from gradual.demo.routing import Route
from gradual_common.clock import NS_PER_S
from gradual_common.plan.loader import LoadedPlan, PlanSource, load_plan
from gradual_master.analysis.scalability.analyse import analyse_scalability
from gradual_master.analysis.scalability.levels import MeasuredLevel
from gradual_master.analysis.scalability.result import Scalability
from gradual_master.analysis.scalability.wording import scalability_sentences

PLAN = load_plan(PlanSource.of_path(Path(__file__).parents[3] / "examples/demo.yaml"))


class Visits:
    """What the users of a plan do at the bank: its work and its bookings, without HTTP."""

    def __init__(self, loaded: LoadedPlan, seed: int) -> None:
        self._loaded = loaded
        self._bank = Bank(workers=16, seed=seed)
        self._random = random.Random(seed)
        self.answered = 0

    async def climb(self) -> list[MeasuredLevel]:
        """Throughput, by level."""
        rows, users = [], []
        counts = [0] * len(self._loaded.plan.users)
        for change, level in zip(self._loaded.schedule.changes, self._loaded.schedule.levels, strict=False):
            for group, number in enumerate(change.users):
                users += [asyncio.ensure_future(self._visit(group)) for _ in range(number - counts[group])]
            counts, before = list(change.users), self.answered
            seconds = ((level.end or 0) - level.start) / NS_PER_S
            await asyncio.sleep(seconds)
            rows.append(MeasuredLevel(concurrency=sum(counts), throughput=(self.answered - before) / seconds))
        for user in users:
            user.cancel()
        await asyncio.gather(*users, return_exceptions=True)
        return rows

    async def _visit(self, group: int) -> None:
        routes = list(self._routes(self._loaded.plan.users[group].behavior))
        think = self._loaded.plan.config.think_time
        while True:
            for route in routes:
                assert route.work is not None
                await self._bank.service.perform(route.work)
                if route.is_booked:
                    await self._bank.ledger.book()
                self.answered += 1
                await asyncio.sleep(self._random.uniform(think.low, think.high) / NS_PER_S)

    def _routes(self, steps: Sequence[object]) -> Iterator[Route]:
        for step in steps:
            if hasattr(step, "repeat"):
                yield from list(self._routes(step.steps)) * step.repeat
            else:
                action = self._loaded.plan.actions[step.action]
                yield self._bank.routes[action.method, action.url]


@pytest.fixture(scope="module", params=[1, 2, 3])
def found(request: pytest.FixtureRequest) -> Scalability:
    """What the analysis says of the climb."""
    return analyse_scalability(run_virtually(Visits(PLAN, request.param).climb()))


def test_the_demo_ends_in_where_throughput_bends_and_how_much_is_serialised(found: Scalability) -> None:
    """Also where a busy machine makes it a little different: the intervals exclude 0 by far."""
    first, second, *others = scalability_sentences(found)
    assert first.startswith("Throughput bends at about ")
    assert "% of the work is serialised (95 % interval:" in first
    assert second.startswith("Beyond about ")
    assert others == []


def test_the_peak_lies_well_within_the_ramp(found: Scalability) -> None:
    assert found.peak == "measured"
    assert found.n_peak is not None
    assert 40 < found.n_peak.value < 60
    assert found.n_peak.high is not None
    assert found.n_peak.high < 70
