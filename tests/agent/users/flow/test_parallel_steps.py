"""Simultaneous steps of one user: each counts, the user counts once, and no stop leaves one behind."""

from typing import Any

import pytest
from agent_harness import MS, Reply, S, UserHarness, counter, kinds, user_time

from gradual_agent.http.request import HttpRequest
from gradual_common.protocol.batch import TRANSACTION

ACTIONS = {name: {"url": f"/{name}"} for name in "abcd"} | {
    "token": {"url": "/token", "extract": {"t": "json: t"}},
    "use": {"url": "/use/{{ t }}/{{ response.time_ms | int }}"},
    "dice": {"url": "/dice/{{ random_int(1, 1000000) }}"},
}
DELAYS = {"/a": 30 * MS, "/b": 10 * MS, "/c": 20 * MS, "/d": 50 * MS}


def answer(request: HttpRequest) -> Reply:
    return Reply(delay=DELAYS.get(request.target, 10 * MS), body=b'{"t": "secret"}')


def performed(behavior: list[Any], until: int = S, script: Any = answer, **group: Any) -> UserHarness:
    harness = UserHarness({"behavior": behavior, "iterations": 1, **group}, ACTIONS, script)
    harness.start()
    harness.run_until(until)
    return harness


def test_all_are_sent_at_once_and_the_next_step_comes_after_the_last_of_them() -> None:
    harness = performed([{"parallel": ["a", "b", "c"], "think_time": "100ms"}, "d"])
    assert harness.sent == [(0, "/a"), (0, "/b"), (0, "/c"), (130, "/d")]
    batch = harness.seal()
    assert kinds(batch, 4) == {(n, ""): 1 for n in range(4)}
    assert user_time(batch)[:3] == [180 * MS, 80 * MS, 100 * MS], "one user in a request, not three"
    assert harness.recorder.begun == counter(batch, "sent") == 4


def test_no_more_than_its_connections_are_in_flight_and_they_go_in_order() -> None:
    harness = performed([{"parallel": ["a", "b", "c", "d"], "connections": 2}])
    assert harness.sent == [(0, "/a"), (0, "/b"), (10, "/c"), (30, "/d")]
    assert len(harness.engine.clients) == 3, "the user's own, whose cookies the lanes share, and one for each lane"


def test_lanes_are_used_again_in_the_next_iteration_and_closed_with_the_user() -> None:
    harness = performed([{"parallel": ["a", "b"]}], iterations=5)
    assert len(harness.engine.clients) == 3
    assert all(client.is_closed for client in harness.engine.clients)


def test_what_one_sets_is_seen_after_all_and_response_is_that_of_the_last_listed() -> None:
    harness = performed([{"parallel": ["token", "d", "b"]}, "use"])
    assert harness.paths[-1] == "/use/secret/10"


def test_steps_of_any_kind_may_be_simultaneous() -> None:
    steps = [
        {"transaction": "t", "steps": ["a", {"sleep": "100ms"}, "b"]},
        {"repeat": 2, "steps": ["c"]},
        {"parallel": ["d", "b"]},
    ]
    harness = performed([{"parallel": steps}, "a"])
    assert harness.sent == [(0, "/a"), (0, "/c"), (0, "/d"), (0, "/b"), (20, "/c"), (130, "/b"), (140, "/a")]
    histograms = harness.seal().histograms
    assert histograms.stats[histograms.keys[:, 1] == TRANSACTION][:, 2].tolist() == [40 * MS]


def test_a_wait_at_the_end_of_one_of_them_is_done() -> None:
    harness = performed(
        [{"parallel": ["a", {"sleep": "300ms"}, {"repeat": 2, "steps": ["b", {"sleep": "50ms"}]}]}, "c"]
    )
    assert harness.sent == [(0, "/a"), (0, "/b"), (60, "/b"), (300, "/c")]


def test_a_stop_ends_a_wait_at_the_end_of_one_of_them() -> None:
    harness = performed([{"parallel": ["a", {"sleep": "300ms"}]}, "c"], until=100 * MS)
    harness.stop(5 * S)
    assert harness.ended == [(0, 0, 0, False)]
    assert harness.paths == ["/a"]


