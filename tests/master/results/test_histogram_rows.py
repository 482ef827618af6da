"""Histograms by number: growing, freezing, choosing and thawing lose nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradual_common.histogram import Histogram, pack_values
from gradual_master.results.histogram_rows import FrozenRows, HistogramRows

TIMES = st.lists(st.integers(1, 10**10), min_size=1, max_size=30)
ENTRIES = st.lists(st.tuples(st.integers(0, 40), TIMES), min_size=1, max_size=12)


def exact(values: list[int]) -> Histogram:
    histogram = Histogram()
    histogram.add_many(np.array(values, dtype=np.int64))
    return histogram


def add(rows: HistogramRows, code: int, values: list[int]) -> None:
    rows.add(np.array([code], dtype=np.int64), pack_values([(0, 0)], [np.array(values, dtype=np.int64)]))


@given(ENTRIES)
@settings(max_examples=40)
def test_rows_grow_freeze_and_thaw_without_losing_anything(entries: list[tuple[int, list[int]]]) -> None:
    rows = HistogramRows(1)
    expected: dict[int, list[int]] = {}
    for number, values in entries:
        add(rows, number, values)
        expected.setdefault(number, []).extend(values)
    frozen = rows.freeze()
    for number, values in expected.items():
        assert rows.total([number]) == frozen.total([number]) == frozen.thaw().total([number]) == exact(values)
    together = [value for values in expected.values() for value in values]
    assert rows.total([*expected, 99]) == frozen.total([*expected, 99]) == exact(together)


@given(ENTRIES, st.data())
@settings(max_examples=40)
def test_chosen_histograms_are_the_same_whether_they_are_neighbours_or_not(
    entries: list[tuple[int, list[int]]], data: st.DataObject
) -> None:
    rows = HistogramRows()
    for number, values in entries:
        add(rows, number, values)
    frozen = rows.freeze()
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(frozen.codes), max_size=len(frozen.codes))))
    selected = frozen.select(chosen)
    assert selected.codes.tolist() == frozen.codes[chosen].tolist()
    for number in selected.codes.tolist():
        assert selected.total([number]) == frozen.total([number])


def test_nothing_frozen_is_nothing() -> None:
    frozen = HistogramRows().freeze()
    assert isinstance(frozen, FrozenRows)
    assert frozen.total([1, 2]).count == 0
