"""The rows of a summary's blocks: seconds since the schedule's start, rates over their own length."""

from raw_run import MS, START, S, Stretch, agent, aggregate_of, batch_of, fleet_of, plan_of, run_of, schedule_of

from gradual_master.results.judging.blocks import block_row
from gradual_master.results.measures.distribution import Distribution
from gradual_master.results.merging.level_blocks import MeasuredBlock
from gradual_master.results.summary.summary import build_summary


def test_a_row_counts_from_the_schedules_start_and_divides_by_its_own_length() -> None:
    times = Distribution(7, 1.0, 5.5, 5.0, 8.0, 9.0, 10.0, 11.0, 12.0)
    row = block_row(MeasuredBlock(START + 10 * S, START + 22 * S, 9, 3, times), START)
    assert (row.start_s, row.end_s, row.requests, row.failures, row.throughput_rps) == (10, 22, 9, 3, 0.5)
    assert (row.mean_ms, row.p50_ms, row.p95_ms, row.p99_ms) == (5.5, 5, 9, 10)


def test_a_summary_has_the_blocks_of_its_levels() -> None:
    aggregate = aggregate_of(plan_of(), schedule_of((2, 1), (4, 2), seconds=20))
    for second in range(40):
        stretch = Stretch(second // 20, second * S, (second + 1) * S, [(0, "", 10 * MS)] * (1 + second // 20))
        aggregate.merge("a", batch_of(second + 1, second, stretch))
    summary = build_summary(aggregate, fleet_of(agent("a")), run_of())
    blocks = [[(block.start_s, block.throughput_rps) for block in level.blocks] for level in summary.levels]
    assert blocks == [[(0, 1), (10, 1)], [(20, 2), (30, 2)]]
    assert all("blocks" not in row for row in summary.rows("levels"))
