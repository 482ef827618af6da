"""Think times that were not kept are a warning, beyond chance and the resolution of timers."""

import random
import statistics
from typing import Any

import pytest
from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_common.plan.model.plan import Plan
from gradual_common.randomness import RandomStream
from gradual_common.think_times.parsing import DISTRIBUTIONS
from gradual_common.think_times.think_time import ThinkTime
from gradual_master.results.aggregate import Aggregate
from gradual_master.results.judging.think_times import WaitLateness, lateness_of, variance_of

WAITS = {
    "constant": {"mean": S},
    "uniform": {"low": S, "high": 3 * S},
    "exponential": {"mean": S},
    "exponential, capped": {"mean": S, "max": 2 * S},
    "normal": {"mean": S, "stddev": S // 4},
    "normal, cut off at 0": {"mean": S, "stddev": 2 * S},
    "lognormal": {"mean": S, "stddev": S // 2},
    "without deviation": {"mean": S, "stddev": 0},
}


def think_time(name: str) -> ThinkTime:
    distribution = "normal" if name == "without deviation" else name.partition(",")[0]
    return DISTRIBUTIONS[distribution](distribution=distribution, **WAITS[name])


@pytest.mark.parametrize("name", WAITS)
def test_the_variance_is_that_of_what_agents_draw(name: str) -> None:
    think = think_time(name)
    wait_at, stream = think.compile(), RandomStream(1)
    drawn = [wait_at(stream.unit()) for _ in range(40_000)]
    assert variance_of(think) ** 0.5 == pytest.approx(statistics.pstdev(drawn), rel=0.03)


def test_no_think_time_has_no_variance() -> None:
    assert variance_of(None) == 0


def found_in(plan: Plan, aggregate: Aggregate) -> WaitLateness:
    return lateness_of(plan, aggregate.index, aggregate.totals, aggregate.agents.values())


def lateness(think: Any, lags: list[int], requests: int = 100) -> WaitLateness:
    plan = plan_of(config={"name": "b", "base_url": "http://b", "duration": "4s", "think_time": think})
    aggregate = aggregate_of(plan, schedule_of((4, 2)))
    steps = [(step, "", MS) for step in (0, 1, 2)] * (requests // 3)
    aggregate.merge("a", batch_of(1, 0, Stretch(0, 0, S, steps), start_lags=lags))
    aggregate.settle()
    return found_in(plan, aggregate)


def test_a_late_agent_is_compared_with_three_standard_errors() -> None:
    found = lateness("1-3s", [300 * MS] * 10_000)
    assert (found.waits, found.mean) == (10_000, 300 * MS)
    assert found.error == pytest.approx(2 * S / 12**0.5 / 100, rel=0.01)
    assert found.bound == 3 * found.error
    assert found.is_off
    assert str(found) == (
        "users thought 300 ms longer than the plan says on average, over 10,000 waits; up to 17 ms would be chance: "
        "the agents woke them late"
    )


def test_what_may_be_chance_is_not_reported() -> None:
    assert not lateness("1-3s", [100 * MS] * 100).is_off, "3 standard errors of 100 waits are 173 ms"
    assert not lateness("2s", [MS] * 1000).is_off, "timers have a grain"
    assert lateness("2s", [3 * MS] * 1000).is_off
    assert not lateness("2s", []).is_off
    assert lateness("2s", []).waits == 0


def test_steps_count_by_how_often_they_were_waited_after() -> None:
    steps = [{"action": "login", "think_time": "0-12s"}, {"action": "browse"}]
    users = [
        {"name": "customer", "concurrency": 4, "think_time": "2s", "behavior": steps},
        {"name": "guest", "concurrency": 2, "behavior": [{"action": "rates"}]},
    ]
    plan = plan_of(users=users)
    aggregate = aggregate_of(plan, schedule_of((4, 2)))
    samples = [(0, "", MS)] * 30 + [(1, "", MS)] * 70
    random.Random(1).shuffle(samples)
    aggregate.merge("a", batch_of(1, 0, Stretch(0, 0, S, samples), start_lags=[MS] * 100))
    aggregate.settle()
    assert found_in(plan, aggregate).error == pytest.approx((0.3 * 12 * S * S) ** 0.5 / 10, rel=0.01)
