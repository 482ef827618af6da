"""Failures are counted by what went wrong and by when, in whatever order batches come."""

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from raw_run import MS, START, S, Stretch, batch_of, iteration_time

from gradual_common.kinds.failures import KIND
from gradual_common.protocol.batch import Batch
from gradual_master.results.merging.failure_tally import Failed, FailureTally

STEPS = 3


def tally_of(*batches: tuple[Batch, int]) -> FailureTally:
    """Each batch with the phase that all its frames belong to."""
    tally = FailureTally()
    for batch, phase in batches:
        tally.add(batch, tally.lay_out(batch, [phase] * len(batch.frames), STEPS))
    return tally


def second(number: int, *samples: tuple[int, str], statuses: Any = ()) -> Batch:
    stretch = Stretch(0, number * S, (number + 1) * S, [(step, kind, MS) for step, kind in samples], statuses=statuses)
    return batch_of(number + 1, number, stretch)


def test_only_a_status_is_told_apart_by_its_code() -> None:
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
        Failed(0, KIND["status"], 404, 1, at, at),
        Failed(0, KIND["status"], 503, 1, at, at),
        Failed(0, KIND["extract"], 0, 1, at, at),
        Failed(1, KIND["timeout"], 0, 1, at, at),
    ]


def test_what_failed_by_its_status_and_came_without_a_code_is_the_rest() -> None:
    batch = second(3, *[(0, "status")] * 3, statuses=[(0, 404, 1), (0, "status", 0, 2)])
    at = START + 3 * S
    assert list(tally_of((batch, 0)).of({0})) == [
        Failed(0, KIND["status"], 0, 2, at, at),
        Failed(0, KIND["status"], 404, 1, at, at),
    ]


def test_phases_are_joined_and_others_left_out() -> None:
    tally = tally_of(*((second(number, (2, "dns")), phase) for number, phase in ((7, 1), (2, 0), (5, 0), (9, 2))))
    (both,) = tally.of({0, 1})
    assert (both.count, both.first - START, both.last - START) == (3, 2 * S, 7 * S)
    assert [failed.count for failed in tally.of({2})] == [1]
    assert list(tally.of({3})) == []


def test_iterations_and_successes_are_no_failures() -> None:
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
