"""Where the numbers of a batch belong is worked out once for all batches that name the same things."""

from dataclasses import replace

import numpy as np
import pytest
from contributions import layouts
from raw_run import MS, S, Stretch, batch_of, iteration_time, plan_of

from gradual_common.errors import WireError
from gradual_common.kinds.failures import KINDS
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import COUNTERS, LOOP_LAG, RESPONSE_TIME, START_LAG, Batch
from gradual_master.results.merging.layouts import MAX_KNOWN_LAYOUTS, Layouts
from gradual_master.results.merging.sums import OUTSIDE, Shape

SHAPE = Shape(SeriesIndex.of(plan_of()))


def batch(ns: int = MS, *, code: int = 200, kind: str = "") -> Batch:
    stretch = Stretch(
        0, 0, S, [(1, kind, ns)], other=[iteration_time(3, ns)], statuses=[(1, code, 1)], assertions=[(0, 0, 3, 1)]
    )
    return batch_of(1, 0, stretch, loop_lags=[ns], start_lags=[ns])


def test_every_number_has_its_place() -> None:
    known = layouts(SHAPE)
    layout = known.of(batch())
    assert layout.scopes == layout.judged == (0,)
    counters = range(SHAPE.counters + len(COUNTERS), SHAPE.counters + 2 * len(COUNTERS))
    assert layout.positions.tolist() == [1 * len(KINDS), 3 * len(KINDS), *counters]
    assert layout.samples.tolist() == [1, 0], "the second cell holds iterations"
    assert layout.codes.tolist() == [SHAPE.code(0, 1, 0, RESPONSE_TIME), SHAPE.code(0, 3, 0, 4)]
    assert layout.health_codes.tolist() == [LOOP_LAG, START_LAG]
    known.statuses.add(layout.statuses, np.array([5]))
    known.assertions.add(layout.assertions, np.array([3, 1]))
    assert [(key, count) for key, _, count in known.statuses.entries()] == [((0, 1, 200), 5)]
    assert [(key, count) for key, _, count in known.assertions.entries()] == [((0, 0, 0, 0), 3), ((0, 0, 0, 1), 1)]


def test_frames_of_warm_up_and_of_the_drain_are_not_judged() -> None:
    known = Layouts(SHAPE, {OUTSIDE: OUTSIDE, 0: 0, 1: 1}, judged={1})
    frames = [Stretch(level, n * S, (n + 1) * S) for n, level in enumerate((0, 1, OUTSIDE))]
    assert known.of(batch_of(1, 0, *frames)).judged == (1,)


def test_batches_that_differ_in_numbers_alone_share_a_layout() -> None:
    known = layouts(SHAPE)
    assert known.of(batch(MS)) is known.of(batch(900 * MS))
    assert known.of(batch(code=201)) is not known.of(batch())
    assert known.of(batch(kind="status")) is not known.of(batch())
    assert known.of(replace(batch(), frames=(batch_of(1, 0, Stretch(1, 0, S)).frames[0],))) is not known.of(batch())


def test_what_does_not_fit_is_refused_though_its_names_are_known() -> None:
    known = layouts(SHAPE)
    known.of(batch())
    with pytest.raises(WireError, match="frames × groups"):
        known.of(replace(batch(), users=np.zeros((1, 3, 4), dtype=np.int64)))


def test_layouts_beyond_the_most_are_forgotten_and_found_again() -> None:
    known = layouts(SHAPE)
    first = known.of(batch())
    for code in range(1000, 1000 + MAX_KNOWN_LAYOUTS):
        known.of(batch(code=code))
    again = known.of(batch())
    assert again is not first
    assert again.statuses.tolist() == first.statuses.tolist(), "its place in the tally is the same"


def test_the_agents_own_histograms_may_stand_anywhere() -> None:
    whole = batch()
    columns = whole.histograms
    order = np.array([2, 0, 3, 1])
    assert columns.sizes.tolist() == [1, 1, 1, 1]
    shuffled = replace(
        columns,
        **{name: getattr(columns, name)[order] for name in ("keys", "stats", "sizes", "indices", "counts")},
    )
    layout = layouts(SHAPE).of(replace(whole, histograms=shuffled))
    assert layout.health_codes.tolist() == [LOOP_LAG, START_LAG]
    assert layout.codes.tolist() == [SHAPE.code(0, 1, 0, RESPONSE_TIME), SHAPE.code(0, 3, 0, 4)]
