"""Histograms by number: growing, freezing, choosing and thawing lose nothing."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradual_common.histogram.columns import pack_values
from gradual_common.histogram.histogram import Histogram
from gradual_master.results.merging.histograms import GrowingHistograms, SparseHistograms, join

TIMES = st.lists(st.integers(1, 10**10), min_size=1, max_size=30)
ENTRIES = st.lists(st.tuples(st.integers(0, 40), TIMES), min_size=1, max_size=12)


def exact(values: list[int]) -> Histogram:
    histogram = Histogram()
    histogram.add_many(np.array(values, dtype=np.int64))
    return histogram


def add(rows: GrowingHistograms, code: int, values: list[int]) -> None:
    columns = pack_values([(0, 0)], [np.array(values, dtype=np.int64)])
    rows.add(SparseHistograms(np.array([code], dtype=np.int64), columns))


@given(ENTRIES)
@settings(max_examples=40)
def test_rows_grow_freeze_and_thaw_without_losing_anything(entries: list[tuple[int, list[int]]]) -> None:
    rows = GrowingHistograms(1)
    expected: dict[int, list[int]] = {}
    for number, values in entries:
        add(rows, number, values)
        expected.setdefault(number, []).extend(values)
    frozen, thawed = rows.freeze(), GrowingHistograms()
    thawed.add(frozen)
    for number, values in expected.items():
        assert rows.total([number]) == frozen.total([number]) == thawed.total([number]) == exact(values)
    together = [value for values in expected.values() for value in values]
    assert rows.total([*expected, 99]) == frozen.total([*expected, 99]) == exact(together)


@given(ENTRIES, st.data())
@settings(max_examples=40)
def test_chosen_histograms_are_the_same_whether_they_are_neighbours_or_not(
    entries: list[tuple[int, list[int]]], data: st.DataObject
) -> None:
    rows = GrowingHistograms()
    for number, values in entries:
        add(rows, number, values)
    frozen = rows.freeze()
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(frozen.codes), max_size=len(frozen.codes))))
    selected = frozen.select(chosen)
    assert selected.codes.tolist() == frozen.codes[chosen].tolist()
    for number in selected.codes.tolist():
        assert selected.total([number]) == frozen.total([number])


@given(st.lists(ENTRIES, min_size=1, max_size=4))
@settings(max_examples=40)
def test_sets_of_histograms_are_added_as_if_one_by_one(additions: list[Any]) -> None:
    """Bit by bit, whether the codes of a set are all different or not."""
    codes = np.array([code for code, _ in additions[0]], dtype=np.int64)
    sets = [
        pack_values([(0, 0)] * len(codes), [np.array([n + 1, *values], dtype=np.int64) for _, values in additions[0]])
        for n in range(len(additions))
    ]
    together, one_by_one = GrowingHistograms(1), GrowingHistograms(1)
    together.add(*(SparseHistograms(codes.copy() if n % 2 else codes, columns) for n, columns in enumerate(sets)))
    for columns in sets:
        one_by_one.add(SparseHistograms(codes, columns))
    for code in range(41):
        assert together.total([code]) == one_by_one.total([code])


@given(st.lists(ENTRIES, min_size=1, max_size=4))
@settings(max_examples=20)
def test_joined_columns_are_all_of_them_and_a_copy_keeps_no_reference(additions: list[Any]) -> None:
    several = []
    for entries in additions:
        rows = GrowingHistograms()
        for code, values in entries:
            add(rows, code, values)
        several.append(rows.freeze())
    codes = np.concatenate([rows.codes for rows in several])
    joined = SparseHistograms(codes, join([rows.columns for rows in several]))
    copied = joined.copy()
    for code in range(41):
        assert joined.total([code]).count == sum(rows.total([code]).count for rows in several)
        assert copied.total([code]) == joined.total([code])
    assert not np.shares_memory(copied.columns.indices, joined.columns.indices)


def test_nothing_frozen_is_nothing() -> None:
    frozen = GrowingHistograms().freeze()
    assert isinstance(frozen, SparseHistograms)
    assert frozen.total([1, 2]).count == 0
