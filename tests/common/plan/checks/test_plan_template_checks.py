"""Every name that a template or condition reads exists for the group that uses it."""

from pathlib import Path
from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small


def with_condition(condition: str) -> dict[str, Any]:
    return small(users__0__behavior__0={"action": "look", "condition": condition})


def test_a_missing_data_set_prints_the_line_to_add_once_per_group() -> None:
    plan = small(actions__look__url="/{{user.id}}/{{user['name']}}", actions__post__body={"a": "{{user.id}}"})
    found = mistakes(plan)
    assert len(found) == 2
    assert "users.a: the data set 'user' is missing" in found[0]
    assert "add to the group: data: {user: users.csv}     # columns id, name" in found[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/{{tokn}}", "reads 'tokn', which nothing sets (did you mean 'token'?)"),
        ("/{{vu.slots}}", "vu has no 'slots' (did you mean 'slot'?)"),
        ("/{{response.body}}", "response has no 'body'"),
        ("/{{responses.lok.status}}", "responses has no 'lok' (did you mean 'look'?)"),
        ("/{{secrets.KEY}}", "secrets has no 'KEY' (there are: none)"),
        ("/{{ vu.slot }", "is not a valid template"),
        ("/{% if x %}", "is not a valid template"),
    ],
)
def test_a_name_that_nothing_sets_is_reported_at_its_text(text: str, message: str) -> None:
    plan = small(actions__post__url=text, actions__look__extract={"token": "json: token"})
    found = only_mistake(plan)
    assert "actions.post.url: " in found
    assert message in found


@pytest.mark.parametrize(
    "text",
    [
        "/{{token}}",
        "/{{uuid()}}/{{random_int(1, 5)}}",
        "/{{vu.group}}/{{vu.slot}}/{{vu.tenure}}/{{vu.iteration}}",
        "/{% set x = 1 %}{{x}}",
        "/{{responses.look.json.id}}/{{responses.get('post')}}",
        "/{{response.time_ms}}",
    ],
)
def test_what_is_in_scope_may_be_read(text: str) -> None:
    plan = small(actions__post__url=text, actions__look__extract={"token": "json: token"})
    assert load(plan).plan.actions["post"].url == text


@pytest.mark.parametrize("condition", ["{{response.status == 'success'}}", "vu.iteration > 0", "{{ response.json.a }}"])
def test_conditions_have_braces_or_none(condition: str) -> None:
    assert load(with_condition(condition)).plan.users[0].behavior[0].condition == condition


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("response.status =", "is not a valid template"),
        ("response.state == 'error'", "response has no 'state'"),
        ("done", "reads 'done', which nothing sets"),
        ("{{a}} and {{b}}", "is not one expression"),
    ],
)
def test_conditions_are_checked(condition: str, message: str) -> None:
    found = only_mistake(with_condition(condition))
    assert "users.a.behavior[0].condition: " in found
    assert message in found


def test_templates_are_read_in_headers_assertions_queries_and_keys() -> None:
    plan = small(
        config__base_url="http://{{zero}}",
        config__headers={"X": "{{one}}"},
        actions__look__query={"{{two}}": ["{{three}}"]},
        actions__look__assertions=[{"body_contains": "{{four}}"}, {"body_matches": "a{{2}}"}],
        users__1__behavior=["post"],
    )
    found = "\n".join(mistakes(plan))
    assert [name for name in ("zero", "one", "two", "three", "four") if f"reads {name!r}" in found] == [
        "zero",
        "one",
        "two",
        "three",
        "four",
    ]
    assert "a{{2}}" not in found


def test_what_is_no_template_is_not_read_as_one() -> None:
    assert load(small(config__name="{{x}}")).plan.config.name == "{{x}}"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"actions__look__extract": {"response": "json: a"}}, "is a name that every template has already"),
        ({"actions__look__extract": {"a b": "json: a"}}, "templates cannot name 'a b'"),
        ({"users__0__data": {"vu": "u.csv"}}, "is a name that every template has already"),
        ({"data": {"my-users": "u.csv"}}, "templates cannot name 'my-users'"),
    ],
)
def test_variables_have_names_that_templates_can_use(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    (tmp_path / "u.csv").write_text("id\n" + "1\n" * 6)
    assert message in only_mistake(small(**changes), folder=tmp_path)


def test_only_the_data_that_a_group_reads_is_its_use(tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("id\n" + "1\n" * 4)
    loaded = load(small(data={"user": "u.csv"}, actions__post__url="/{{user.id}}"), folder=tmp_path)
    assert list(loaded.data) == [(1, "user")]


@pytest.mark.parametrize(
    "changes",
    [
        {"users__0__behavior__0": {"set": {"item": 1}}},
        {"users__0__behavior": [{"push": {"p": 1}}, {"pop": {"item": "p"}}]},
        {"actions__look": {"url": "/", "extract": {"item": "json: id"}}},
    ],
)
@pytest.mark.parametrize("place", ["data", "users__0__data"])
def test_a_variable_has_not_the_name_of_a_data_set(place: str, changes: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("id\n" + "1\n" * 9)
    found = mistakes(small(**{place: {"item": str(tmp_path / "items.csv")}, **changes}))
    assert [mistake for mistake in found if "'item' is the name of a data set; choose another one" in mistake], found
