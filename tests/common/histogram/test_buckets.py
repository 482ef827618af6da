"""Bucket edges are exact, and every way to find a bucket finds the same."""

from bisect import bisect_left
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.histogram.buckets import (
    BUCKETS,
    EDGE_ARRAY,
    EDGES,
    ESTIMATES,
    FIRST_INDEX,
    LAST_INDEX,
    QUANTILE_ERROR,
    buckets_of,
)

UNDERFLOW, OVERFLOW = -1, BUCKETS
HOUR = 3_600 * 10**9


def bucket_of(nanoseconds: int) -> int:
    """By a search in the table of edges, as the definition has it."""
    return bisect_left(EDGES, nanoseconds) - 1


def test_edges_are_the_floors_of_the_powers() -> None:
    """Against 80 digits of decimal arithmetic: a floor is never off by one."""
    with localcontext(prec=80):
        for index, edge in zip(range(FIRST_INDEX, LAST_INDEX + 2), EDGES, strict=True):
            octave, step = divmod(index, 64)
            exact = Decimal(10) ** 9 * Decimal(2) ** octave * (Decimal(2) ** (Decimal(step) / 64) if step else 1)
            assert edge <= exact < edge + 1


def test_edges_rise_from_below_a_microsecond_past_an_hour() -> None:
    assert len(EDGES) == BUCKETS + 1 == 2034
    assert (np.diff(EDGE_ARRAY) > 0).all()
    assert EDGES[0] < 1_000 < EDGES[1]
    assert EDGES[-2] < HOUR < EDGES[-1]


@pytest.mark.parametrize(
    ("nanoseconds", "bucket"),
    [
        (0, UNDERFLOW),
        (EDGES[0], UNDERFLOW),  # a lower edge is outside
        (EDGES[0] + 1, 0),
        (EDGES[1], 0),  # an upper edge is inside
        (EDGES[1] + 1, 1),
        (10**9, -FIRST_INDEX - 1),  # 1 s is the upper edge of index −1
        (10**9 + 1, -FIRST_INDEX),
        (EDGES[-1], BUCKETS - 1),
        (EDGES[-1] + 1, OVERFLOW),
        (2**63 - 1, OVERFLOW),
    ],
)
def test_buckets_are_open_below_and_closed_above(nanoseconds: int, bucket: int) -> None:
    assert bucket_of(nanoseconds) == bucket


def test_the_fast_way_agrees_at_every_edge_and_beside_it() -> None:
    edges = np.concatenate([EDGE_ARRAY - 1, EDGE_ARRAY, EDGE_ARRAY + 1, [0, 1, 2**42, 2**42 + 1, 2**53 + 1, 2**63 - 1]])
    assert buckets_of(edges).tolist() == [bucket_of(int(edge)) for edge in edges]


@given(st.lists(st.one_of(st.integers(0, 2**63 - 1), st.integers(0, HOUR), st.integers(0, 10**6))))
def test_the_fast_way_agrees_with_the_search(values: list[int]) -> None:
    assert buckets_of(np.array(values, dtype=np.int64)).tolist() == [bucket_of(value) for value in values]


def test_estimates_are_within_the_stated_error_of_both_ends_of_every_bucket() -> None:
    for low, high, estimate in zip(EDGES, EDGES[1:], ESTIMATES, strict=False):
        assert abs(estimate - (low + 1)) <= QUANTILE_ERROR * (low + 1)
        assert abs(estimate - high) <= QUANTILE_ERROR * high
