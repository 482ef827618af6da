"""What an agent says of itself, over the run."""

from raw_run import MS, S, Stretch, batch_of, iteration_time, plan_of

from gradual_common.batch import Health
from gradual_common.series import SeriesIndex
from gradual_master.results.agent_totals import AgentTotals
from gradual_master.results.batches import contribution_of
from gradual_master.results.measurements import Shape

SHAPE = Shape.of(SeriesIndex.of(plan_of()))


def test_an_agent_that_delivered_nothing_has_no_figures() -> None:
    agent = AgentTotals()
    assert (agent.requests, agent.cpu_p95, agent.start_lag.quantile(0.99)) == (0, None, None)


def test_its_requests_are_samples_not_iterations_and_its_load_is_a_percentile() -> None:
    agent = AgentTotals()
    for number, cpu in enumerate([0.1] * 18 + [0.9, 1.0]):
        samples = [(0, "", MS), (1, "status", MS)]
        stretch = Stretch(0, 0, S, samples, other=[iteration_time(3, MS)], counters={2: {"interrupted": 2}})
        batch = batch_of(number + 1, number, stretch, health=Health(cpu, 1, 1, 2), last=number == 19)
        agent.add(batch, contribution_of(batch, SHAPE), SHAPE)
    assert (agent.requests, agent.merged, agent.late_starts, agent.is_complete) == (40, 80, 40, True)
    assert agent.cpu_p95 == 0.9
