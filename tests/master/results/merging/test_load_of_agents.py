"""The CPU and the lags of an agent: over the whole run for its row, and without the warm-up for objectives."""

import pytest
from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_common.protocol.batch import Health
from gradual_master.results.merging.agent_totals import AgentTotals


def totals_of(shares: list[float], *, warm_up: int) -> AgentTotals:
    """An agent with these CPU shares, second by second, in levels of 2 s; its loop is 10 ms late for each tenth."""
    aggregate = aggregate_of(plan_of(), schedule_of((2, 1), (2, 1), warm_up=warm_up))
    for second, cpu in enumerate(shares):
        stretch = Stretch(second // 2, second * S, (second + 1) * S, samples=[(0, "", MS)])
        lags = [round(100 * cpu) * MS]
        aggregate.merge("a", batch_of(second + 1, second, stretch, health=Health(cpu, 1, 1, 0), loop_lags=lags))
    return aggregate.agents["a"]


@pytest.mark.parametrize("warm_up", [0, 1])
def test_the_row_of_an_agent_is_over_the_whole_run(warm_up: int) -> None:
    totals = totals_of([0.9, 0.8, 0.1, 0.2], warm_up=warm_up)
    assert totals.cpu_p95 == 0.9
    assert totals.loop_lag.count == 4
    assert totals.loop_lag.max == 90 * MS


@pytest.mark.parametrize(("warm_up", "judged"), [(0, [0.1, 0.2, 0.8, 0.9]), (1, [0.1, 0.2])])
def test_objectives_have_the_intervals_outside_of_the_warm_up(warm_up: int, judged: list[float]) -> None:
    load = totals_of([0.9, 0.8, 0.1, 0.2], warm_up=warm_up).judged_load
    assert sorted(load.cpu_shares) == judged
    assert load.loop_lag.count == len(judged)


def test_an_agent_without_a_batch_has_no_share() -> None:
    assert AgentTotals().cpu_p95 is None
