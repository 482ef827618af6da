"""Pools: each value is taken once, in the order of its coming."""

import pytest
from agent_harness import MS, S, UserHarness, kinds, user_time

from gradual_agent.users.shared import pools
from gradual_agent.users.shared.pools import Pool
from gradual_common.errors import PoolError

ACTIONS = {"look": {"url": "/{{ x }}"}, "wait": {"url": "/wait"}}


def test_values_come_out_in_their_order() -> None:
    pool = Pool("p")
    for value in "abc":
        pool.push(value)
    assert [pool.pop() for _ in "abc"] == ["a", "b", "c"]
    with pytest.raises(PoolError, match="the pool 'p' is empty"):
        pool.pop()


def test_a_full_pool_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "MAX_VALUES", 2)
    pool = Pool("p")
    pool.push(1)
    pool.push(2)
    with pytest.raises(PoolError, match="the pool 'p' is full: 2 values"):
        pool.push(3)


def popper(wait: str = "5s") -> UserHarness:
    group = {"behavior": [{"pop": {"x": "xs", "wait": wait}}, "look"], "iterations": 1}
    pusher = {"behavior": [{"push": {"xs": "{{ vu.iteration }}"}}, {"action": "wait", "think_time": "1s"}]}
    return UserHarness([group, pusher], ACTIONS)


def test_a_user_waits_for_a_value_and_thinks_meanwhile() -> None:
    harness = popper()
    harness.start(group=0)
    harness.run_until(S)
    harness.start(group=1)
    harness.run_until(1005 * MS)
    assert (1000, "/0") in harness.sent
    assert user_time(harness.seal())[1:3] == [5 * MS, S]


def test_a_value_goes_to_the_user_that_waits_longest() -> None:
    harness = popper()
    for ordinal in range(2):
        harness.start(ordinal)
    harness.start(group=1)
    harness.run_until(1500 * MS)
    assert [path for _, path in harness.sent if path != "/wait"] == ["/0", "/1"]
    assert [end[1] for end in harness.ended] == [0, 1]


def test_a_pop_that_finds_nothing_in_time_is_a_failed_unsent_request() -> None:
    harness = popper("2s")
    harness.start()
    harness.run_until(3 * S)
    assert harness.sent == []
    assert harness.failures[0].kind == "data"
    assert ("data" in {kind for _, kind in kinds(harness.seal(), 9)}) is True


def test_a_stop_ends_the_wait_and_the_value_stays_for_the_next_user() -> None:
    harness = popper()
    harness.start(0)
    harness.stop(S)
    harness.start(group=1)
    harness.start(1)
    harness.run_until(500 * MS)
    assert [path for _, path in harness.sent if path != "/wait"] == ["/0"]


def test_simultaneous_steps_pass_values_to_each_other() -> None:
    slow = {"transaction": "t", "steps": [{"action": "wait"}, {"push": {"xs": "{{ 7 }}"}}]}
    steps = [{"parallel": [{"pop": {"x": "xs", "wait": "5s"}}, slow]}, "look"]
    harness = UserHarness([{"behavior": steps, "iterations": 1}], ACTIONS)
    harness.start()
    harness.run_until(S)
    assert [path for _, path in harness.sent] == ["/wait", "/7"]
    assert harness.failures == []
    assert harness.ended


def test_a_stop_in_simultaneous_steps_gives_a_value_back() -> None:
    group = {"behavior": [{"parallel": [{"pop": {"x": "xs", "wait": "50s"}}, "wait"]}, "look"], "iterations": 1}
    pusher = {"behavior": [{"push": {"xs": "{{ 7 }}"}}, "wait"], "iterations": 1}
    harness = UserHarness([group, pusher], ACTIONS)
    harness.start(0)
    harness.run_until(S)
    harness.stop(S)
    harness.run_until(2 * S)
    harness.start(group=1)
    harness.run_until(3 * S)
    assert "/7" not in [path for _, path in harness.sent], "who was stopped takes nothing"
    harness.start(1)
    harness.run_until(4 * S)
    assert [path for _, path in harness.sent if path != "/wait"] == ["/7"]
