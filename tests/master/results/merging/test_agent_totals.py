"""What an agent says of itself, over the run."""

from contributions import histogram, reading
from raw_run import MS, S, Stretch, batch_of, iteration_time, plan_of

from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import Health
from gradual_master.results.judging.saturation import min_saturated_intervals, sustained
from gradual_master.results.merging.agent_totals import BATCHES_PER_MERGE, WINDOW, AgentTotals
from gradual_master.results.merging.sums import OUTSIDE, Shape

SHAPE = Shape(SeriesIndex.of(plan_of()))
BUSY, IDLE = Health(0.95, 1, 1, 0), Health(0.2, 1, 1, 0)


def test_an_agent_that_delivered_nothing_has_no_figures() -> None:
    agent = AgentTotals()
    assert (agent.requests, agent.cpu_p95, agent.start_lag.quantile(0.99)) == (0, None, None)
    assert (list(agent.strained), agent.user_times.windows()) == ([], [])


def test_its_requests_are_samples_not_iterations_and_its_load_is_a_percentile() -> None:
    agent = AgentTotals()
    for number, cpu in enumerate([0.1] * 18 + [0.9, 1.0]):
        samples = [(0, "", MS), (1, "status", MS)]
        stretch = Stretch(0, 0, S, samples, other=[iteration_time(3, MS)], counters={2: {"interrupted": 2}})
        agent.add(reading(batch_of(number + 1, number, stretch, health=Health(cpu, 1, 1, 2), last=number == 19), SHAPE))
    assert (agent.requests, agent.merged, agent.late_starts, agent.is_complete) == (40, 80, 40, True)
    assert agent.cpu_p95 == 0.9


def test_lags_are_merged_many_at_a_time_and_none_is_left_out() -> None:
    agent = AgentTotals()
    for number in range(2 * BATCHES_PER_MERGE + 3):
        agent.add(reading(batch_of(number + 1, number, Stretch(0, 0, S), loop_lags=[number], start_lags=[MS]), SHAPE))
        if number in (1, BATCHES_PER_MERGE):
            assert agent.loop_lag == histogram(*range(number + 1)), "asked in between"
    assert agent.loop_lag == histogram(*range(2 * BATCHES_PER_MERGE + 3))
    assert agent.start_lag == histogram(*[MS] * (2 * BATCHES_PER_MERGE + 3))


def saturated(interval: int, *busy: int, reverse: bool = False) -> tuple[int, ...]:
    agent = AgentTotals(interval)
    order = reversed(range(20)) if reverse else range(20)
    for number in order:
        health = BUSY if number in busy else IDLE
        agent.add(reading(batch_of(number + 1, number, Stretch(0, 0, interval), health=health), SHAPE))
    return sustained(agent.strained, min_saturated_intervals(interval))


def test_it_is_saturated_when_it_was_strained_for_five_seconds_on_end() -> None:
    assert saturated(S, 2, 3, 4, 5, 7, 8, 9, 10, 11) == (7, 8, 9, 10, 11)
    assert saturated(S, 7, 8, 9, 10, 11, reverse=True) == (7, 8, 9, 10, 11), "whatever came first"
    assert saturated(2 * S, 2, 3, 7, 8, 9) == (7, 8, 9), "three intervals of 2 s"
    assert saturated(8 * S, 4) == (4,), "one of 8 s"
    assert saturated(S // 2, *range(9)) == (), "nine of half a second"


def test_user_time_is_kept_by_windows_and_neither_warm_up_nor_drain_is_in_it() -> None:
    agent = AgentTotals()
    users = [(4, 1, 2, 0), (0, 0, 0, 0)]
    for number in (*range(12), 3):
        agent.add(reading(batch_of(1, number, Stretch(0, number * S, (number + 1) * S, users=users)), SHAPE))
    agent.add(reading(batch_of(13, 12, Stretch(OUTSIDE, 12 * S, 13 * S, users=users)), SHAPE))
    assert agent.user_times.windows() == [(0, 44 * S, 11 * S, 4 * S), (WINDOW, 8 * S, 2 * S, 4 * S)]
