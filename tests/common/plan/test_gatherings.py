"""A place that never opens at the first level of a search is warned about."""

from typing import Any

import pytest
from plan_samples import load, small

PLACE = {"rendezvous": "doors", "users": 4, "timeout": "10s"}


def warnings(initial: int | None, *groups: int) -> list[str]:
    """Of two groups with 6 and 4 users, of which these come to the place."""
    ramp = "additive" if initial is None else {"strategy": "find_capacity", "initial": initial}
    changes: dict[str, Any] = {f"users__{group}__behavior": [PLACE, "look"] for group in groups}
    plan = small(config__duration="30m", config__ramp_up=ramp, **changes)
    assert [group["concurrency"] for group in plan["users"]] == [6, 4]
    return [str(warning) for warning in load(plan).warnings]


@pytest.mark.parametrize(("initial", "groups", "coming"), [(2, (0, 1), 2), (3, (0, 1), 3), (5, (0,), 3), (8, (1,), 3)])
def test_too_few_users_at_the_first_level_are_warned_about(initial: int, groups: tuple[int, ...], coming: int) -> None:
    (found,) = warnings(initial, *groups)
    group = "ab"[groups[0]]
    assert found.startswith(
        f"p.yaml: users.{group}.behavior[0].users: 4 users wait for each other, but of the {initial} "
    )
    assert f"of the first level only {coming} come here: each waits 10s, and goes on as a failure" in found
    assert found.endswith("(begin the search with more users: initial)")


@pytest.mark.parametrize(("initial", "groups"), [(4, (0, 1)), (8, (0,)), (1, (1,)), (2, ())])
def test_a_place_that_opens_at_every_level_is_not(initial: int, groups: tuple[int, ...]) -> None:
    assert warnings(initial, *groups) == []


def test_without_a_search_the_load_rises_by_itself() -> None:
    assert warnings(None, 0, 1) == []
