"""What this version lacks is refused by name and line, once, also when more is wrong with it."""

from typing import Any

import pytest
from plan_samples import mistakes, only_mistake, small


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"config__ramp_up": "find_capacity"}, "find_capacity"),
        ({"config__ramp_config": {"strategy": "find_capacity"}}, "find_capacity"),
    ],
)
def test_it_is_refused_by_name(changes: dict[str, Any], name: str) -> None:
    found = [problem for problem in mistakes(small(**changes)) if "cannot read" not in problem]
    assert [problem for problem in found if f"{name} is not supported yet" in problem] == found
    assert len(found) == 1


def test_it_is_refused_with_its_line() -> None:
    text = "users: [{name: a, concurrency: 1, behavior: [b]}]\nactions: {b: {url: /}}\n"
    text += "config:\n  base_url: http://x\n  duration: 1m\n  ramp_up: find_capacity\n"
    assert only_mistake(text).startswith("p.yaml:6: config.ramp_up: find_capacity is not supported yet")


def test_going_on_after_a_failure_is_the_default_and_may_be_said() -> None:
    (found,) = mistakes(small(users__0__behavior__0={"action": "look", "on_failure": "continue"}, x=1))
    assert found.startswith(
        "p.yaml: x: unknown key 'x' (allowed: config, users, actions, include, profiles, services, "
    )
