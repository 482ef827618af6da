"""The key `auth`: whose setting an action uses, and mistakes in it, each with its place and a hint."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.errors import PlanError
from gradual_common.kinds.http.settings import inherit
from gradual_common.plan.confidential import first_confidential
from gradual_common.plan.model.series import SeriesIndex
from gradual_common.plan.reading.overrides import Overrides

TOKEN = {"bearer": "abc"}
OAUTH2 = {"token_url": "https://idp.example/token", "client_id": "load", "client_secret": "geheim-2"}
BASIC = {"basic": {"username": "amy", "password": "geheim-1"}}


def auth_of(plan: dict[str, Any], action: str) -> Any:
    """What an action uses, as a mapping."""
    loaded = load(plan).plan
    spec: Any = loaded.actions[action]
    auth = inherit(loaded.config_of(spec), spec).auth
    return None if auth is None else auth.model_dump(exclude_none=True)


def with_service(auth: Any, **changes: Any) -> dict[str, Any]:
    """The small plan, whose action `post` goes to a service with authentication."""
    return small(services={"ledger": {"auth": auth}}, actions__post__service="ledger", **changes)


def test_an_actions_own_authentication_comes_first_then_the_services_then_that_of_the_config() -> None:
    plan = with_service(BASIC, config__auth=TOKEN)
    assert (auth_of(plan, "look"), auth_of(plan, "post")) == (TOKEN, BASIC)
    assert auth_of(with_service(BASIC, actions__post__auth={"bearer": "own"}), "post") == {"bearer": "own"}


def test_the_times_of_the_fetches_of_a_login_are_a_metric() -> None:
    plan = with_service({"oauth2": OAUTH2}, config__auth={"oauth2": {**OAUTH2, "metric": "tokens"}})
    plan["thresholds"] = ["p95(metric=ledger_token) < 300"]
    assert [(row.name, row.type, row.unit) for row in SeriesIndex.of(load(plan).plan).metrics] == [
        ("tokens", "histogram", "ms"),
        ("ledger_token", "histogram", "ms"),
    ]


def test_an_action_and_a_login_cannot_record_the_same_metric() -> None:
    plan = with_service({"oauth2": OAUTH2}, actions__look__record={"ledger_token": {"json": "total"}})
    assert "services.ledger.auth.oauth2: the metric 'ledger_token' is recorded by the action 'look'" in only_mistake(
        plan
    )


def test_a_profile_with_another_scheme_removes_that_of_the_plan() -> None:
    plan = with_service({"oauth2": OAUTH2}, profiles={"staging": {"services": {"ledger": {"auth": TOKEN}}}})
    with pytest.raises(PlanError, match="found bearer and oauth2; null removes one in a profile"):
        load(plan, Overrides(profile="staging"))
    plan["profiles"]["staging"]["services"]["ledger"]["auth"] = {**TOKEN, "oauth2": None}
    loaded: Any = load(plan, Overrides(profile="staging")).plan
    assert loaded.services["ledger"].auth.bearer == "abc"


def test_none_turns_off_that_of_the_service() -> None:
    assert auth_of(with_service(BASIC, actions__post__auth="none"), "post") is None


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ({}, "auth has one scheme; there is none (allowed: basic, bearer"),
        (
            {**TOKEN, **BASIC},
            "auth has one scheme; found basic and bearer; null removes one in a profile (allo",
        ),
        ("abc", 'auth is none, or a mapping with a scheme, such as {bearer: "{{token}}"}'),
        (5, "auth is none, or a mapping with a scheme"),
        ({"baisc": {}}, "unknown key 'baisc' (did you mean 'basic'?)"),
        ({"basic": {"username": "amy"}}, "password is missing"),
        ({"basic": {"username": "amy", "password": 4711}}, "this is not text; put it into quotes"),
        ({"basic": {"username": "", "password": ""}}, "the text is empty"),
        ({"basic": {"username": "a:b", "password": ""}}, "a user name of Basic holds no colon"),
        ({"basic": {"username": "a", "pasword": "x", "password": ""}}, "unknown key 'pasword'"),
        (
            {"oauth2": {**OAUTH2, "token_url": "/token"}},
            "the address of a token endpoint is absolute (write https://HOST",
        ),
        ({"oauth2": {**OAUTH2, "token_url": "https://idp:99999/token"}}, "port"),
        ({"oauth2": {**OAUTH2, "token_url": "https://i dp/token"}}, "a character that is not allowed in a host name"),
        ({"oauth2": {**OAUTH2, "token_url": "https://idp/token\nx"}}, "line end"),
        (
            {"oauth2": {**OAUTH2, "token_url": "https://amy:x@idp/token"}},
            "the address of a token endpoint has a user name in it (leave it out: client_id",
        ),
        ({"oauth2": {**OAUTH2, "per": "group"}}, "'group' is not allowed; allowed: 'agent' or 'user'"),
        ({"oauth2": {**OAUTH2, "client_secret": "{{secrets.NO}}"}}, "secrets has no 'NO'"),
        ({"digest": {"username": "a"}}, "password is missing"),
        ({"bearer": "Bearer {{vu.slot}}"}, "a token holds no blank (write the token alone; `Bearer` is put before it)"),
        ({"bearer": ["x"]}, "text is expected, such as"),
        ({"bearer": "{{nobody}}"}, "'{{nobody}}' reads 'nobody', which nothing sets"),
        ({"bearer": "{{ 1 +"}, "is not a valid template"),
    ],
)
def test_a_mistake_has_its_place_and_what_is_allowed(auth: Any, message: str) -> None:
    for plan, place in ((small(actions__look__auth=auth), "actions.look.auth"), (with_service(auth), "ledger.auth")):
        found = only_mistake(plan)
        assert f"{place}" in found
        assert message in found


def test_a_mistake_never_shows_what_may_be_secret() -> None:
    for auth in ("s3cr3t-x", {"bearer": ["s3cr3t-x"]}, {"basic": {"username": "a", "password": ["s3cr3t-x"]}}):
        assert "s3cr3t-x" not in only_mistake(small(actions__look__auth=auth))
    assert "31337" not in only_mistake(small(actions__look__auth={"bearer": 31337}))


def test_a_template_in_the_address_of_a_token_endpoint_is_no_mistake() -> None:
    for address in ("https://{{vu.slot}}.example:{{vu.slot}}/t", "{{vu.slot}}/t", "https://h/{{vu.slot}} x"):
        load(small(actions__look__auth={"oauth2": {**OAUTH2, "token_url": address}}))


def test_a_mistake_has_its_line() -> None:
    text = "config: {base_url: 'http://x', duration: 1m}\nusers: [{name: a, concurrency: 1, behavior: [b]}]\n"
    text += "actions:\n  b:\n    url: /\n    auth:\n      basic: {username: 'a:b', password: x}\n"
    assert only_mistake(text).startswith("p.yaml:7: actions.b.auth.basic.username: a user name of Basic holds no colon")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"actions__post__headers": {"authorization": "x"}}, "actions.post.headers.authorization"),
        ({"services__ledger__headers": {"Authorization": "x"}}, "services.ledger.headers.Authorization"),
        ({"config__headers": {"Authorization": "x"}}, "config.headers.Authorization"),
    ],
)
def test_a_header_beside_it_is_a_mistake(changes: dict[str, Any], place: str) -> None:
    assert only_mistake(with_service(TOKEN, **changes)) == (
        f"p.yaml: {place}: 'post' has auth, which writes this header "
        "(leave one of them out, or write auth: none for the action)"
    )
    load(with_service("none", **changes))
    load(with_service(TOKEN, actions__post__auth="none", **changes))


def test_credentials_in_the_url_beside_it_are_a_mistake() -> None:
    for changes in ({"config__base_url": "http://amy:x@h"}, {"actions__post__url": "http://{{vu.slot}}:x@h/"}):
        assert "'post' has auth, and a user name in its URL" in only_mistake(with_service(TOKEN, **changes))


def test_a_group_reads_only_the_authentication_that_its_actions_use() -> None:
    """A group that only logs in needs no token, though its service has one."""
    extract = {"token": "json: token"}
    plan = with_service({"bearer": "{{token}}"}, actions__look={"url": "/", "auth": "none", "service": "ledger"})
    plan["actions"]["look"]["extract"] = extract
    load(plan)
    assert len(mistakes(with_service({"bearer": "{{token}}"}))) == 1


def test_what_authenticates_is_confidential() -> None:
    for auth, place in ((TOKEN, "bearer"), (BASIC, "basic.password")):
        assert first_confidential(load(small(actions__look__auth=auth)).job) == f"actions.look.auth.{place}"
    assert first_confidential(load(small(actions__look__auth={"oauth2": OAUTH2})).job).endswith("oauth2.client_secret")
    templates = {"basic": {"username": "{{vu.slot}}", "password": "{{vu.slot}}"}}
    assert first_confidential(load(small(actions__look__auth=templates)).job) == ""


@pytest.mark.parametrize(("changes", "place"), [({"auth": {}}, "auth"), ({"users__0__auth": {}}, "users.a.auth")])
def test_in_a_wrong_place_the_right_ones_are_named(changes: dict[str, Any], place: str) -> None:
    assert f"{place}: unknown key 'auth' (it belongs in config, or in an entry of actions" in only_mistake(
        small(**changes)
    )
