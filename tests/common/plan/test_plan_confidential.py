"""What authenticates is found wherever a plan holds it, and named; a plan is shown without it, and else as it is."""

from pathlib import Path
from typing import Any

import pytest
import trustme
from plan_samples import load, small

from gradual_common.plan.confidential import first_confidential, plan_for_display
from gradual_common.plan.reading.overrides import Overrides
from gradual_common.plan.scheduling import compile_schedule
from gradual_common.rules.parser import parse_rule

CLIENT = trustme.CA().issue_cert("agent@example.org")
CHAIN, KEY = CLIENT.cert_chain_pems[0].bytes(), CLIENT.private_key_pem.bytes()


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    for name, content in {"c.pem": CHAIN, "k.pem": KEY, "both.pem": CHAIN + KEY}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "entry"),
    [
        ({"secrets": {"KEY": {"env": "KEY"}}}, "secrets"),
        ({"setup": ["login"], "actions__login": {"url": "/", "extract": {"token": "json: token"}}}, "setup"),
        ({"config__tls": {"cert": "c.pem", "key": "k.pem"}}, "config.tls.key"),
        ({"actions__look__tls": {"cert": "c.pem", "key": "k.pem"}}, "actions.look.tls.key"),
        ({"actions__look__tls": {"cert": "both.pem"}}, "actions.look.tls.cert"),
        (
            {
                "config__tls": {"cert": "c.pem", "key": "k.pem", "passphrase": "hunter2"},
                "config__base_url": "http://a:b@h",
            },
            "config.base_url",
        ),
        ({"config__tls": {"passphrase": "hunter2"}}, "config.tls.passphrase"),
        ({"actions__look__url": "http://me:hunter2@h/"}, "actions.look.url"),
        ({"actions__look__url": "/x?api_key=hunter2"}, "actions.look.url"),
        ({"config__headers": {"Authorization": "Bearer hunter2"}}, "config.headers.Authorization"),
        ({"actions__look__headers": {"Cookie": "a=1; sid=hunter2"}}, "actions.look.headers.Cookie"),
        ({"actions__look__headers": {"X-Api-Key": "hunter2"}}, "actions.look.headers.X-Api-Key"),
        ({"actions__look__query": {"token": "hunter2"}}, "actions.look.query.token"),
        ({"actions__post__body": {"user": {"password": "hunter2"}}}, "actions.post.body.user.password"),
        ({"actions__post__body": [{"password": ["hunter2"]}]}, "actions.post.body[0].password"),
        ({"actions__post__body": '{"password": "hunter2"}'}, "actions.post.body"),
        ({"actions__post__form": {"pin": 1234}, "actions__post__body": None}, "actions.post.form.pin"),
        ({"actions__look__headers": {"Authorization": "Bearer {{ 'hunter2' }}"}}, "actions.look.headers.Authorization"),
    ],
)
def test_what_authenticates_is_named(changes: dict[str, Any], entry: str, folder: Path) -> None:
    loaded = load(small(**changes), environ={"KEY": "s3cret"}, folder=folder)
    assert first_confidential(loaded.job) == entry


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"config__tls": {"ca": "c.pem", "cert": None, "verify": False}},
        {"actions__look__headers": {"Authorization": "Bearer {{vu.slot}}", "X-Trace": "hunter2"}},
        {"actions__post__body": {"username": "{{vu.slot}}", "password": "{{vu.slot}}"}},
        {"actions__look__extract": {"token": "json: data.token"}},
        {"actions__look__assertions": [{"json": {"path": "data.token", "==": "hunter2"}}]},
        {"config__name": "token=1 password reset"},
    ],
)
def test_what_does_not_is_let_through(changes: dict[str, Any], folder: Path) -> None:
    assert first_confidential(load(small(**changes), folder=folder).job) == ""


HIDDEN = "hunter2-x"
TWO = {"env": {"A_TOKEN": HIDDEN, "B_TOKEN": "other-9"}}


def test_a_plan_without_credentials_in_its_names_is_the_same() -> None:
    loaded = load(small(actions__look__headers={"Authorization": HIDDEN}))
    assert plan_for_display(loaded.plan, loaded.job) is loaded.plan


def test_names_urls_assertions_and_rules_are_shown_without_credentials() -> None:
    plan = small(
        config__name="run ${A_TOKEN}",
        config__base_url=f"https://me:{HIDDEN}@host",
        config__duration=None,
        config__phases=[{"name": "up ${A_TOKEN}", "duration": "1m", "users": {"a": 3}}],
        users__0__name="a",
        users__0__behavior__0={"action": "look", "name": "see-${A_TOKEN}"},
        actions__look__url="https://t0ken@other/${A_TOKEN}",
        actions__look__assertions=[{"header": "X-A: ${A_TOKEN}"}],
        thresholds=['p95(step="see-${A_TOKEN}") < 5s', {"rule": "error_rate < 5%", "name": "of ${A_TOKEN}"}],
    )
    loaded = load(plan, Overrides(**TWO))
    shown = plan_for_display(loaded.plan, loaded.job)
    assert HIDDEN not in str(shown.model_dump(exclude={"actions": {"look": {"assertions": {0: {"expected"}}}}}))
    assert shown.config.name == "run ***"
    assert shown.config.base_url == "https://***@host"
    assert shown.users[0].behavior[0].name == "see-***"
    assert shown.actions["look"].assertions[0].text == "header: X-A: ***"
    assert parse_rule(shown.thresholds[0].rule).scope.names("step") == ("see-***",)


def test_names_that_became_equal_are_numbered_and_the_schedule_stays() -> None:
    plan = small(users__0__name="${A_TOKEN}", users__1__name="${B_TOKEN}")
    loaded = load(plan, Overrides(**TWO))
    shown = plan_for_display(loaded.plan, loaded.job)
    assert [group.name for group in shown.users] == ["***", "***#2"]
    assert compile_schedule(shown).changes == compile_schedule(loaded.plan).changes
