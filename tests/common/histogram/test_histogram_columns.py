"""Packing and adding many histograms at once gives what one histogram after the other would."""

import numpy as np
import pytest
from histogram_samples import histogram_of, unpack_histograms
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.histogram.buckets import BUCKETS, EDGES
from gradual_common.histogram.columns import DenseHistograms, empty_columns, pack_values
from gradual_common.histogram.histogram import Histogram, histogram_of_row

times = st.one_of(st.integers(0, 5 * 10**12), st.sampled_from([0, EDGES[0], EDGES[-1], EDGES[-1] + 1, 10**9]))
cells = st.lists(st.lists(times, max_size=30), max_size=6)


def arrays(lists: list[list[int]]) -> list[np.ndarray]:
    return [np.array(values, dtype=np.int64) for values in lists]


@given(cells)
def test_packed_values_are_the_histograms_of_the_values(lists: list[list[int]]) -> None:
    """Arrays without values are left out."""
    columns = pack_values([(cell, 0) for cell in range(len(lists))], arrays(lists))
    assert unpack_histograms(columns) == [
        ((cell, 0), histogram_of(values)) for cell, values in enumerate(lists) if values
    ]


def test_many_values_are_packed_as_few_are() -> None:
    """Both ways of tallying: by sorting a few, by counting into bins when there are many."""
    few, many = [[10**6 + n] for n in range(40)], [list(range(1_000, 400_000, 97))]
    for lists in (few, many):
        columns = pack_values([(n, 2) for n in range(len(lists))], arrays(lists))
        assert [histogram for _, histogram in unpack_histograms(columns)] == [histogram_of(values) for values in lists]


def test_packed_columns_have_the_types_of_the_wire() -> None:
    columns = pack_values([(3, 1)], arrays([[0, 10**9, 10**9, 10**13]]))
    assert columns.keys.tolist() == [[3, 1]]
    assert columns.stats.tolist() == [[4, 2 * 10**9 + 10**13, 0, 10**13, 1, 1]]
    assert (columns.sizes.tolist(), columns.indices.tolist(), columns.counts.tolist()) == ([1], [1275], [2])
    types = [column.dtype for column in (columns.keys, columns.stats, columns.sizes, columns.indices, columns.counts)]
    assert types == [np.int32, np.int64, np.uint16, np.int16, np.uint32]


def test_nothing_packs_to_no_histogram() -> None:
    assert unpack_histograms(pack_values([], [])) == unpack_histograms(empty_columns()) == []


@given(cells.filter(any), st.data())
def test_adding_columns_merges_each_histogram_into_its_row(lists: list[list[int]], data: st.DataObject) -> None:
    """Several may share a row."""
    columns = pack_values([(0, 0)] * len(lists), arrays(lists))
    rows = data.draw(st.lists(st.integers(0, 2), min_size=len(columns.keys), max_size=len(columns.keys)))
    dense = DenseHistograms(3)
    dense.add(columns, np.array(rows))
    filled = [values for values in lists if values]
    for row in range(3):
        values = [value for target, some in zip(rows, filled, strict=True) if target == row for value in some]
        assert histogram_of_row(dense, row) == histogram_of(values)


def test_a_row_that_is_not_there_is_an_error() -> None:
    with pytest.raises(IndexError):
        DenseHistograms(1).add(pack_values([(0, 0)], arrays([[10**9]])), np.array([1]))


def test_dense_histograms_start_empty() -> None:
    dense = DenseHistograms(2)
    assert dense.counts.shape == (2, BUCKETS)
    assert histogram_of_row(dense, 1) == Histogram()
