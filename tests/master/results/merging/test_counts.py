"""Failures are counted by what went wrong and by when, in whatever order batches come."""

from collections import Counter
from random import Random
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from raw_run import MS, START, S, Stretch, batch_of, iteration_time

from gradual_common.kinds.failures import KIND
from gradual_common.protocol.batch import Batch
from gradual_master.results.merging.counts import FailedSamples, FailureCounts, KeyedCounts

STEPS = 3


def tally_of(*batches: tuple[Batch, int]) -> FailureCounts:
    """Each batch with the phase that all its frames belong to."""
    tally = FailureCounts()
    for batch, phase in batches:
        tally.add(batch, tally.lay_out(batch, [phase] * len(batch.frames), STEPS))
    return tally


def second(number: int, *samples: tuple[int, str], statuses: Any = ()) -> Batch:
    stretch = Stretch(0, number * S, (number + 1) * S, [(step, kind, MS) for step, kind in samples], statuses=statuses)
    return batch_of(number + 1, number, stretch)


def test_only_a_status_is_distinguished_by_its_code() -> None:
    batch = second(
        3,
        (0, "status"),
        (0, "status"),
        (0, "extract"),
        (0, ""),
        (1, "timeout"),
        statuses=[(0, 404, 1), (0, 503, 1), (0, "extract", 200, 1), (0, 200, 1)],
    )
    at = START + 3 * S
    assert list(tally_of((batch, 0)).of({0})) == [
        FailedSamples(0, KIND["status"], 404, 1, at, at),
        FailedSamples(0, KIND["status"], 503, 1, at, at),
        FailedSamples(0, KIND["extract"], 0, 1, at, at),
        FailedSamples(1, KIND["timeout"], 0, 1, at, at),
    ]


def test_what_failed_by_its_status_and_came_without_a_code_is_the_rest() -> None:
    batch = second(3, *[(0, "status")] * 3, statuses=[(0, 404, 1), (0, "status", 0, 2)])
    at = START + 3 * S
    assert list(tally_of((batch, 0)).of({0})) == [
        FailedSamples(0, KIND["status"], 0, 2, at, at),
        FailedSamples(0, KIND["status"], 404, 1, at, at),
    ]


def test_phases_are_joined_and_others_left_out() -> None:
    tally = tally_of(*((second(number, (2, "dns")), phase) for number, phase in ((7, 1), (2, 0), (5, 0), (9, 2))))
    (both,) = tally.of({0, 1})
    assert (both.count, both.first - START, both.last - START) == (3, 2 * S, 7 * S)
    assert [failed.count for failed in tally.of({2})] == [1]
    assert list(tally.of({3})) == []


def test_iterations_and_successes_are_not_failures() -> None:
    quiet = batch_of(1, 0, Stretch(0, 0, S, [(0, "", MS)], other=[iteration_time(STEPS, MS)], statuses=[(0, 200, 1)]))
    assert list(tally_of((quiet, 0), (second(1), 0)).of({0})) == []


KINDS_SEEN = st.sampled_from(["", "status", "connect", "assertion:status_code"])
SECONDS = st.lists(st.tuples(st.integers(0, 5), st.lists(st.tuples(st.integers(0, 2), KINDS_SEEN), max_size=8)))


@given(SECONDS, st.randoms(use_true_random=False))
def test_the_order_of_batches_does_not_matter(seconds: list[tuple[int, list[tuple[int, str]]]], random: Random) -> None:
    batches = [(second(number, *samples), 0) for number, samples in seconds]
    shuffled = list(batches)
    random.shuffle(shuffled)
    assert list(tally_of(*batches).of({0})) == list(tally_of(*shuffled).of({0}))
    expected = sum(kind != "" for _, samples in seconds for _, kind in samples)
    assert sum(failed.count for failed in tally_of(*batches).of({0})) == expected


ADDITIONS = st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=30), max_size=8)


@given(ADDITIONS)
def test_it_counts_as_a_counter_does(additions: list[list[tuple[int, int]]]) -> None:
    tally: KeyedCounts[int] = KeyedCounts()
    expected: Counter[int] = Counter()
    for addition in additions:
        rows = tally.rows_of(key for key, _ in addition)
        tally.add(rows, np.array([count for _, count in addition], dtype=np.int64))
        for key, count in addition:
            expected[key] += count
    assert {key: count for key, _, count in tally.entries()} == {key: count for key, count in expected.items() if count}
    assert [tally[key] for key in range(70)] == [expected[key] for key in range(70)]
