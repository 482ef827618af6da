"""Counts by key are those of a Counter."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradual_master.results.merging.tally import Tally

ADDITIONS = st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=30), max_size=8)


@given(ADDITIONS)
def test_it_counts_as_a_counter_does(additions: list[list[tuple[int, int]]]) -> None:
    tally: Tally[int] = Tally()
    expected: Counter[int] = Counter()
    for addition in additions:
        rows = tally.rows_of(key for key, _ in addition)
        tally.add(rows, np.array([count for _, count in addition], dtype=np.int64))
        for key, count in addition:
            expected[key] += count
    assert dict(tally.items()) == {key: count for key, count in expected.items() if count}
    assert [tally[key] for key in range(70)] == [expected[key] for key in range(70)]
