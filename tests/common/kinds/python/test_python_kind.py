"""`python: NAME` in a plan: its form, its arguments and variables, and every mistake in them with its place."""

import sys
from pathlib import Path
from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.kinds.causes import label_of
from gradual_common.kinds.python.kind import PythonSpec
from gradual_common.plan.model.plan import Plan
from gradual_common.protocol.job import all_credentials


def with_action(action: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The small plan, whose action `post` is a Python action."""
    return small(actions__post=action, **changes)


@pytest.mark.parametrize("name", ["my_actions:settle", "a.b.c:d", "settle", "settle-2", "größe:zahl"])
def test_the_key_implies_the_kind_and_nothing_is_imported(name: str) -> None:
    modules = set(sys.modules)
    spec = load(with_action({"python": name, "args": {"n": 2}, "sets": ["total"]})).plan.actions["post"]
    assert isinstance(spec, PythonSpec)
    assert (spec.kind, spec.python, spec.address, spec.args) == ("python", name, name, {"n": 2})
    assert spec.variables == {"total"}
    assert name.partition(":")[0] not in {*sys.modules} - modules


def test_agents_read_the_same_plan(tmp_path: Path) -> None:
    loaded = load(with_action({"python": "m:c", "args": {"n": "{{ vu.slot }}"}}))
    assert Plan.model_validate(loaded.job.document) == loaded.plan


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"python": "a b"}, "python: 'a b' names no code; write module:coroutine, or the name of an installed action"),
        ({"python": "./a.py:settle"}, "write the module without .py: ./a:settle"),
        ({"python": "a.py:settle"}, "python: 'a.py:settle' names no code"),
        ({"python": "a:b:c"}, "python: 'a:b:c' names no code"),
        ({"python": ""}, "python: '' names no code"),
        ({"python": 1}, "python: text is expected; found 1"),
        ({"kind": "python"}, "python is missing"),
        ({"python": "m:c", "url": "/"}, "url: unknown key 'url'"),
        ({"python": "m:c", "args": {"a-b": 1}}, "'a-b' is no name of an argument in Python; use letters, digits and _"),
        ({"python": "m:c", "args": {"class": 1}}, "'class' is no name of an argument in Python"),
        ({"python": "m:c", "args": {"n": "{{ nobody }}"}}, "reads 'nobody', which nothing sets"),
        ({"python": "m:c", "sets": ["a-b"]}, "templates cannot name 'a-b'"),
        ({"python": "m:c", "sets": ["response"]}, "'response' is a name that every template has already"),
        (
            {"python": "m:c", "assertions": [{"response_time": "< 1s"}]},
            'assertions: a Python action has no assertions: its code reads its own responses (call user.fail("why"))',
        ),
        ({"python": "m:c", "extract": {"a": "json: a"}}, "extract: a Python action has no extractions"),
    ],
)
def test_every_mistake_is_found_where_it_is(action: dict[str, Any], message: str) -> None:
    assert message in "\n".join(mistakes(with_action(action)))


def test_a_mistake_has_its_line() -> None:
    text = "config: {base_url: 'http://x', duration: 1m}\nusers: [{name: a, concurrency: 1, behavior: [b]}]\n"
    text += "actions:\n  b:\n    python: b.py:c\n"
    assert only_mistake(text) == (
        "p.yaml:5: actions.b.python: 'b.py:c' names no code; write module:coroutine, or the name of an installed"
        " action; write the module without .py: b:c"
    )


def test_templates_of_later_steps_read_what_the_code_sets() -> None:
    plan = with_action({"python": "m:c", "sets": ["total"]}, actions__look__url="/{{ total }}")
    plan["users"][0]["behavior"] = ["post", "look"]
    assert load(plan).plan.actions["look"].url == "/{{ total }}"


def test_passwords_among_the_arguments_are_not_shown() -> None:
    loaded = load(with_action({"python": "m:c", "args": {"password": "sesame-9", "n": 1}}))
    assert "sesame-9" in all_credentials(loaded.job)[1]


@pytest.mark.parametrize(
    ("detail", "label"),
    [
        ("KeyError: 'token' (my_actions.py:12)", "KeyError in Python code"),
        ("CancelledError (my_actions.py:12)", "CancelledError in Python code"),
        ("balance is off: 3", "Python action failed"),
    ],
)
def test_failures_are_labelled_by_what_the_code_raised(detail: str, label: str) -> None:
    assert label_of("python", detail) == label
