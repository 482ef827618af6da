"""What this version lacks is refused by name and line, once, also when more is wrong with it."""

from typing import Any

import pytest
from plan_samples import mistakes, only_mistake, small


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"config__ramp_up": "find_capacity"}, "find_capacity"),
        ({"config__ramp_config": {"strategy": "find_capacity"}}, "find_capacity"),
        ({"thresholds": ["p95 < 5s for 10s"]}, "`for` in an objective"),
        ({"thresholds": ["p95 < 5s over levels"]}, "`over` in an objective"),
        ({"thresholds": ["p95 < 5s at 100 users"]}, "`at … users` in an objective"),
        ({"thresholds": ["agent.cpu < 80%"]}, "`agent.cpu`: an objective on the agents"),
    ],
)
def test_it_is_refused_by_name(changes: dict[str, Any], name: str) -> None:
    found = [problem for problem in mistakes(small(**changes)) if "cannot read" not in problem]
    assert [problem for problem in found if f"{name} is not supported yet" in problem] == found
    assert len(found) == 1


def test_it_is_refused_with_its_line() -> None:
    text = "config: {base_url: 'http://x', duration: 1m}\nusers: [{name: a, concurrency: 1, behavior: [b]}]\n"
    text += "actions: {b: {url: /}}\nthresholds:\n  - p95 < 5s for 10s\n"
    assert only_mistake(text) == "p.yaml:5: thresholds[0]: `for` in an objective is not supported yet"


def test_going_on_after_a_failure_is_the_default_and_may_be_said() -> None:
    (found,) = mistakes(small(users__0__behavior__0={"action": "look", "on_failure": "continue"}, x=1))
    assert found.startswith(
        "p.yaml: x: unknown key 'x' (allowed: config, users, actions, include, profiles, services, "
    )
