"""From a batch to a contribution: every column lands in its level. What is refused is in test_layouts."""

import numpy as np
import pytest
from contributions import contribution, histogram, layouts, reading
from raw_run import MS, START, S, Stretch, batch_of, plan_of

from gradual_common.kinds.failures import KIND
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import COUNTER, EXCHANGE, LOOP_LAG, MEASURES, RESPONSE_TIME, START_LAG
from gradual_master.results.merging.batches import BATCHES_PER_MERGE, OpenInterval, contribution_of, read_batch, sums_of
from gradual_master.results.merging.sums import Shape, SumsByScope

SHAPE = Shape(SeriesIndex.of(plan_of()))


def test_every_column_lands_in_the_level_of_its_frame() -> None:
    first = Stretch(3, 0, S, [(0, "", MS), (0, "", 2 * MS), (1, "status", 3 * MS)], other=[(0, "", EXCHANGE, MS)])
    second = Stretch(4, S, 2 * S, [(2, "", 4 * MS)], counters={1: {"skipped": 7}}, iterations=[(1, 1), (5, 0)])
    made = contribution(batch_of(1, 0, first, second, loop_lags=[1], start_lags=[2]), SHAPE)
    assert made.scopes == (3, 4)
    assert made.extents.tolist() == [[START, START + S], [START + S, START + 2 * S]]
    assert made.sums.requests[0, 0, 0] == 2
    assert made.sums.requests[0, 1, KIND["status"]] == 1
    assert made.sums.requests.sum() == 4
    assert made.sums.counters[1, 1, COUNTER["skipped"]] == 7
    assert made.sums.counters[:, :, COUNTER["sent"]].tolist() == [[2, 1, 0], [0, 0, 1]]
    assert made.sums.iterations[1].tolist() == [[1, 1], [5, 0]]
    assert sorted(made.histograms.codes.tolist()) == sorted(
        [
            SHAPE.code(3, 0, 0, RESPONSE_TIME),
            SHAPE.code(3, 1, KIND["status"], RESPONSE_TIME),
            SHAPE.code(3, 0, 0, EXCHANGE),
            SHAPE.code(4, 2, 0, RESPONSE_TIME),
        ]
    )
    assert made.histograms.columns.stats[:, 0].sum() == 5


def test_the_health_of_the_agent_is_not_a_contribution() -> None:
    batch = batch_of(1, 0, Stretch(0, 0, S), loop_lags=[5, 6], start_lags=[7])
    assert len(contribution(batch, SHAPE).histograms.codes) == 0
    rows = reading(batch, SHAPE).lags
    assert rows.codes.tolist() == [LOOP_LAG, START_LAG]
    assert rows.columns.stats[:, 0].tolist() == [2, 1]


def test_time_that_was_left_unattended_lies_in_its_frame() -> None:
    thinking = [(0, 0, 1, 0), (0, 0, 0, 0)]
    batch = batch_of(1, 0, Stretch(0, 0, S, users=thinking), Stretch(1, S, 2 * S), start_lags=[102 * MS])
    unattended = contribution(batch, SHAPE).sums.unattended
    assert abs(unattended[0] - 100 * MS) <= 0.0055 * 102 * MS
    assert unattended[1] == 0


def test_batches_of_one_layout_are_added_up_together() -> None:
    known = layouts(SHAPE)
    readings = []
    for ms in (3, 1, 2):
        frames = [
            Stretch(4, 0, S - ms * MS, [(1, "", ms * MS)], users=[(ms, 1, 0, 0)] * 2, iterations=[(ms, 0), (1, 1)]),
            Stretch(5, S - ms * MS, S, [(2, "reset", MS)], counters={2: {"unsent": ms}}),
        ]
        readings.append(read_batch("a", batch_of(1, 0, *frames, start_lags=[ms * S] if ms == 2 else [1]), known))
    (extents, together), one_by_one = sums_of(readings, SHAPE), SumsByScope(SHAPE)
    for each in readings:
        made = contribution_of(each, SHAPE)
        one_by_one.add(made.scopes, made.extents, made.sums.values)
    assert readings[0].layout.scopes == tuple(one_by_one.rows) == (4, 5)
    for name in ("requests", "counters", "users", "iterations", "unattended"):
        assert getattr(together, name).tolist() == getattr(one_by_one, name)[:2].tolist(), name
    assert extents.tolist() == one_by_one.extents[:2].tolist()
    assert extents.tolist() == [[START, START + S - MS], [START + S - 3 * MS, START + S]]


def test_an_empty_batch_contributes_its_users_only() -> None:
    made = contribution(batch_of(1, 0, Stretch(0, 0, S, users=[(2, 0, 2, 0), (0, 0, 0, 0)])), SHAPE)
    assert np.count_nonzero(made.sums.requests) == 0
    assert made.sums.users[0, 0].tolist() == [2 * S, 0, 2 * S, 0]
    assert made.sums.unattended.tolist() == [0]


@pytest.mark.parametrize("batches", [0, 1, BATCHES_PER_MERGE - 1, BATCHES_PER_MERGE, 2 * BATCHES_PER_MERGE + 3])
def test_everything_that_came_is_in_it(batches: int) -> None:
    known, interval = layouts(SHAPE), OpenInterval(SHAPE, 1)
    values: list[int] = []
    for number in range(batches):
        steps = [(number % 3, "", (number + 1) * MS)] if number % 5 else [(0, "timeout", MS), (1, "", 7 * MS)]
        stretch = Stretch(number % 2, 0, S, steps, users=[(1, 1, 0, 0), (2, 1, 1, 0)])
        values += [ns for _, _, ns in steps]
        interval.add(read_batch(f"a{number}", batch_of(1, 0, stretch), known))
    frozen = interval.freeze()
    assert [health.agent for health in interval.health] == sorted(f"a{number}" for number in range(batches))
    assert sorted(frozen.scopes) == list(range(min(2, batches)))
    assert frozen.sums.requests.sum() == len(values)
    assert frozen.sums.users[:, 1, 0].sum() == 2 * S * batches
    assert np.all(frozen.histograms.codes % SHAPE.codes % len(MEASURES) == RESPONSE_TIME)
    assert frozen.histograms.total(frozen.histograms.codes.tolist()) == histogram(*values)
