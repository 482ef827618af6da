"""Sums by scope: growing, freezing and thawing lose nothing, and the order of additions does not matter."""

import numpy as np
from contributions import contribution
from hypothesis import given
from hypothesis import strategies as st
from raw_run import MS, START, S, Stretch, batch_of, plan_of

from gradual_common.histogram.histogram import Histogram
from gradual_common.kinds.failures import KINDS
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.protocol.batch import MEASURES, RESPONSE_TIME
from gradual_master.results.merging.sums import (
    OUTSIDE,
    Contribution,
    Measurements,
    Shape,
    SumsByScope,
)

SHAPE = Shape(SeriesIndex.of(plan_of()))


def exact(values: list[int]) -> Histogram:
    histogram = Histogram()
    histogram.add_many(np.array(values, dtype=np.int64))
    return histogram


def measured_in(*levels: int) -> Contribution:
    """One login of 1 + level ms in each level."""
    stretches = [Stretch(level, 0, S, [(0, "", (1 + level) * MS)], iterations=[(1, 0), (0, 0)]) for level in levels]
    return contribution(batch_of(1, 0, *stretches), SHAPE)


def code(level: int) -> int:
    return SHAPE.code(level, 0, 0, RESPONSE_TIME)


@given(st.integers(-1, 5000), st.integers(0, 4), st.integers(0, len(KINDS) - 1), st.integers(0, len(MEASURES) - 1))
def test_a_code_knows_its_scope(scope: int, step: int, kind: int, measure: int) -> None:
    number = SHAPE.code(scope, step, kind, measure)
    assert number >= 0
    assert number // SHAPE.codes + OUTSIDE == scope


def test_sums_grow_by_scope() -> None:
    sums = SumsByScope(SHAPE, 1)
    for level in (5, 0, 7, 5):
        made = measured_in(level)
        sums.add(made.scopes, made.extents, made.sums.values)
    assert tuple(sums.rows) == (5, 0, 7)
    assert sums.requests[: len(sums.rows)].sum(axis=(1, 2)).tolist() == [2, 1, 1]
    assert sums.extents[sums.rows[5]].tolist() == [START, START + S]


def test_scopes_that_become_one_are_added_up() -> None:
    measured = Measurements(SHAPE)
    measured.add(measured_in(0, 1, 2).rename({0: 0, 1: 1, 2: 1}.__getitem__))
    assert tuple(measured.sums.rows) == (0, 1)
    assert measured.histograms.total([code(1)]) == exact([2 * MS, 3 * MS])
    assert measured.sums.over([1]).iterations[0, 0] == 2


def test_what_is_outside_keeps_its_scope() -> None:
    outside = measured_in(OUTSIDE).rename(lambda scope: scope)
    measured = Measurements(SHAPE)
    measured.add(outside)
    assert measured.histograms.total([code(OUTSIDE)]).count == 1


def test_a_frozen_sum_can_be_added_again() -> None:
    measured, again = Measurements(SHAPE), Measurements(SHAPE)
    measured.add(measured_in(0, 1))
    for _ in range(2):
        again.add(measured.freeze())
    assert again.histograms.total([code(0), code(1)]) == exact([MS, 2 * MS] * 2)
    assert again.sums.requests.sum() == 4
