"""Iterations that use up a row: users wait for it, take it once, and end when there is none."""

from dataclasses import replace
from typing import Any

import pytest
from agent_harness import MS, S, UserHarness, user_time

from gradual_agent.coordination.supplies import AgentSupplies
from gradual_agent.users.flow.dealt_rows import WithRows
from gradual_common.plan.model.plan import DataSet
from gradual_common.protocol.messages import DealtBlock

ACTIONS = {"look": {"url": "/{{ item.id }}"}, "bye": {"url": "/bye"}}


class RowHarness(UserHarness):
    """Users of one group, whose rows come when the test says so."""

    def __init__(self, on_exhausted: str = "stop", **group: Any) -> None:
        super().__init__({"behavior": [{"action": "look", "think_time": "1s"}], **group}, ACTIONS)
        self.all = AgentSupplies(lambda: None)
        self.supply = self.all.declare([(0, "item")])[0, "item"]
        self.kept: list[tuple[int, str, Any]] = []
        data = DataSet.model_validate({"file": "items.csv", "per": "iteration", "on_exhausted": on_exhausted})

        def keep(ordinal: int, name: str, row: dict[str, Any]) -> None:
            self.kept.append((ordinal, name, row["id"]))

        [behaviour] = self.behaviours
        self.behaviours = [
            replace(behaviour, body=WithRows(behaviour.body, {"item": (data, self.supply)}, keep)),
        ]
        self._number = 0

    def give(self, *ids: int, exhausted: bool = False) -> None:
        """A block comes."""
        self._number += 1
        self.all.receive(DealtBlock(0, "item", self._number, 0, 0, tuple({"id": each} for each in ids), exhausted))
        self._do_what_is_due()


def test_each_iteration_takes_the_next_row() -> None:
    harness = RowHarness()
    harness.start()
    harness.give(1, 2, 3)
    harness.run_until(2500 * MS)
    assert harness.sent == [(0, "/1"), (1010, "/2"), (2020, "/3")]
    assert harness.kept == [(0, "item", 1), (0, "item", 2), (0, "item", 3)]


def test_users_share_the_rows_of_their_agent() -> None:
    harness = RowHarness()
    for ordinal in range(3):
        harness.start(ordinal)
    harness.give(*range(6))
    harness.run_until(1500 * MS)
    assert sorted(harness.paths) == [f"/{number}" for number in range(6)]


def test_a_user_without_a_row_thinks_until_one_comes() -> None:
    harness = RowHarness()
    harness.start()
    harness.run_until(700 * MS)
    assert harness.sent == []
    assert harness.active == 1
    harness.give(1)
    harness.run_until(705 * MS)
    assert harness.sent == [(700, "/1")]
    active, requesting, thinking, _ = user_time(harness.seal())
    assert (active, requesting, thinking) == (705 * MS, 5 * MS, 700 * MS)


def test_users_that_wait_get_the_rows_that_come_in_their_order() -> None:
    harness = RowHarness()
    for ordinal in range(3):
        harness.start(ordinal)
    harness.give(1)
    harness.run_until(100 * MS)
    harness.give(2, 3)
    harness.run_until(200 * MS)
    assert harness.kept == [(0, "item", 1), (1, "item", 2), (2, "item", 3)]


def test_when_no_row_is_left_the_slot_ends_for_good_after_on_stop() -> None:
    harness = RowHarness(on_stop=["bye"])
    harness.start(ordinal=4, tenure=2)
    harness.give(1, exhausted=True)
    harness.run_until(3 * S)
    assert harness.paths == ["/1", "/bye"]
    assert harness.ended == [(0, 4, 2, True)]
    assert harness.aborts == []


def test_users_that_wait_end_when_no_row_will_come() -> None:
    harness = RowHarness()
    for ordinal in range(3):
        harness.start(ordinal)
    harness.give(exhausted=True)
    harness.run_until(MS)
    assert sorted(harness.ended) == [(0, ordinal, 0, True) for ordinal in range(3)]


def test_the_run_ends_if_the_plan_says_so() -> None:
    harness = RowHarness("abort")
    harness.start()
    harness.give(1, exhausted=True)
    harness.run_until(1500 * MS)
    assert harness.aborts == ["the rows of 'item' (items.csv) are used up in the group 'g0'"]
    assert harness.ended == []


@pytest.mark.parametrize("hands_over", [False, True])
@pytest.mark.parametrize("stop_at", ["request", "iteration"])
def test_a_stop_or_a_hand_over_ends_the_wait_for_a_row(hands_over: bool, stop_at: str) -> None:
    harness = RowHarness(stop_at=stop_at)
    harness.start()
    harness.run_until(100 * MS)
    harness.stop(5 * S, hands_over=hands_over)
    assert harness.ended == [(0, 0, 0, False)]
    harness.give(1)
    harness.run_until(S)
    assert harness.sent == []
    assert harness.supply.used == 0


def test_a_user_that_is_stopped_before_its_turn_leaves_its_row_to_the_next_one() -> None:
    harness = RowHarness()
    for ordinal in range(2):
        harness.start(ordinal)
    harness.supply.receive(DealtBlock(0, "item", 1, 0, 0, ({"id": 1},)))
    harness.users._users[0, 0].stop(5 * S)
    harness.run_until(S)
    assert harness.ended == [(0, 0, 0, False)]
    assert harness.kept == [(1, "item", 1)]


def test_a_cut_ends_the_wait_and_the_next_user_takes_the_row() -> None:
    harness = RowHarness()
    harness.start()
    harness.users.cut()
    assert harness.active == 0
    harness.start(ordinal=1)
    harness.give(1)
    harness.run_until(S)
    assert harness.kept == [(1, "item", 1)]


def test_a_failed_iteration_has_used_its_row() -> None:
    harness = RowHarness(behavior=[{"action": "look", "condition": "missing.x", "on_failure": "end_iteration"}])
    harness.start()
    harness.give(1, 2)
    harness.run_until(S)
    assert harness.supply.used == 2
