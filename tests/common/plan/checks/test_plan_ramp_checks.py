"""Ramps fit their users and their time, and are written where they are allowed."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

ADDITIVE = {"strategy": "additive", "increment": 1, "interval": "5s"}
LINEAR = {"strategy": "linear"}


@pytest.mark.parametrize(
    ("ramp", "message"),
    [
        ({**ADDITIVE, "max_concurrency": 12}, "config.ramp_config.max_concurrency: 12 is above the 10 users"),
        ({**ADDITIVE, "interval": 0}, "config.ramp_config.interval: 0 must be above 0"),
        ({**ADDITIVE, "interval": "-5s"}, "config.ramp_config.interval: '-5s' must not be below 0"),
        ({**ADDITIVE, "increment": 0}, "config.ramp_config.increment: 0 must be above 0"),
        ({**ADDITIVE, "max": 5}, "config.ramp_config.max: unknown key 'max'"),
        ({"strategy": "additive", "interval": 1}, "config.ramp_config: increment is missing"),
        ({"strategy": "multiplicative", "multiplier": 1, "interval": 1}, "multiplier: 1 must be above 1"),
        ({"strategy": "multiplicative", "multiplier": "2x", "interval": 1}, "multiplier: '2x' is not a number"),
        ({"strategy": "exponential"}, "'exponential' is not a strategy"),
        ({**LINEAR, "initial": 11}, "config.ramp_config.initial: 11 is above the 10 users"),
        ({"strategy": "levels", "levels": [{"concurrency": 11}]}, "ramp_config.levels[0].concurrency: 11 is above"),
        ({"strategy": "levels", "levels": []}, "config.ramp_config.levels: at least 1 is needed"),
        (
            {"strategy": "levels", "levels": [{"concurrency": 1}, {"concurrency": 2}]},
            "config.ramp_config.levels: level 1 of 2 needs `for`",
        ),
    ],
)
def test_a_ramp_that_does_not_fit_is_reported_at_its_key(ramp: dict[str, Any], message: str) -> None:
    assert message in only_mistake(small(config__ramp_config=ramp))


def test_a_ramp_above_the_users_says_which_concurrency_to_raise() -> None:
    found = only_mistake(small(config__ramp_up={**ADDITIVE, "max_concurrency": 15}))
    assert found == (
        "p.yaml: config.ramp_up.max_concurrency: 15 is above the 10 users that there are (a 6, b 4) "
        "(raise the concurrency of a group by 5, or lower this)"
    )
    ramps = {"users__0__ramp_up": {**ADDITIVE, "max_concurrency": 7}, "users__1__ramp_up": "additive"}
    assert "raise the concurrency of a by 1" in only_mistake(small(**ramps))


def test_a_phase_is_measured_by_its_own_mix() -> None:
    phases = [{"name": "p", "duration": "1m", "users": {"a": 1}, "ramp": {**ADDITIVE, "max_concurrency": 10}}]
    plan = small(config__duration=None, config__phases=phases)
    assert "config.phases.p.ramp.max_concurrency: 10 is above the 5 users" in only_mistake(plan)


def test_either_all_groups_have_a_ramp_or_none() -> None:
    assert "users.b: group 'a' has a ramp of its own" in only_mistake(small(users__0__ramp_up="additive"))


def test_ramps_of_groups_exclude_one_of_the_config() -> None:
    plan = small(users__0__ramp_up="additive", users__1__ramp=LINEAR, config__ramp_config=ADDITIVE)
    assert "config.ramp_config: the groups have ramps of their own" in only_mistake(plan)


def test_ramps_of_groups_are_loaded() -> None:
    plan = load(small(users__0__ramp_up="additive", users__1__ramp=LINEAR)).plan
    assert [group.ramp.strategy for group in plan.users if group.ramp] == ["additive", "linear"]


@pytest.mark.parametrize("ramp", ["additive", "multiplicative", LINEAR])
def test_what_is_drawn_over_the_duration_needs_one(ramp: Any) -> None:
    plan = small(config__duration=None, users__0__iterations=1, users__1__iterations=1, config__ramp_up=ramp)
    assert "config.ramp_up:" in only_mistake(plan)
    assert "duration" in only_mistake(plan)


def test_a_plan_needs_a_user() -> None:
    assert "every concurrency is 0" in only_mistake(small(users__0__concurrency=0, users__1__concurrency=0))


def test_a_wrong_duration_hides_no_mistake_of_the_ramp() -> None:
    found = mistakes(small(config__duration="long", config__ramp_up={**ADDITIVE, "interval": 0}))
    assert len(found) == 2
