"""Mistakes in `setup` and `teardown` have their places; what set-up extracts is set nowhere else."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

LOGIN = {"url": "/login", "extract": {"token": "json: token"}}


def with_setup(**changes: Any) -> dict[str, Any]:
    return small(**{"setup": ["login"], "actions__login": LOGIN, **changes})


def test_steps_may_be_written_as_elsewhere_and_have_names_of_their_own() -> None:
    plan = load(with_setup(setup=["login", {"action": "look", "name": "look"}, "look"], teardown=["look"])).plan
    assert [step.name for step in plan.setup] == ["login", "look", "look#2"]
    assert [step.name for step in plan.teardown] == ["look"]


def test_what_the_set_up_extracts_is_read_by_users_the_teardown_and_later_steps() -> None:
    reading = {"url": "/x/{{token}}"}
    load(
        with_setup(actions__look=reading, setup=["login", "look"], teardown=[{"action": "look", "condition": "token"}])
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"setup": ["logn"]}, "setup[0].action: there is no action 'logn' (did you mean 'login'?"),
        ({"teardown": ["nothing"]}, "teardown[0].action: there is no action 'nothing'"),
        ({"setup": [{"action": "login", "naem": "x"}]}, "setup[0].naem: unknown key 'naem' (did you mean 'name'?)"),
        ({"setup": {}}, "setup: a list is expected; found a mapping"),
        ({"teardown": [3]}, "teardown[0]: a step is the name of an action or has"),
        ({"config__setup": ["login"]}, "config.setup: unknown key 'setup' (it belongs at the top of the plan)"),
        ({"users__0__teardown": []}, "users.a.teardown: unknown key 'teardown' (it belongs at the top of the plan)"),
        (
            {"setup": [{"action": "login", "success_rate": "99%"}]},
            "setup[0].success_rate: success_rate cannot be used in setup: any failure in it fails the run",
        ),
        (
            {"teardown": [{"action": "look", "on_failure": "continue"}]},
            "teardown[0].on_failure: on_failure cannot be used in teardown: a failure ends the set-up",
        ),
        ({"setup": [{"action": "login", "condition": "{{tokn}}"}]}, "setup[0].condition: '{{tokn}}' reads 'tokn'"),
        (
            {"users__0__behavior__0": "login"},
            "actions.login.extract.token: 'token' is set by setup, and all users read it: it is not set again "
            "(use another name, or another action in setup)",
        ),
        (
            {"users__0__behavior__0": {"set": {"token": 3}}},
            "users.a.behavior[0].set.token: 'token' is set by setup",
        ),
        (
            {"teardown": [{"repeat": 2, "steps": [{"set": {"token": 3}}]}]},
            "teardown[0].steps[0].set.token: 'token' is set by setup",
        ),
        ({"setup": ["login", {"if": "1 > 2", "steps": ["nothing"]}]}, "setup[1].steps[0].action: there is no action"),
        ({"teardown": ["login"]}, "actions.login.extract.token: 'token' is set by setup"),
        ({"thresholds": ["p95(step=login) < 1s"]}, "there is no step 'login'"),
        (
            {"setup": ["login", {"push": {"p": 1}}]},
            "setup[1]: setup has no pools: they belong to the users of one agent",
        ),
    ],
)
def test_a_mistake_is_found_with_its_place(changes: dict[str, Any], problem: str) -> None:
    assert problem in only_mistake(with_setup(**changes))


def test_a_data_set_cannot_have_the_name_of_what_the_set_up_extracts() -> None:
    found = mistakes(with_setup(users__0__data={"token": "x.csv"}))
    assert any("users.a.data.token: 'token' is set by setup" in problem for problem in found)


def test_set_up_and_teardown_have_no_rows() -> None:
    plan = with_setup(actions__login={"url": "/x/{{user.name}}"}, data={"user": "u.csv"})
    problem = "'/x/{{user.name}}' reads the data set 'user', but rows belong to users (setup and teardown have no rows)"
    assert any(problem in one for one in mistakes(plan))


def test_set_up_and_teardown_have_no_sequences() -> None:
    plan = with_setup(actions__login={"url": "/x/{{ sequence('a') }}"})
    problem = "reads a sequence, whose numbers belong to users (setup and teardown have no sequences)"
    assert any(problem in one for one in mistakes(plan))


def test_the_name_of_a_sequence_is_known_before_the_run() -> None:
    problem = "the name of a sequence is written as a text, as in sequence('invoice')"
    assert problem in only_mistake(with_setup(actions__login={"url": "/x/{{ sequence(vu.group) }}"}))


def test_the_line_of_a_mistake_is_that_of_the_step() -> None:
    text = "config: {base_url: 'http://x', duration: 1m}\nusers: [{name: a, concurrency: 1, behavior: [b]}]\n"
    text += "actions: {b: {url: /}}\nteardown:\n  - b\n  - c\n"
    assert only_mistake(text).startswith("p.yaml:6: teardown[1].action: there is no action 'c'")
