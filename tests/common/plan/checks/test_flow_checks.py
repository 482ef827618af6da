"""Mistakes in the flow of a behaviour are found with their place and what is right."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small


def behaviour(*steps: Any) -> dict[str, Any]:
    return small(users__0__behavior=list(steps))


MEET = {"rendezvous": "peak", "users": 3, "timeout": "1s"}


@pytest.mark.parametrize(
    ("steps", "mistake"),
    [
        ([{"action": "look", "retry": {"attempts": 2, "on": ["conect"]}}], "retry.on[0]: there is no failure 'conect'"),
        ([{"action": "look", "retry": {"attempts": 2, "on": ["6x"]}}], "retry.on[0]: there is no failure '6x'"),
        ([{"action": "look", "retry": {"attempts": 1}}], "retry.attempts: 1 must be at least 2"),
        ([{"parallel": [{"action": "look", "think_time": "1s"}]}], "nobody waits after a step in parallel"),
        ([{"transaction": "t", "steps": [{"repeat": 1, "steps": [{"transaction": "t", "steps": ["look"]}]}]}],
         "the transaction 't' is inside itself"),
        ([{"while": "true", "steps": ["look"]}], "max is missing (the most passes, so that no user loops for ever"),
        ([{"while": "nobody", "max": 3, "steps": ["look"]}], "reads 'nobody', which nothing sets"),
        ([{"if": "1 +", "steps": ["look"]}], "is not a valid template"),
        ([{"set": {"vu": 1}}], "'vu' is a name that every template has already"),
        ([{"set": {"x-y": 1}}], "templates cannot name 'x-y'"),
        ([{"repeat": "5 times", "steps": ["look"]}], "'5 times' is no number of passes; write 5, \"2-5\", or an"),
        ([{"repeat": "2-", "steps": ["look"]}], "'2-' is no number of passes; write 5, "),
        ([{"while": "", "max": 3, "steps": ["look"]}], "while: the text is empty"),
        ([{"choose": {70: ["look"]}}], "a list is expected; found a mapping (branches are written choose: [{weight: "),
        ([{"choose": ["look"]}], "choose[0]: a mapping is expected; found 'look' (branches are written choose: ["),
        ([{"action": "look", "retry": 3}], "retry: a mapping is expected; found 3 (write {attempts: 3})"),
        ([{"choose": [{"weight": 0, "steps": ["look"]}]}], "every weight is 0, so no branch is ever chosen; give one"),
        ([{"if": "env.HOME == '/'", "steps": ["look"]}], "a variable of the environment is written ${HOME}, without"),
        ([{"rendezvous": "r", "users": 2}], "timeout is missing (the longest wait for the others, such as timeout: "),
        ([{"rendezvous": "r", "timeout": "1s"}], "users is missing (how many users go on together, such as users: 10)"),
        ([{"poll": "look", "until": "true", "every": "1s", "within": "5s", "retry": {"attempts": 2}}],
         "unknown key 'retry' (it belongs in a step with action)"),
        ([{"set": {"if": 1}}], "templates cannot read 'if': it is a word of their language"),
        ([{"set": {"None": 1}}], "templates cannot read 'None': it is a word of their language"),
        ([{"repeat": "5-2", "steps": ["look"]}], "'5-2': the lower number comes first"),
        ([{"repeat": 2.5, "steps": ["look"]}], "2.5 is no number of passes"),
        ([{"choose": [{"weight": -1, "steps": ["look"]}]}], "-1 must be at least 0"),
        ([{"choose": [{"weight": 0, "steps": ["look"]}]}], "every weight is 0"),
        ([{"poll": "look", "until": "true", "every": "1s"}], "within is missing"),
        ([{"poll": "nowhere", "until": "true", "every": "1s", "within": "5s"}], "behavior[0].poll: there is no action"),
        ([{"poll": "look", "until": "true", "every": "5s", "within": "5s"}],
         "behavior[0].every: every is not shorter than within, so the poll would ask only once"),
        ([{"transaction": "look", "steps": [{"poll": "look", "until": "true", "every": "1s", "within": "5s"}]}],
         "'look' is the name of a transaction too; a poll has a row of its own among them"),
        ([{"push": {"p": 1}}, {"pop": {"vu": "p"}}], "behavior[1].pop.vu: 'vu' is a name that every template has"),
        (["look", {"parallel": [MEET]}], "a rendezvous cannot be one of several simultaneous steps"),
        (["look", {**MEET, "users": 7}], "7 users can never be there: the groups that come have 6"),
        (["look", MEET, {**MEET, "users": 2}], "the place 'peak' waits for 3 users at another step"),
        ([{"transaction": "peak", "steps": ["look"]}, MEET], "'peak' is the name of a transaction too"),
    ],
)  # fmt: skip
def test_each_mistake_is_found(steps: list[Any], mistake: str) -> None:
    found = mistakes(behaviour(*steps))
    assert [problem for problem in found if mistake in problem], found
    assert len(found) == 1, found


@pytest.mark.parametrize(
    ("step", "warning"),
    [
        ({"repeat": 0, "steps": ["look"]}, "behavior[1].steps: never performed: the steps are repeated 0 times"),
        ({"choose": [{"weight": 1, "steps": []}, {"weight": 0, "steps": ["look"]}]},
         "behavior[1].choose[1]: never performed: the branch has the weight 0"),
        ({"transaction": "t{{ vu.slot }}", "steps": ["look"]},
         "behavior[1].transaction: 't{{ vu.slot }}' is shown as it is written: a name is no template (write a fixed"),
        ({"action": "look", "name": "l{{ vu.slot }}"}, "behavior[1].name: 'l{{ vu.slot }}' is shown as it is written"),
        ({"if": "false", "steps": ["look"]}, "behavior[1].if: never performed: if is always false"),
        ({"if": "1 < 2", "steps": ["look"], "else": ["look"]}, "behavior[1].else: never performed: if is always true"),
        ({"action": "look", "condition": "false"}, "behavior[1].condition: never performed: condition is always false"),
    ],
)  # fmt: skip
def test_what_is_probably_a_mistake_is_warned_about(step: Any, warning: str) -> None:
    assert [warning in str(problem) for problem in load(behaviour("look", step)).warnings] == [True]


def test_a_plan_with_all_of_it_has_no_mistake() -> None:
    steps = [
        {
            "action": "look",
            "retry": {"attempts": 2, "on": [503, "5xx", "assertion", "timeout"]},
            "on_failure": "end_user",
        },
        {"set": {"x": 1, "y": "{{ x + 1 }}"}},
        {"choose": [{"weight": 1, "steps": []}, {"weight": 2.5, "steps": [MEET]}], "by": "round"},
        {"transaction": "t", "steps": [{"parallel": ["look", {"while": "y > 1", "max": 2, "steps": ["look"]}]}]},
        {"poll": {"action": "look"}, "until": "response.json.done", "every": "1s", "within": "5s", "name": "job"},
    ]
    assert load(behaviour(*steps)).warnings == ()


def test_a_pool_that_is_popped_is_pushed_to() -> None:
    behavior = [{"push": {"orders": "{{ vu.slot }}"}}, {"pop": {"order": "order", "wait": "5s"}}, "look"]
    found = only_mistake(small(users__0__behavior=behavior))
    assert "nothing pushes to the pool 'order' (did you mean 'orders'?)" in found
    behavior[1] = {"pop": {"order": "orders"}}
    assert load(small(users__0__behavior=behavior)).warnings == ()


def test_a_pop_has_one_variable() -> None:
    behavior = [{"push": {"p": 1}}, {"pop": {"a": "p", "b": "p"}}, "look"]
    assert "pop has one variable and its pool" in only_mistake(small(users__0__behavior=behavior))
