"""No message about a mistake shows a secret of a plan, an option or a file."""

from pathlib import Path
from typing import Any

import pytest
from plan_samples import load, mistakes, small

from gradual_common.errors import PlanError
from gradual_common.plan.loader import PlanSource, load_plan
from gradual_common.plan.reading.overrides import Overrides

HIDDEN = "hunter2"
LONG = HIDDEN + "x" * 100


@pytest.mark.parametrize(
    "changes",
    [
        {"secrets": HIDDEN},
        {"secrets": [HIDDEN]},
        {"secrets__KEY": HIDDEN},
        {"secrets__KEY": [HIDDEN]},
        {"secrets__KEY": {"env": HIDDEN}},
        {"secrets__KEY": {"env": [HIDDEN]}},
        {"secrets__KEY": {"file": HIDDEN}},
        {"secrets__KEY": {"value": HIDDEN}},
        {"secrets__KEY": {HIDDEN: None}},
        {"secrets__KEY": {"env": f"${{{HIDDEN}"}},
        {"actions__look__headers": {"Authorization": [HIDDEN]}},
        {"actions__look__headers": {"Authorization": f"{HIDDEN}\n"}},
        {"actions__look__headers": {"Authorization": f"{HIDDEN}{{{{ x }}"}},
        {"actions__look__headers": {"Authorization": f"{HIDDEN}{{{{ unknown }}}}"}},
        {"actions__look__body": f'{{"password": "{HIDDEN}", "x": "{{{{ unknown }}}}"}}'},
        {"actions__look__url": f"ftp://me:{HIDDEN}@host"},
        {"config__base_url": f"https://me:{HIDDEN}@host?x"},
        {"config__base_url": f"https://me:{HIDDEN}@ho st"},
        {"config__duration": f"https://me:{HIDDEN}@host"},
        {"config__name": {"a": HIDDEN}},
    ],
)
def test_no_credential_is_in_a_message(changes: dict[str, Any]) -> None:
    found = mistakes(small(**changes))
    assert HIDDEN not in "\n".join(found), found


@pytest.mark.parametrize(
    "changes",
    [
        {"config__duration": LONG},
        {"config__think_time": LONG},
        {"config__ramp_up": LONG},
        {"config__ramp_up": "{" + LONG},
        {"config__phases": [{"name": LONG, "duration": LONG}]},
        {"config__base_url": LONG},
        {"config__seed": int("9" * 300)},
        {"config__name": int("9" * 300)},
        {"users__0__concurrency": LONG},
        {"users__0__stop_at": LONG},
        {"users__0__behavior__0": LONG},
        {"users__0__behavior__0__condition": "{{ " + LONG + " }}"},
        {"users__0__behavior__0__success_rate": LONG},
        {"actions__look__method": LONG},
        {"actions__look__url": LONG},
        {"actions__look__url": "/{{ " + LONG + " "},
        {"actions__look__timeout": LONG},
        {"actions__look__extract": {"a": LONG}},
        {"actions__look__extract": {"a": "json: [" + LONG}},
        {"actions__look__extract": {"a": "regex: (" + LONG}},
        {"actions__look__assertions": {"status_code": LONG}},
        {"actions__look__assertions": {"body_size": LONG}},
        {"actions__look__assertions": {"json": "[" + LONG}},
        {"actions__look__assertions": {LONG: 1}},
        {"thresholds": [LONG]},
        {"thresholds": [f"p95({LONG}) < 5s"]},
        {LONG: 1},
    ],
)
def test_a_message_shows_at_most_forty_characters_of_what_it_found(changes: dict[str, Any]) -> None:
    for problem in mistakes(small(**changes)):
        assert "x" * 41 not in problem
        assert "9" * 41 not in problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"user,password\nalice,{HIDDEN}\n",
         "f.csv:1: this is not a plan: a plan is a mapping with config, users and actions; found text"),
        (f"- user: alice\n  password: {HIDDEN}\n",
         "f.csv:1: this is not a plan: a plan is a mapping with config, users and actions; found a list"),
        (f"apiVersion: v1\nkind: Secret\ndata: {{password: {HIDDEN}}}\n",
         "f.csv:1: this is not a plan: it has no config, users or actions; its first key is 'apiVersion'"),
        (f"confg: {{name: {HIDDEN}}}\n",
         "f.csv:1: this is not a plan: it has no config, users or actions; its first key is 'confg' "
         "(did you mean 'config'?)"),
        (f"PASSWORD={HIDDEN}\nX: [a\n",
         "f.csv:1: this is not a plan, and not YAML (a colon is missing after the key on line 1)"),
    ],
)  # fmt: skip
def test_of_a_file_that_is_no_plan_its_name_and_first_key_are_shown(text: str, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        load_plan(PlanSource("f.csv", text=text))
    assert [str(problem) for problem in caught.value.problems] == [message]


@pytest.mark.parametrize(
    "overrides",
    [
        Overrides(sets=(("config.headers.Authorization", f"[{HIDDEN}"),)),
        Overrides(sets=(("actions.look.headers.Authorization", f"[{HIDDEN}]"),)),
        Overrides(sets=(("secrets.KEY", HIDDEN),)),
        Overrides(base_url=f"ftp://me:{HIDDEN}@host"),
    ],
)
def test_no_credential_of_an_option_is_in_a_message(overrides: Overrides) -> None:
    assert HIDDEN not in "\n".join(mistakes(small(), overrides))


@pytest.mark.parametrize(("name", "content"), [
    ("rows.csv", f'user,password\nalice,{HIDDEN},"more\n'),
    ("rows.csv", f"{LONG},{LONG}\n"),
    ("rows.json", f'[{{"password": "{HIDDEN}"}}, x]'),
    ("rows.json", f'{{"password": "{HIDDEN}"}}'),
    ("rows.jsonl", f'{{"password": "{HIDDEN}"\n'),
    ("rows.jsonl", f'"{HIDDEN}"\n'),
])  # fmt: skip
def test_no_row_of_a_data_file_is_in_a_message(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    found = mistakes(small(users__0__data={"user": name}), folder=tmp_path)
    assert f'{HIDDEN}"' not in "\n".join(found)
    assert "x" * 41 not in "\n".join(found)


@pytest.mark.parametrize(
    ("changes", "overrides", "credentials"),
    [
        ({"actions__look__headers": {"Authorization": "Bearer ${T}"}}, {"T": "abcd"}, {"abcd"}),
        ({"actions__look__url": "/${API_TOKEN}"}, {"API_TOKEN": "abcd"}, {"abcd"}),
        ({"actions__look__url": "/${N}"}, {"N": "abcd"}, set()),
        ({"actions__look__headers": {"Authorization": "${T}"}}, {"T": "abc"}, set()),
        ({"actions__look__body": {"pin": "${P:-9876}"}}, {}, {"9876"}),
    ],
)
def test_what_variables_bring_to_a_credentials_place_is_known(
    changes: dict[str, Any], overrides: dict[str, str], credentials: set[str]
) -> None:
    assert set(load(small(**changes), Overrides(env=overrides)).job.credentials) == credentials


def test_what_is_set_under_a_telling_path_is_known() -> None:
    sets = (("actions.look.headers.X-Api-Key", "abcd"), ("config.name", "wxyz"), ("actions.look.query.token", "5"))
    assert load(small(), Overrides(sets=sets)).job.credentials == ("abcd",)