def test_what_they_draw_does_not_depend_on_how_long_the_others_take() -> None:
    def paths(delay: int) -> list[str]:
        script = lambda r: Reply(delay=delay if r.target == "/a" else 10 * MS)  # noqa: E731
        harness = performed(
            [{"parallel": [{"repeat": 2, "steps": ["a", "dice"]}, {"repeat": 2, "steps": ["dice"]}]}], script=script
        )
        return sorted(path for path in harness.paths if path != "/a")

    assert paths(5 * MS) == paths(300 * MS)
    assert len(set(paths(5 * MS))) == 4


def test_one_that_fails_does_not_end_the_others_and_may_end_the_iteration() -> None:
    parallel = {"parallel": ["a", {"action": "b", "on_failure": "end_iteration"}]}
    harness = performed([parallel, "c"], script=lambda r: Reply(500 if r.target == "/b" else 200))
    assert harness.paths == ["/a", "/b"]
    assert kinds(harness.seal(), 3) == {(0, ""): 1, (1, "status"): 1}
    assert harness.ended == [(0, 0, 0, True)]


def test_a_transaction_around_them_fails_with_one_of_them() -> None:
    harness = performed(
        [{"transaction": "t", "steps": [{"parallel": ["a", "b"]}]}],
        script=lambda r: Reply(500 if r.target == "/b" else 200),
    )
    batch = harness.seal()
    (kind,) = [kind for _, step, kind in batch.cells.tolist() if step == harness.index.transactions[0].number]
    assert kind == harness.index.failures.numbers["status"]


def test_one_that_cannot_be_built_fails_at_once_and_the_user_goes_on() -> None:
    harness = performed([{"parallel": ["use", "use", "use"], "connections": 1}, "a"])
    assert harness.paths == ["/a"]
    assert sum(n for (_, kind), n in kinds(harness.seal(), 4).items() if kind == "template") == 3


def test_a_stop_lets_requests_in_flight_end_and_begins_no_more() -> None:
    harness = performed([{"parallel": ["a", "b", "c", "d"], "connections": 2}, "a"], until=5 * MS)
    harness.stop(5 * S)
    harness.run_until(S)
    assert harness.paths == ["/a", "/b"]
    assert harness.ended == [(0, 0, 0, False)]
    assert harness.active == harness.stopping == 0


@pytest.mark.parametrize("cuts", [False, True])
def test_all_in_flight_are_interrupted_when_the_time_is_over(cuts: bool) -> None:
    harness = performed([{"parallel": ["a", "b", {"repeat": 9, "steps": ["c"]}]}], script=lambda r: None, until=5 * MS)
    if cuts:
        harness.users.cut()
    else:
        harness.stop(50 * MS)
        harness.run_until(S)
    batch = harness.seal()
    assert harness.paths == ["/a", "/b", "/c"]
    assert (counter(batch, "interrupted"), counter(batch, "sent"), harness.recorder.begun) == (3, 3, 3)
    assert kinds(batch, 3) == {}
    assert user_time(batch)[1] == 5 * MS


def test_on_stop_may_use_the_lanes_again_after_an_interruption() -> None:
    harness = performed(
        [{"parallel": ["a", "b"]}],
        script=lambda r: Reply() if r.target in {"/c", "/d"} else None,
        until=5 * MS,
        on_stop=[{"parallel": ["c", "d"]}],
    )
    harness.stop(50 * MS)
    harness.run_until(S)
    assert harness.paths == ["/a", "/b", "/c", "/d"]
    batch = harness.seal()
    assert kinds(batch, 4) == {(2, ""): 1, (3, ""): 1}
    assert counter(batch, "interrupted") == 2
    assert harness.ended == [(0, 0, 0, False)]


def test_a_stop_wakes_one_that_waits() -> None:
    slow = {"transaction": "t", "steps": ["b", {"sleep": "9s"}, "b"]}
    harness = performed([{"parallel": [slow, "a"]}], until=100 * MS)
    harness.stop(5 * S)
    assert harness.ended == [(0, 0, 0, False)]
    assert harness.paths == ["/b", "/a"]


def test_the_end_of_a_lease_makes_the_user_begin_its_iteration_anew() -> None:
    harness = performed([{"parallel": ["a", "b"]}, "c"], until=0, script=lambda r: Reply(delay=10 * MS))
    harness.engine.lease_ends_at = 0
    harness.run_until(15 * MS)
    assert harness.paths[:3] == ["/a", "/b", "/c"]
