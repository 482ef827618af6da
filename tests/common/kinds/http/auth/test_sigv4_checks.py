"""`auth.sigv4`: mistakes in it, each with its place; its keys are never shown."""

from typing import Any

import pytest
from plan_samples import load, mistakes, only_mistake, small

from gradual_common.plan.confidential import first_confidential
from gradual_common.protocol.job import mask_of

SIGV4 = {"service": "execute-api", "region": "eu-central-1", "access_key": "AK-1", "secret_key": "hunter2-x"}


def plan(**changes: Any) -> dict[str, Any]:
    return small(actions__look__auth={"sigv4": {**SIGV4, **changes}})


def test_all_settings_may_be_templates() -> None:
    texts = dict.fromkeys((*SIGV4, "session_token"), "{{vu.slot}}-{{secrets.K}}")
    load({**plan(**texts), "secrets": {"K": {"env": "K"}}}, environ={"K": "hunter2-x"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"service": "Execute API"},
            "look.auth.sigv4.service: a service is small letters, digits and - (as it is in the",
        ),
        ({"region": "eu_central_1"}, "look.auth.sigv4.region: a region is small letters, digits and -"),
        ({"secret_key": "hunter2-x\n"}, "look.auth.sigv4.secret_key: it holds a blank or a line end"),
        ({"access_key": " AK"}, "look.auth.sigv4.access_key: it holds a blank or a line end"),
        ({"session_token": ""}, "look.auth.sigv4.session_token: the text is empty"),
        ({"secret_key": 4711}, "look.auth.sigv4.secret_key: this is not text"),
        ({"secret": "hunter2-x"}, "look.auth.sigv4.secret: unknown key 'secret'"),
        ({"access_key": "{{nobody}}"}, "'{{nobody}}' reads 'nobody', which nothing sets"),
    ],
)
def test_a_mistake_has_its_place_and_what_is_allowed(changes: dict[str, Any], message: str) -> None:
    found = only_mistake(plan(**changes))
    assert message in found
    assert "hunter2" not in found


def test_what_is_needed_is_named() -> None:
    found = mistakes(small(actions__look__auth={"sigv4": {"service": "s3"}}))
    assert len(found) == 3
    for key in ("region", "access_key", "secret_key"):
        assert any(f"{key} is missing" in text for text in found), found


@pytest.mark.parametrize("header", ["X-Amz-Date", "x-amz-security-token", "Authorization"])
def test_a_header_that_the_signature_writes_is_a_mistake(header: str) -> None:
    found = only_mistake({**plan(), "config": {**plan()["config"], "headers": {header: "x"}}})
    assert f"config.headers.{header}: 'look' has auth" in found
    assert "which writes this header" in found


def test_a_hash_of_ones_own_is_allowed() -> None:
    load({**plan(), "config": {**plan()["config"], "headers": {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}}})


def test_the_keys_are_confidential_and_the_scope_is_not() -> None:
    job = load(plan()).job
    assert first_confidential(job).startswith("actions.look.auth.sigv4.")
    shown = mask_of(job).hide_text("hunter2-x execute-api eu-central-1")
    assert shown == "*** execute-api eu-central-1"
