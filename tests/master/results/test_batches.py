"""From a batch to a contribution: every column lands in its level. What is refused stands in test_aggregate."""

import numpy as np
from raw_run import MS, START, S, Stretch, batch_of, plan_of

from gradual_common.batch import COUNTER, EXCHANGE, KIND, LOOP_LAG, RESPONSE_TIME, START_LAG
from gradual_common.series import SeriesIndex
from gradual_master.results.batches import check_batch, contribution_of, health_rows
from gradual_master.results.measurements import Shape

SHAPE = Shape.of(SeriesIndex.of(plan_of()))


def test_every_column_lands_in_the_level_of_its_frame() -> None:
    first = Stretch(3, 0, S, [(0, "", MS), (0, "", 2 * MS), (1, "status", 3 * MS)], other=[(0, "", EXCHANGE, MS)])
    second = Stretch(4, S, 2 * S, [(2, "", 4 * MS)], counters={1: {"skipped": 7}}, iterations=[(1, 1), (5, 0)])
    batch = batch_of(1, 0, first, second, loop_lags=[1], start_lags=[2])
    check_batch(batch, SHAPE, frozenset({3, 4}))
    contribution = contribution_of(batch, SHAPE)
    assert contribution.places == (3, 4)
    assert contribution.extents.tolist() == [[START, START + S], [START + S, START + 2 * S]]
    assert contribution.requests[0, 0, 0] == 2
    assert contribution.requests[0, 1, KIND["status"]] == 1
    assert contribution.requests.sum() == 4
    assert contribution.counters[1, 1, COUNTER["skipped"]] == 7
    assert contribution.iterations[1].tolist() == [[1, 1], [5, 0]]
    assert sorted(contribution.codes.tolist()) == sorted(
        [
            SHAPE.code(3, 0, 0, RESPONSE_TIME),
            SHAPE.code(3, 1, KIND["status"], RESPONSE_TIME),
            SHAPE.code(3, 0, 0, EXCHANGE),
            SHAPE.code(4, 2, 0, RESPONSE_TIME),
        ]
    )


def test_the_health_of_the_agent_is_no_contribution() -> None:
    batch = batch_of(1, 0, Stretch(0, 0, S), loop_lags=[5, 6], start_lags=[7])
    assert len(contribution_of(batch, SHAPE).codes) == 0
    rows = health_rows(batch)
    assert rows.codes.tolist() == [LOOP_LAG, START_LAG]
    assert rows.columns.stats[:, 0].tolist() == [2, 1]


def test_an_empty_batch_contributes_its_users_only() -> None:
    batch = batch_of(1, 0, Stretch(0, 0, S, users=[(2, 0, 2, 0), (0, 0, 0, 0)]))
    check_batch(batch, SHAPE, frozenset({0}))
    contribution = contribution_of(batch, SHAPE)
    assert np.count_nonzero(contribution.requests) == 0
    assert contribution.users[0, 0].tolist() == [2 * S, 0, 2 * S, 0]
