"""A search for capacity is written where it can be made, with objectives that can decide."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.plan.reading.overrides import Overrides

SEARCH = {"strategy": "find_capacity", "initial": 2}


def search(**settings: Any) -> dict[str, Any]:
    return {"config__ramp_up": {**SEARCH, **settings}}


def test_it_takes_its_defaults_from_the_plan() -> None:
    ramp = load(small(config__ramp_up="find_capacity", thresholds=["p95 < 1s"])).plan.search
    assert ramp is not None
    assert (ramp.initial, ramp.factor, ramp.hold, ramp.settle, ramp.precision) == (1, 2.0, 30 * 10**9, 10**10, 0.05)


def test_an_increment_makes_it_additive() -> None:
    loaded = load(small(**search(increment=3)))
    assert loaded.schedule.searched is not None
    assert loaded.schedule.searched.climb == (2, 5, 8, 10)


def test_a_small_multiplier_raises_by_one_user_at_least() -> None:
    loaded = load(small(**search(multiplier=1.1)))
    assert loaded.schedule.searched is not None
    assert loaded.schedule.searched.climb == (2, 3, 4, 5, 6, 7, 8, 9, 10)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"multiplier": 2, "increment": 3}, "multiplier and increment are two ways to climb"),
        ({"climb": "additive"}, "climb: additive needs an `increment`"),
        ({"climb": "additive", "multiplier": 2}, "climb: additive needs an `increment`"),
        ({"climb": "multiplicative", "increment": 2}, "climb: multiplicative takes a `multiplier`"),
        ({"climb": "fast"}, "config.ramp_up.climb"),
        ({"initial": 0}, "config.ramp_up.initial: 0 must be above 0"),
        ({"initial": 5, "max_concurrency": 4}, "begins with 5 users, above its greatest level of 4"),
        ({"max_concurrency": 11}, "11 is above the 10 users"),
        ({"hold": "0s"}, "config.ramp_up.hold: '0s' must be above 0"),
        ({"precision": "100%"}, "config.ramp_up.precision"),
        ({"precision": 5}, "a share is written"),
        ({"objectives": ["p95 < 5"]}, "config.ramp_up.objectives[0]: "),
        ({"objectives": ["p95(lok) < 5ms"]}, "there is no action 'lok'"),
        ({"objectives": ["max < 5ms"]}, "its value depends on how long a level lasts"),
        ({"objectives": ["p95 < 5ms at 4 users"]}, "leave `at`, `for` and `over` out"),
        ({"objectives": ["agent.cpu < 80%"]}, "give a limit for the system"),
    ],
)
def test_settings_that_do_not_fit_are_mistakes(settings: dict[str, Any], message: str) -> None:
    assert message in only_mistake(small(**search(**settings)))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("count > 100", "its value depends on how long a level lasts"),
        ("p95 < 1s over levels", "leave `at`, `for` and `over` out"),
        ("p95 < 1s for 10s", "leave `at`, `for` and `over` out"),
        ("throughput == 5/s", "use < or >"),
        ("p95(phase=main) < 1s", "leave `phase` out"),
        ("p95(phase=*) < 1s", "leave `phase` out"),
    ],
)
def test_an_objective_that_cannot_decide_is_refused(rule: str, message: str) -> None:
    found = only_mistake(small(**search(), thresholds=["error_rate < 1%", rule]))
    assert "thresholds[1]" in found
    assert message in found


def test_warnings_and_the_health_of_agents_decide_nothing_and_may_be_anything() -> None:
    thresholds = [{"rule": "max < 5s", "severity": "warn"}, "agent.cpu.max < 90% for 10s", "capacity >= 5 users"]
    load(small(**search(), thresholds=thresholds))


def test_objectives_of_its_own_leave_the_thresholds_to_the_run() -> None:
    load(small(**search(objectives=["p95 < 1s"]), thresholds=["count > 100"]))


def test_a_capacity_needs_a_search() -> None:
    found = only_mistake(small(thresholds=["capacity >= 5 users"]))
    assert "no capacity is searched for; it needs `ramp_up: find_capacity`" in found


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("capacity >= 11 users", "the search goes up to 10 users: raise `max_concurrency`"),
        ("capacity > 10 users", "the search goes up to 10 users"),
        ("capacity < 8 users", "a search says how many users it holds at least: use >= or >"),
    ],
)
def test_a_capacity_that_no_search_can_find_is_refused(rule: str, message: str) -> None:
    assert message in only_mistake(small(**search(), thresholds=["p95 < 1s", rule]))
    load(small(**search(), thresholds=["p95 < 1s", "capacity >= 10 users"]))


def test_a_search_needs_an_objective() -> None:
    found = only_mistake(small(**search(), thresholds=[]))
    assert "find_capacity needs an objective that says when a level fails" in found
    load(small(**search(objectives=["p95 < 1s"]), thresholds=[]))
    load(small(**search(), thresholds=[], users__0__behavior=[{"action": "look", "success_rate": "99%"}]))


def test_it_needs_a_duration() -> None:
    assert any("duration is missing" in found for found in mistakes(small(config__duration=None, **search())))


def test_users_that_end_by_themselves_are_refused() -> None:
    found = only_mistake(small(**search(), users__1__iterations=3))
    assert "users.b.iterations: its users end after so many iterations" in found


def test_a_group_has_no_search_of_its_own() -> None:
    found = mistakes(small(users__0__ramp_up=SEARCH, users__1__ramp_up=SEARCH))
    assert sum("is of all users together" in problem for problem in found) == 2


def test_it_is_the_last_phase_and_no_warm_up() -> None:
    first = {"name": "one", "duration": "1m", "ramp_up": SEARCH}
    second = {"name": "two", "duration": "1m"}
    found = only_mistake(small(config__duration=None, config__phases=[first, second]))
    assert "config.phases.one.ramp_up: a search for capacity is the last phase" in found
    found = only_mistake(small(config__duration=None, config__phases=[second, {**first, "warm_up": True}]))
    assert "a warm-up is not measured" in found


def test_an_objective_that_decides_does_not_end_the_run() -> None:
    found = only_mistake(small(**search(), thresholds=[{"rule": "p95 < 1s", "abort": True}]))
    assert "find_capacity ends a level that breaks an objective by itself" in found
    load(small(**search(), thresholds=[{"rule": "agent.cpu < 95%", "abort": True}]))


def test_fewer_users_scale_the_search() -> None:
    loaded = load(small(**search(max_concurrency=8)), Overrides(users=5))
    assert loaded.schedule.searched is not None
    assert (loaded.schedule.searched.climb[0], loaded.schedule.searched.climb[-1]) == (1, 4)
