"""A document is seen as groups, steps and actions, however wrong it is."""

from typing import Any

import pytest
from plan_samples import small

from gradual_common.language.document import Document
from gradual_common.language.plan_view import PlanView, read_count, total


def view(root: dict[str, Any]) -> PlanView:
    return PlanView(Document(root, "p"))


def test_groups_and_steps_are_found_with_their_places() -> None:
    seen = view(small(users__1__on_start=["look"]))
    assert [(group.name, group.concurrency) for group in seen.groups] == [("a", 6), ("b", 4)]
    assert [(step.path, step.name) for step in seen.groups[1].steps] == [
        (("users", 1, "on_start", 0), "look"),
        (("users", 1, "behavior", 0), "look#2"),
        (("users", 1, "behavior", 1), "post"),
    ]
    assert seen.users == 10


@pytest.mark.parametrize(
    "root",
    [
        {},
        {"users": 5, "config": [], "actions": "x", "data": 1},
        {"users": [None, 5, {"behavior": [None, {"action": 5}, []]}], "actions": {"a": None}},
    ],
)
def test_nothing_is_too_wrong_to_be_looked_at(root: dict[str, Any]) -> None:
    seen = view(root)
    assert all(group.steps == () for group in seen.groups)
    assert seen.phases == []
    assert all(action == {} for action in seen.actions.values())


def test_the_most_users_of_a_group_are_those_of_its_largest_phase() -> None:
    seen = view(small(config__phases=[{"users": {"a": 9}}, {}]))
    assert [seen.most_users(group) for group in seen.groups] == [9, 4]
    assert seen.mix({"users": {"a": 1}}) == [1, 4]


def test_a_concurrency_that_cannot_be_read_is_unknown() -> None:
    seen = view(small(users__0__concurrency="many"))
    assert seen.users is None
    assert seen.most_users(seen.groups[0]) is None


@pytest.mark.parametrize(
    ("value", "count"), [(5, 5), ("5", 5), (5.0, 5), (0, 0), (-1, None), (True, None), ("x", None)]
)
def test_counts_are_read_or_unknown(value: Any, count: int | None) -> None:
    assert read_count(value) == count


def test_a_sum_is_known_when_all_of_it_is() -> None:
    assert total([1, 2]) == 3
    assert total([1, None]) is None
