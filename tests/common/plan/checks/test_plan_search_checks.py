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


def test_a_multiplier_beyond_all_measure_raises_to_the_maximum() -> None:
    loaded = load(small(**search(multiplier=1e308)))
    assert loaded.schedule.searched is not None
    assert loaded.schedule.searched.climb == (2, 10)


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
        (
            {"objectives": ["p95 < 5ms", "max < 5ms"]},
            "p.yaml: config.ramp_up.objectives[1]: 'max < 5ms' cannot decide a search for capacity: its value depends "
            "on how long a level lasts",
        ),
        (
            {"objectives": ["p95 < 5ms at 4 users"]},
            "p.yaml: config.ramp_up.objectives[0]: 'p95 < 5ms at 4 users' cannot decide a search for capacity: it "
            "judges the level in force: leave `at`, `for` and `over` out",
        ),
        (
            {"objectives": ["agent.cpu < 80%"]},
            "p.yaml: config.ramp_up.objectives[0]: 'agent.cpu < 80%' cannot decide a search for capacity: give a limit "
            "for the system",
        ),
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


def test_an_objective_of_a_phase_is_named_by_its_place() -> None:
    last = {"name": "peak", "duration": "1h", "ramp_up": {**SEARCH, "objectives": ["max < 5ms"]}}
    found = only_mistake(small(config__duration=None, config__phases=[{"name": "one", "duration": "1m"}, last]))
    assert found.startswith("p.yaml: config.phases.peak.ramp_up.objectives[0]: 'max < 5ms' cannot decide")


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ("max < 5ms", "'max < 5ms' cannot decide a search for capacity"),
        ("p95(lok) < 5ms", "there is no action 'lok'"),
        ("p95 < 5", "'p95 < 5': p95 is a time"),
    ],
)
def test_settings_may_be_written_beside_the_strategy(objective: str, message: str) -> None:
    apart = {"config__ramp_up": "find_capacity", "config__ramp_config": {"objectives": [objective]}}
    found = only_mistake(small(**apart))
    assert found.startswith("p.yaml: config.ramp_config.objectives[0]: ")
    assert message in found


@pytest.mark.parametrize("at", ["at 2 users", "at 7 users", "at 10 users", "at <= 3 users", "at 7 users for 1m"])
def test_what_does_not_decide_may_be_about_any_level_that_may_be_tried(at: str) -> None:
    rule = f"p95 < 1s {at}"
    load(small(**search(), thresholds=["error_rate < 1%", {"rule": rule, "severity": "warn"}]))
    load(small(**search(objectives=["p95 < 2s"]), thresholds=[rule]))


@pytest.mark.parametrize("at", ["at 1 users", "at 11 users", "at <= 1 users"])
def test_a_level_that_no_search_tries_is_refused(at: str) -> None:
    found = only_mistake(small(**search(objectives=["p95 < 2s"]), thresholds=[f"p95 < 1s {at}"]))
    assert f"no measured level has {at[3:]}; the search tries 2 to 10 users" in found


def test_levels_of_other_phases_are_named_beside_those_of_the_search() -> None:
    phases = [{"name": "one", "duration": "1m"}, {"name": "peak", "duration": "1h", "ramp_up": SEARCH}]
    rules = ["error_rate < 1%", {"rule": "p95 < 1s at 1 users", "severity": "warn"}]
    found = only_mistake(small(config__duration=None, config__phases=phases, thresholds=rules))
    assert "no measured level has 1 users; there are 10, and the search tries 2 to 10 users" in found


def test_objectives_of_a_search_that_nothing_can_meet_together_are_refused() -> None:
    found = only_mistake(small(**search(objectives=["p95 < 1s", "throughput > 5/s", "throughput < 4/s"])))
    assert found.startswith(
        "p.yaml: config.ramp_up.objectives[2]: 'throughput < 4/s' contradicts 'throughput > 5/s' "
        "(config.ramp_up.objectives[1]): nothing can meet both"
    )
    load(small(**search(objectives=["p95 < 1s"]), thresholds=["p95 > 2s"]))  # One is of a level, one of the run.


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
