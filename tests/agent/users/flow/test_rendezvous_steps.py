"""Users wait at a place until the fleet opens it, their time is over, or they must end."""

from typing import Any

import pytest
from agent_harness import MS, S, UserHarness, user_time

from gradual_common.kinds.failures import KINDS
from gradual_common.protocol.batch import TRANSACTION
from gradual_common.protocol.messages import Waiting

BEHAVIOR: list[Any] = [{"transaction": "t", "steps": ["a", {"rendezvous": "peak", "users": 5, "timeout": "2s"}, "b"]}]
ACTIONS = {name: {"url": f"/{name}"} for name in "ab"}


def rows(harness: UserHarness) -> dict[tuple[str, str], int]:
    batch, names = harness.seal(), {series.number: series.name for series in harness.index.transactions}
    cells = zip(batch.cells.tolist(), batch.requests.tolist(), strict=True)
    assert (batch.histograms.keys[:, 1] == TRANSACTION).any() or not names
    return {(names[step], KINDS[kind]): count for (_, step, kind), count in cells if step in names}


def waiting(*ordinals: int) -> UserHarness:
    harness = UserHarness({"behavior": BEHAVIOR, "iterations": 1}, ACTIONS)
    for ordinal in ordinals:
        harness.start(ordinal)
    harness.run_until(500 * MS)
    return harness


def test_all_go_on_together_when_the_place_is_opened() -> None:
    harness = waiting(0, 1, 2)
    assert harness.paths == ["/a"] * 3
    assert harness.places.reports() == (Waiting(0, 0, 3),)
    harness.places.open([1])
    harness.run_until(S)
    assert harness.sent[3:] == [(500, "/b")] * 3
    assert rows(harness) == {("peak", ""): 3, ("t", ""): 3}
    assert harness.places.reports() == (Waiting(0, 1, 0),)


def test_a_user_goes_on_alone_when_its_time_is_over_and_that_is_counted() -> None:
    harness = waiting(0)
    harness.run_until(5 * S)
    assert harness.sent == [(0, "/a"), (2010, "/b")]
    batch = harness.seal()
    assert user_time(batch)[1:3] == [20 * MS, 2 * S]
    assert harness.places.reports() == (Waiting(0, 0, 0),)


def test_the_wait_fails_neither_the_transaction_around_it_nor_counts_in_its_time() -> None:
    harness = waiting(0)
    harness.run_until(5 * S)
    assert rows(harness) == {("peak", "timeout"): 1, ("t", ""): 1}


@pytest.mark.parametrize("cuts", [False, True])
def test_a_user_that_ends_does_not_wait_any_more(cuts: bool) -> None:
    harness = waiting(0, 1)
    harness.users.cut() if cuts else harness.stop(5 * S, ordinal=1)
    left = 0 if cuts else 1
    assert harness.places.reports() == (Waiting(0, 0, left),)
    harness.places.open([1])
    harness.run_until(5 * S)
    assert harness.paths == ["/a", "/a"] + ["/b"] * left
    assert user_time(harness.seal())[1] == (2 + left) * 10 * MS
