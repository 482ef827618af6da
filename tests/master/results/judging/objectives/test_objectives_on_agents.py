"""Objectives on the health of agents: the worst one is judged."""

from collections.abc import Sequence

import pytest
from raw_run import MS, S, Stretch, aggregate_of, batch_of, plan_of, schedule_of

from gradual_common.protocol.batch import Health
from gradual_master.results.judging.objectives.objective import ObjectiveRow

IDLE = [0.1] * 10
BUSY = [0.1, 0.1, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2]


def judge(rule: str, *agents: Sequence[float]) -> ObjectiveRow:
    """The rule's row over agents with these CPU shares, second by second; their loop is 10 ms late for each tenth."""
    aggregate = aggregate_of(plan_of(thresholds=[{"rule": rule}]), schedule_of((2, 1), seconds=10))
    for name, shares in zip("abc", agents, strict=False):
        for second, cpu in enumerate(shares):
            stretch = Stretch(0, second * S, (second + 1) * S, samples=[(0, "", MS)])
            lags = [round(100 * cpu) * MS]
            batch = batch_of(second + 1, second, stretch, health=Health(cpu, 1, 1, 0), loop_lags=lags)
            aggregate.merge(name, batch)
    aggregate.settle()
    return aggregate.judge()[0]


@pytest.mark.parametrize(
    ("rule", "observed", "samples"),
    [
        ("agent.cpu < 80%", 90, 10),  # The p95 of the intervals.
        ("agent.cpu.mean < 80%", 27, 10),
        ("agent.cpu.p70 < 80%", 10, 10),
        ("agent.cpu.max < 80%", 90, 10),
        ("agent.cpu.mean < 80% for 3s", pytest.approx(190 / 3, abs=0.001), 3),
        ("agent.loop_lag.max < 50ms for 1s", 90, 1),
        ("agent.loop_lag.max < 50ms", 90, 10),
    ],
)
def test_the_worst_agent_is_judged(rule: str, observed: float, samples: int) -> None:
    row = judge(rule, IDLE, BUSY)
    assert (row.observed, row.samples) == (observed, samples)


def test_a_lag_without_a_statistic_is_its_p99() -> None:
    row = judge("agent.loop_lag < 50ms", IDLE, BUSY)
    assert row.observed == pytest.approx(90, rel=0.0055)


def test_an_agent_that_was_away_has_no_window_over_that_time() -> None:
    assert judge("agent.cpu.max < 80% for 3s", [0.1, 0.1]).observed is None


@pytest.mark.parametrize(
    ("rule", "samples"),
    [
        ("agent.cpu < 80%", 5),
        ("agent.cpu.max < 80%", 5),
        ("agent.cpu.max < 80% for 2s", 2),
        ("agent.loop_lag.max < 80ms", 5),
        ("agent.loop_lag.max < 80ms for 2s", 2),
    ],
)
def test_what_an_agent_measures_in_a_warm_up_is_left_out(rule: str, samples: int) -> None:
    aggregate = aggregate_of(plan_of(thresholds=[{"rule": rule}]), schedule_of((2, 1), (2, 1), seconds=5, warm_up=1))
    for second in range(10):
        cpu = 0.95 if second < 5 else 0.1
        stretch = Stretch(second // 5, second * S, (second + 1) * S, samples=[(0, "", MS)])
        health, lags = Health(cpu, 1, 1, 0), [round(100 * cpu) * MS]
        aggregate.merge("a", batch_of(second + 1, second, stretch, health=health, loop_lags=lags))
    aggregate.settle()
    row = aggregate.judge()[0]
    assert (row.observed, row.samples, row.passed) == (10, samples, True)
